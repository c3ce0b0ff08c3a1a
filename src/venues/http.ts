/** Owns what may leave the process over HTTP and what may come back: the guard, the size limits, the venue's clock. */
import { createRequire } from 'node:module'
import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import type { Budget } from './budget.ts'
import { ForbiddenRequestError, VenueError } from './errors.ts'
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

/** The client of one credential at one host. What is not on `allow` never reaches the budget, let alone the network. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { transport, clock, budget, venueClock, limits } = options
  const base = baseOf(options.baseUrl)
  const allowed = options.allow.map((rule) => ({ method: rule.method, path: wholly(rule.path) }))

  return {
    async request(request, signal) {
      refuseUnlessAllowed(request, allowed)
      await budget.take(request.weight, signal)
      const wire: WireRequest = {
        method: request.method,
        url: `${base}${request.path}${request.query ? `?${request.query}` : ''}`,
        headers: headersOf(request),
        body: request.body ?? null,
      }
      const response = await send(transport, wire, limits, signal)
      const venueTime = venueTimeOf(response, clock.wall())
      // Other failures may come from a proxy in between; 409 is how a venue refuses our clock, with its own in `Date`.
      const isFromVenue = (response.status >= 200 && response.status < 300) || response.status === 409
      if (venueTime !== null && isFromVenue) venueClock.learn(venueTime)
      return { status: response.status, headers: response.headers, body: response.body, venueTime }
    },
  }
}

const { version } = z.object({ version: z.string() }).parse(createRequire(import.meta.url)('../../package.json'))
/** Who we say we are, to every venue. */
export const USER_AGENT = `ordersync/${version}`

/** A path of ordinary segments: nothing that climbs, doubles a slash, hides one, or begins a query, fragment or host. */
const PLAIN_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w\-.~!$&'()*+,;=:@%]*)+$/
const HIDDEN = /\/\/|\.\.|%(?:2e|2f|5c|00|0a|0d|23|3f)/i
const PLAIN_QUERY = /^[\w\-.~!$&'()*+,;=:@%/?[\]]*$/

function refuseUnlessAllowed(request: ApiRequest, allowed: readonly AllowRule[]): void {
  const { method, path, query = '' } = request
  if (!PLAIN_PATH.test(path) || HIDDEN.test(path)) throw new ForbiddenRequestError(`${method}: not a plain path`)
  if (query.startsWith('?') || !PLAIN_QUERY.test(query))
    throw new ForbiddenRequestError(`${method} ${path}: not a plain query`)
  if (method === 'GET' && request.body !== undefined) throw new ForbiddenRequestError(`GET ${path}: with a body`)
  if (!allowed.some((rule) => rule.method === method && rule.path.test(path))) {
    throw new ForbiddenRequestError(`${method} ${path}: not on the allow-list`)
  }
}

// A rule that somebody forgot to anchor still allows nothing but the whole path.
const wholly = (pattern: RegExp): RegExp => new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gmy]/g, ''))

function baseOf(baseUrl: string): string {
  const url = new URL(baseUrl)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ForbiddenRequestError('a base URL carries no user, query or fragment')
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function headersOf(request: ApiRequest): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers?.() ?? {})) {
    // The value stays out of the message: it may be a key with a line break at its end.
    if (!/^[\w-]+$/.test(name) || /[^\t\x20-\x7e]/.test(value)) {
      throw new ForbiddenRequestError(`${request.method} ${request.path}: a header that cannot be sent`)
    }
    headers[name.toLowerCase()] = value
  }
  return { accept: 'application/json', ...headers, 'user-agent': USER_AGENT }
}

async function send(
  transport: HttpTransport,
  wire: WireRequest,
  limits: WireLimits,
  signal: AbortSignal,
): Promise<WireResponse> {
  signal.throwIfAborted()
  const response = await transport(wire, limits, signal).catch((error: unknown) => {
    signal.throwIfAborted()
    if (error instanceof VenueError) throw error
    // Whatever a transport says may quote the request, so its words stay behind.
    throw new VenueError('later', 'the request failed on its way')
  })
  if (Buffer.byteLength(response.body) <= limits.maxBodyBytes) return response
  throw new VenueError('broken', `the answer is longer than ${limits.maxBodyBytes} bytes`)
}

/** A `Date` further than this from our wall clock is a broken header; one that sat in a cache is of another time. */
const MAX_CLOCK_ERROR_MS = 366 * 86_400_000

function venueTimeOf(response: WireResponse, wall: number): number | null {
  const date = Date.parse(response.headers.date ?? '')
  const ageSeconds = Number(response.headers.age ?? '0')
  return Math.abs(date - wall) <= MAX_CLOCK_ERROR_MS && ageSeconds === 0 ? date : null
}
