/** Owns what every venue server of the sandbox is: a pure answer to a request, and a conversation over a socket. */
import type { Clock } from '../core/clock.ts'
import type { VenueName } from '../core/order.ts'
import type { Dice } from './chance.ts'
import type { FaultPoint, Faults } from './faults.ts'
import type { Market } from './market.ts'
import type { Views } from './views.ts'

export interface ServerRequest {
  method: string
  /** From the root, without the query. */
  path: string
  /** As it came over the wire, without `?`: signatures cover these very bytes. */
  query: string
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  body: string
}

export interface ServerReply {
  status: number
  headers: Readonly<Record<string, string>>
  /** Becomes JSON on its way out. */
  body: unknown
}

/** The server's end of a socket. */
export interface Peer {
  /** A reply or a frame of this account; `on` says which faults it is open to. */
  send(body: unknown, on: FaultPoint, account: string | null): void
  /** A WebSocket ping. */
  beat(): void
  close(code: number, reason: string): void
}

/** One accepted socket. */
export interface Conversation {
  receive(text: string): void
  /** The accounts it is logged in to. */
  accounts(): readonly string[]
  closed(): void
}

export interface VenueServer {
  readonly venue: VenueName
  /** Which faults a path is open to. */
  pointOf(path: string): FaultPoint
  handle(request: ServerRequest): ServerReply
  /** The venue's own body and headers for a failure. */
  failure(status: number, retryAfterMs: number): ServerReply
  /** Whether a socket can be opened at this path. */
  takesSocketAt(path: string): boolean
  /** Null where the venue has no socket. */
  converse: ((peer: Peer) => Conversation) | null
}

/** A request that only a trader sends: the daemon must never make one. */
export interface Violation {
  venue: VenueName
  account: string | null
  what: string
  /** The venue's time, ms. */
  at: number
}

export interface ServerDeps {
  market: Market
  views: Views
  faults: Faults
  dice: Dice
  clock: Clock
  /** The venue's clock, ms. */
  venueNow: () => number
  violated: (violation: Violation) => void
}

/** Query parameters, decoded; a name that comes twice keeps its last value. */
export const queryOf = (query: string): URLSearchParams => new URLSearchParams(query)

/** A bucket of `capacity` units that refills evenly within `windowMs`. */
export interface Bucket {
  /** Takes `weight` if it is there; else the wait in ms until it is. */
  take(weight: number): number
}

export function createBucket(capacity: number, windowMs: number, clock: Clock): Bucket {
  let level = capacity
  let at = clock.monotonic()
  return {
    take(weight) {
      const now = clock.monotonic()
      level = Math.min(capacity, level + ((now - at) * capacity) / windowMs)
      at = now
      if (weight > level) return Math.ceil(((weight - level) * windowMs) / capacity)
      level -= weight
      return 0
    },
  }
}
