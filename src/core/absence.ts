/** Owns the course of a missing order: from the first read that lacks it to an ending, or to an honest `unknown`. */

import { compare } from './decimal.ts'
import type { EndReason, Order } from './order.ts'
import type { Course } from './outcome.ts'
import type { Context } from './policy.ts'
import { isImmediate } from './statement.ts'

/** One more read that lacked the order. A weak read counts only when another one came right before it. */
export function nextCourse(course: Course | null, strong: boolean, context: Context): Course {
  const { monotonic, policy } = context
  const before: Course = course ?? {
    reads: 0,
    weakReads: 0,
    healthyMs: 0,
    since: context.requestedAt,
    countedAt: monotonic,
    historyAsked: false,
    lookupAnswered: false,
  }
  const counts = strong || before.weakReads > 0 || before.reads > 0
  return {
    ...before,
    reads: before.reads + (counts ? 1 : 0),
    weakReads: strong ? 0 : before.weakReads + 1,
    healthyMs: before.healthyMs + Math.min(monotonic - before.countedAt, policy.longestHealthyGapMs),
    countedAt: monotonic,
  }
}

/** What an absence allows to be said. `wait`: nothing yet. */
export type Verdict = { is: 'wait' } | { is: 'cancelled'; reason: EndReason } | { is: 'vanished' }

/**
 * Three endings may rest on absence, and each waits for history where this venue has one: the remainder of an immediate
 * order, a predecessor whose successor is known, and an order past its expiry. All else vanishes.
 */
export function judge(
  order: Order,
  course: Course,
  read: { sameSession: boolean; venueTime: number | null; successor: string | null },
  context: Context,
): Verdict {
  if (course.reads === 0) return { is: 'wait' }
  const { confirmations, graceMs, giveUpAfterMs } = context.policy
  // What never answers must not keep an order open for ever: after this long it is not asked about any more.
  const givenUp = context.monotonic - course.since >= giveUpAfterMs
  const looked = !context.canLookBack || course.historyAsked || givenUp
  if (read.successor !== null && looked) return { is: 'cancelled', reason: 'replaced' }
  if (read.sameSession && looked && leavesRemainder(order)) return { is: 'cancelled', reason: 'ioc_remainder' }
  const asked = looked && (!context.canAsk || course.lookupAnswered || givenUp)
  if (!asked || course.reads < confirmations || course.healthyMs < graceMs) return { is: 'wait' }
  return isPastExpiry(order, read.venueTime) ? { is: 'cancelled', reason: 'expired' } : { is: 'vanished' }
}

/** Filled in full or of unknown size, its absence may as well be the rest of its fills. */
function leavesRemainder({ facts }: Order): boolean {
  return isImmediate(facts) && facts.quantity !== null && compare(facts.filledQuantity, facts.quantity) < 0
}

/** Compared in the venue's own time of the read that lacks the order; `details.expires_at` is ms since the epoch. */
function isPastExpiry({ seen }: Order, venueTime: number | null): boolean {
  const expiresAt = seen.details.expires_at
  return typeof expiresAt === 'number' && venueTime !== null && expiresAt <= venueTime
}
