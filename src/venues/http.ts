/** Owns what may leave the process over HTTP and what may come back: the guard, the size limits, the venue's clock. */
import type { Clock } from '../core/clock.ts'
import type { Budget } from './budget.ts'
import type { VenueClock } from './venue-clock.ts'

export interface WireRequest {
  method: 'GET' | 'POST'
  url: string
  headers: Readonly<Record<string, string>>
  body: string | null
}

/** Header names are lower case. `body` is the whole body, already under the size limit. */
export interface WireResponse {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

export interface WireLimits {
  timeoutMs: number
  maxBodyBytes: number
}

/**
 * Real: undici. In the simulation: the sandbox in the same process. Rejects with a VenueError `later` on network
 * failure and time-out, `broken` where the body exceeds the limit.
 */
export type HttpTransport = (request: WireRequest, limits: WireLimits, signal: AbortSignal) => Promise<WireResponse>

/** A request that may leave. `path` is matched against the path without its query. */
export interface AllowRule {
  method: 'GET' | 'POST'
  path: RegExp
}

export interface ApiRequest {
  method: 'GET' | 'POST'
  /** From the root of the host, with any prefix the venue signs. */
  path: string
  /** Without `?`, already encoded: what is signed is what goes out, byte for byte. */
  query?: string
  /** Made after the budget let the request through, so that a signed timestamp is fresh. */
  headers?: () => Record<string, string>
  body?: string
  /** In units of the venue's budget. */
  weight: number
}

export interface ApiReply {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
  /** From the `Date` header, ms; null where there is none that can be believed. */
  venueTime: number | null
}

export interface HttpClientOptions {
  transport: HttpTransport
  clock: Clock
  baseUrl: string
  allow: readonly AllowRule[]
  budget: Budget
  venueClock: VenueClock
  limits: WireLimits
}

/** Throws ForbiddenRequestError for what is not allowed, VenueError for what failed; every HTTP status is a reply. */
export interface HttpClient {
  request(request: ApiRequest, signal: AbortSignal): Promise<ApiReply>
}
