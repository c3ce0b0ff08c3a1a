/** Owns the report: what one message or read of a venue says, in our words, as plain values that could cross a queue. */
import type { Decimal } from './decimal.ts'
import type { Details, EndReason, Fill, OrderFacts, OrderKind, OrderRef } from './order.ts'

/**
 * What a message says of an order's life. `at` is the venue's time of the ending.
 * `rejected` never opened, unless it was listed as open before. `unrecognised` is a status word we do not know.
 */
export type Claim =
  | { is: 'open' }
  | { is: 'filled'; at: number | null }
  | { is: 'cancelled'; reason: EndReason; at: number | null }
  | { is: 'rejected'; at: number | null }
  | { is: 'unrecognised' }

export const isEnding = ({ is }: Claim): boolean => is !== 'open' && is !== 'unrecognised'

type StatedFact =
  | 'clientOrderId'
  | 'parentOrderId'
  | 'base'
  | 'quote'
  | 'side'
  | 'positionSide'
  | 'type'
  | 'timeInForce'
  | 'postOnly'
  | 'reduceOnly'
  | 'quantity'
  | 'quoteQuantity'
  | 'price'
  | 'triggerPrice'
  | 'openedAt'
  | 'replaces'

/** Facts a message states with authority. A key that is not there: it does not say. Null: it says there is none. */
export type Stated = { symbol: string } & { [Fact in StatedFact]?: OrderFacts[Fact] }

/** One order as one message of a venue shows it. */
export interface Sighting extends OrderRef {
  /** The smaller scope the order is listed in (a DexPal address); null where the venue lists by account. */
  partition: string | null
  /** The venue's own status word, kept as an observation. */
  word: string | null
  claim: Claim
  /** This message may describe an order under another id than it opened with: it never opens one, a list has to. */
  neverOpens?: true
  stated: Stated
  /** A quantity the venue recomputes on its own: taken when the order opens and when it ends, never as a change between. */
  estimatedQuantity?: Decimal
  /** The cumulative fill out of this one message; null where it does not say. */
  filled: Decimal | null
  /** The venue's time of this state in ms, all fraction digits kept; null where it states none. */
  venueClock: Decimal | null
  averageFillPrice?: Decimal | null
  fee?: Decimal | null
  feeAsset?: string | null
  details: Details
}

/** What would have been in the read if it were open: of these kinds, all of the account or one part of it. */
export type Scope = { kinds: readonly OrderKind[] } & (
  | { of: 'account' }
  | { of: 'symbol'; symbol: string }
  | { of: 'partition'; partition: string }
)

/**
 * What a read proves about what it did not show. `absence_if_repeated`: several pages without a proven stable order,
 * so an id must be absent from two in a row. `presence`: nothing at all, and `because` says why.
 */
export type Coverage =
  | { proves: 'absence' }
  | { proves: 'absence_if_repeated'; because: string }
  | { proves: 'presence'; because: string }

/**
 * A point in an account's stream, noted before a request leaves. Counters of two epochs do not compare.
 * An account without a stream has epoch 0 for ever.
 */
export interface Mark {
  epoch: number
  counter: number
}

/** One look at one scope of open orders. */
export interface SnapshotReport {
  source: 'snapshot'
  scope: Scope
  coverage: Coverage
  sightings: readonly Sighting[]
  /** Ids that are legible on rows that are not: proof of presence and nothing else. */
  alsoPresent: readonly OrderRef[]
  /** Read over the same socket that carries the frames, so that nothing sent before the reply is still under way. */
  sameSession: boolean
  /** The venue's own time of this read; null where it gave none. */
  venueTime: number | null
  mark: Mark
}

/** What arrived on a socket together about orders and fills of one account. */
export interface FrameReport {
  source: 'stream'
  sightings: readonly Sighting[]
  fills: readonly Fill[]
  mark: Mark
}

/** The answer to a question about one order. */
export interface LookupReport {
  source: 'lookup'
  asked: OrderRef
  answer: LookupAnswer
  mark: Mark
}

/**
 * `no_such_order` is the venue's typed word and no proof of any ending; `silent` is an answer that says nothing
 * (a question the venue answers only for open orders, say).
 */
export type LookupAnswer =
  | { is: 'found'; sighting: Sighting; fills: readonly Fill[] }
  | { is: 'no_such_order' }
  | { is: 'silent' }

/** Endings and executions from the venue's history. `through`: all that ended up to this venue time was read; null if not. */
export interface HistoryReport {
  source: 'history'
  sightings: readonly Sighting[]
  fills: readonly Fill[]
  through: number | null
}

export type Report = SnapshotReport | FrameReport | LookupReport | HistoryReport
