/** Owns what a reconciliation is told beside the report: the user's policy, and the state of the account and its clocks. */
import type { OrderKey, VenueName } from './order.ts'
import type { Course } from './outcome.ts'

/** All durations in ms. */
export interface Policy {
  /** Absent reads needed before an order may end without proof. */
  confirmations: number
  /** Healthy running time an order must have been missing. */
  graceMs: number
  /** How long a list may lag behind the stream, or the stream behind a list. */
  settleMs: number
  /** The most that two reads apart add to healthy time: a process that slept was not watching. */
  longestHealthyGapMs: number
  /** How long an empty list that may mean blindness is taken for it. */
  giveUpAfterMs: number
}

/** The newest frame that touched an order in the present session. `at` is monotonic. */
export interface Touch {
  counter: number
  at: number
}

export interface Context {
  account: string
  venue: VenueName
  policy: Policy
  /** Venue time: what ended before makes no row. */
  trackedSince: number
  /** Venue time up to which history was read before this report; null before the first sweep. */
  sweptThrough: number | null
  /** No complete read of this scope has ever been applied. */
  firstSync: boolean
  /** Our wall time, for stamping only. */
  wall: number
  monotonic: number
  /** Monotonic time at which the request of this report left (or the frame arrived). */
  requestedAt: number
  /** The session epoch now: a mark of another one compares with nothing. */
  epoch: number
  touches: ReadonlyMap<OrderKey, Touch>
  courses: ReadonlyMap<OrderKey, Course>
  /** Whether this venue's history proves endings, and whether it answers for one order. */
  canLookBack: boolean
  canAsk: boolean
  /** The read before this one of the same scope was empty too. */
  emptyBefore: boolean
  /** An empty list of this venue may also mean that it has stopped showing the orders. */
  emptyIsAmbiguous: boolean
  /** Monotonic time of the read at which this scope went blind; null while it shows something or has nothing to show. */
  blindSince: number | null
}
