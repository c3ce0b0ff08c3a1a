/** Owns what an order is: its identity, the facts that only events change, and the observations that may drift. */
import type { Decimal } from './decimal.ts'

export type VenueName = 'qfex' | 'derive' | 'revolut-x' | 'dexpal'

/** `algo` is a parent whose slices are orders of their own; `trigger` a trigger with ids of its own. */
export type OrderKind = 'order' | 'algo' | 'trigger'
export type Side = 'buy' | 'sell'
export type PositionSide = 'long' | 'short'
export type OrderType =
  | 'limit'
  | 'market'
  | 'stop_limit'
  | 'stop_market'
  | 'take_profit_limit'
  | 'take_profit_market'
  | 'trailing_stop'
  | 'twap'
  | 'iceberg'
  | 'oco'
  | 'other'
export type TimeInForce = 'gtc' | 'ioc' | 'fok' | 'gtt' | 'day'
export type OrderStatus = 'open' | 'filled' | 'cancelled' | 'unknown'

/** Why an order ended, as the venue says it or as far as it is known. */
export type EndReason =
  | 'user'
  | 'expired'
  | 'rejected'
  | 'replaced'
  | 'self_trade'
  | 'ioc_remainder'
  | 'margin'
  | 'venue'
  | 'completed_short'
  | 'mmp'
  | 'disconnect'
  | 'trigger_failed'
  | 'unproven'

/** What proves a fact. `stream` and `snapshot` weigh the same: {@link strength}. */
export type Evidence = 'inferred' | 'snapshot' | 'stream' | 'lookup' | 'history'

/** Unique within an account. */
export interface OrderRef {
  kind: OrderKind
  venueOrderId: string
}

/** An {@link OrderRef} as a map key: `kind/venueOrderId`. */
export type OrderKey = `${OrderKind}/${string}`
export const orderKey = (ref: OrderRef): OrderKey => `${ref.kind}/${ref.venueOrderId}`

/** What consumers may rely on: it changes only together with an event. Times are venue times in ms since the epoch. */
export interface OrderFacts {
  clientOrderId: string | null
  parentOrderId: string | null
  symbol: string
  base: string | null
  quote: string | null
  side: Side | null
  positionSide: PositionSide | null
  type: OrderType
  timeInForce: TimeInForce | null
  postOnly: boolean | null
  reduceOnly: boolean | null
  quantity: Decimal | null
  quoteQuantity: Decimal | null
  price: Decimal | null
  triggerPrice: Decimal | null
  filledQuantity: Decimal
  status: OrderStatus
  reason: EndReason | null
  evidence: Evidence
  openedAt: number | null
  closedAt: number | null
  replaces: string | null
  replacedBy: string | null
}

export type Details = Readonly<Record<string, unknown>>

/** What may change without an event. `missingSince` is our wall time. */
export interface OrderObservations {
  venueStatus: string | null
  venueUpdatedAt: number | null
  firstSeenAt: number
  missingSince: number | null
  averageFillPrice: Decimal | null
  fee: Decimal | null
  feeAsset: string | null
  details: Details
  /** The venue's own time of the newest accepted message, in ms with all its fraction digits: what is older is refused. */
  venueClock: Decimal | null
  /** The part of the account in which this venue lists the order, where a scope is smaller than the account (an address). */
  partition: string | null
}

/** One row of the orders table. `version` is the number of its events. */
export interface Order extends OrderRef {
  account: string
  venue: VenueName
  facts: OrderFacts
  seen: OrderObservations
  version: number
  lastSeq: number
  /** A `filled` or `cancelled` was among its events: whatever it is now, only `corrected` may follow. */
  ended: boolean
}

/** An execution, by the venue's own trade id. A reversed one keeps its id so that it is not booked again. */
export interface Fill extends OrderRef {
  tradeId: string
  quantity: Decimal
  price: Decimal | null
  fee: Decimal | null
  feeAsset: string | null
  venueTime: number | null
  reversed: boolean
}

export const isEnded = (status: OrderStatus): boolean => status === 'filled' || status === 'cancelled'

const STRENGTH: Record<Evidence, number> = { inferred: 0, snapshot: 1, stream: 1, lookup: 2, history: 3 }

/** The weight of evidence: where statuses or quantities conflict the larger one wins. */
export const strength = (evidence: Evidence): number => STRENGTH[evidence]
