/** Owns the event: the one thing that ever changes the facts of an order. */
import type { Decimal } from './decimal.ts'
import type { EndReason, Evidence, OrderFacts, OrderRef } from './order.ts'

export type EventType =
  | 'opened'
  | 'partially_filled'
  | 'amended'
  | 'filled'
  | 'cancelled'
  | 'vanished'
  | 'reappeared'
  | 'corrected'

/** Beside the reasons an order ends: why an `opened`, `amended` or `corrected` came when it did. */
export type EventReason = EndReason | 'first_sync' | 'history' | 'learned' | 'reversed'

/** An event before it is committed: the store adds `seq`, `event_id` and `recorded_at`. */
export interface EventDraft extends OrderRef {
  type: EventType
  /** This is the order's n-th event. */
  version: number
  reason: EventReason | null
  evidence: Evidence
  /** When the venue says it happened, ms since the epoch. */
  venueTime: number | null
  /** What this step added to the cumulative fill; negative only in `corrected`. Null where nothing was filled. */
  fillQuantity: Decimal | null
  fillPrice: Decimal | null
  /** All facts of the order after this event. */
  facts: OrderFacts
}

/** A committed event. `recordedAt` never decreases along `seq`. */
export interface OrderEvent extends EventDraft {
  seq: number
  eventId: string
  account: string
  recordedAt: number
}
