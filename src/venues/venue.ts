/** The port that every venue fills: how to look, to ask, to look back, and to listen. Nothing in it can trade. */
import type { Chance, Clock } from '../core/clock.ts'
import type { Fill, OrderKey, OrderRef, VenueName } from '../core/order.ts'
import type { Quarantined } from '../core/quarantine.ts'
import type { Coverage, LookupAnswer, Scope, Sighting } from '../core/report.ts'
import type { VenueError } from './errors.ts'
import type { HttpTransport } from './http.ts'

/** One scope's worth of a look at the open orders. `sync` adds the mark and makes it a report. */
export interface SnapshotRead {
  scope: Scope
  coverage: Coverage
  sightings: Sighting[]
  alsoPresent: OrderRef[]
  sameSession: boolean
  venueTime: number | null
  quarantined: Quarantined[]
}

/** What is known of an order that is asked about. */
export interface Question extends OrderRef {
  symbol: string
  clientOrderId: string | null
  /** Our wall time when it was first seen, ms. */
  firstSeenAt: number
  /** The venue's time of its opening or, where unknown, the earliest it can have ended, ms. */
  since: number | null
}

/** Both ends always go out. Venue time, ms since the epoch, inclusive. */
export interface HistoryWindow {
  from: number
  to: number
}

export interface HistoryRead {
  sightings: Sighting[]
  fills: Fill[]
  /** False where a page failed, was clamped or would not end: the watermark stays. */
  complete: boolean
  /** The venue's time at the first request of this read, ms; null where it gave none. */
  venueTime: number | null
  quarantined: Quarantined[]
}

/** What `sync` knows and a venue may need to look properly. */
export interface LookContext {
  /** The live socket session, if one is up. */
  session: SessionLink | null
  /** Symbols of every order of the account ever stored: for venues that must be read per symbol. */
  symbols: readonly string[]
  /** Open and missing orders as stored: to find the slices of an algo, say. */
  open: readonly OrderKey[]
  signal: AbortSignal
}

/** One configured account at a venue. All methods throw {@link VenueError}. */
export interface VenueAccount {
  readonly id: string
  readonly venue: VenueName
  /** Host and user, wallet, subaccount or addresses; never a key. Two runs of one account must agree on it. */
  readonly identity: string
  /** `any`: answers for closed orders too. `open_only`: only breaks ties. `none`: cannot be asked. */
  readonly lookups: 'any' | 'open_only' | 'none'
  /** Whether history proves endings (false: it is a hint at best, or there is none). */
  readonly history: boolean
  /** {@link VenueAccount.lookBack} may still name an ending where history proves none: it is read, and nothing waits for it. */
  readonly hasHints?: boolean
  /** An empty list may also mean that the venue has stopped showing the orders, and a scope of it can be blind. */
  readonly emptyIsAmbiguous?: boolean
  /** The parts (addresses) it reads, each a scope of its own; absent where the venue lists by account. */
  readonly partitions?: readonly string[]
  /** Whether a socket carries this account's changes; polls may then be rarer. */
  readonly streams: boolean
  /** The list of open orders is read over the session itself: without one there is nothing to look at. */
  readonly looksThroughSession: boolean

  /** Everything open, scope by scope. A scope that could not be read is not in the answer, or proves presence only. */
  snapshot(context: LookContext): Promise<SnapshotRead[]>
  lookup(question: Question, context: LookContext): Promise<LookupAnswer>
  lookBack(window: HistoryWindow, context: LookContext): Promise<HistoryRead>
  /** The venue's clock now, from its replies and the monotonic clock; null before the first reply. */
  venueNow(): number | null
}

/** What a venue folder exports to the registry. */
export interface VenueDeps {
  clock: Clock
  chance: Chance
  http: HttpTransport
}

// ---- sockets --------------------------------------------------------------------------------------------------------

/** What one inbound message means. One message may mean several things. */
export type Inbound =
  /** Answers a request: {@link SessionLink.request} matches it. */
  | { is: 'reply'; name: string; id: string | null; body: unknown }
  /** Ends the request under way, if any. */
  | { is: 'error'; id: string | null; error: VenueError }
  /** `tradeId` ties the sighting to the fill that explains it, where the venue names it. */
  | { is: 'order'; account: string; sighting: Sighting; tradeId: string | null }
  | { is: 'fill'; account: string; fill: Fill }
  /** Cannot be believed or understood by itself (an unknown status, the outcome of somebody's request): look again soon. */
  | { is: 'doubt'; account: string; why: string; ref: OrderRef | null }
  /** An order the venue refused to open: counted, nothing else. */
  | { is: 'rejected'; account: string }
  | { is: 'quarantine'; account: string; item: Quarantined }
  | { is: 'noise' }

export type Reply = Extract<Inbound, { is: 'reply' }>

export interface SessionRequest {
  /** Serialised by the session. Its kind must be on {@link SessionProtocol.allows}. */
  message: Readonly<Record<string, unknown>>
  matches(reply: Reply): boolean
  timeoutMs: number
  /** Weight in the venue's budget. */
  weight: number
}

/** A logged-in, subscribed socket. Requests go one at a time. A request that times out ends the session. */
export interface SessionLink {
  /** Grows with every session of the process; never reused. */
  readonly epoch: number
  request(request: SessionRequest, signal?: AbortSignal): Promise<Reply>
}

/** How to hold one socket at a venue: where, how to log in and subscribe, and what its bytes mean. */
export interface SessionProtocol {
  /** One socket a key: accounts that share a wallet share the socket. */
  readonly key: string
  readonly accounts: readonly string[]
  /** Sent as a WebSocket ping every `pingEveryMs`; nothing received for `silenceMs` ends the session. */
  readonly keepAlive: { pingEveryMs: number; silenceMs: number }
  url(): string
  headers(): Record<string, string>
  /** The kind of an outbound message if it may leave; throws ForbiddenRequestError if it may not. */
  allows(message: Readonly<Record<string, unknown>>): string
  /** Logs in and subscribes, waiting for each acknowledgement. Throws VenueError. */
  establish(link: SessionLink, signal: AbortSignal): Promise<void>
  /** Never throws: what does not parse is a `quarantine` or an `error`. */
  read(text: string): Inbound[]
}
