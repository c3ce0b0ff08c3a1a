/** Owns the outcome: all that follows from one report, to be committed together or not at all. */
import type { EventDraft } from './event.ts'
import type { Fill, Order, OrderKey, OrderRef } from './order.ts'
import type { Report } from './report.ts'

/** What the store holds of the orders a report concerns: those it names, those in its scope, and their predecessors. */
export interface Stored {
  orders: ReadonlyMap<OrderKey, Order>
  /** Every fill known of an order, also of orders not yet known. */
  fills: ReadonlyMap<OrderKey, readonly Fill[]>
}

/** One decision about one order, kept (the last 50 an order) for `ordersync explain`. */
export interface Note extends OrderRef {
  source: Report['source']
  effect: 'changed' | 'refused' | 'asked'
  /** A short claim in words: `older than what is known`, `missing, asked history first`. */
  why: string
  /** What the report said, for a person: status word, filled, quantity, price. */
  said: string
}

/**
 * A question the reconciler wants answered. `lookup`: ask the venue for this order (before others if `urgent`).
 * `snapshot`: read this account again soon. `history`: sweep soon.
 */
export type Probe =
  | { ask: 'lookup'; ref: OrderRef; urgent: boolean; why: string }
  | { ask: 'snapshot'; why: string }
  | { ask: 'history'; why: string }

/**
 * How far the course of a missing order has gone. It lives in memory: after a restart it begins anew, so that grace is
 * healthy running time of one process.
 */
export interface Course {
  /** Reads in a row that proved its absence, each begun after the last was applied. */
  reads: number
  /** Reads in a row that would prove it only if repeated. */
  weakReads: number
  /** Monotonic ms of healthy polling since it was first missing. */
  healthyMs: number
  /** Monotonic time at which it was first absent. */
  since: number
  /** Monotonic time of the last read that counted. */
  countedAt: number
  /** A complete look at history that began after it went missing has been applied. */
  historyAsked: boolean
  /** A lookup that began after it went missing got an answer. */
  lookupAnswered: boolean
}

export interface Outcome {
  /** Complete new states, one an order. `lastSeq` is the store's to set where events go with it. */
  orders: readonly Order[]
  /** In the order in which they take their seq. */
  events: readonly EventDraft[]
  /** New fills and reversals. */
  fills: readonly Fill[]
  probes: readonly Probe[]
  /** New courses of missing orders; null ends one. */
  courses: ReadonlyMap<OrderKey, Course | null>
  notes: readonly Note[]
  /** A long list that suddenly came back empty: it proved nothing yet and is to be read again. */
  suspiciouslyEmpty: boolean
  /** All orders of the scope were gone at once where that is ambiguous: none of them is missing yet. */
  blind: boolean
  /** Orders the venue refused to open: counted, nothing else. */
  rejections: number
}
