/** Owns what a read says by whom it shows and whom it does not. */
import { judge, nextCourse } from './absence.ts'
import type { Ledger } from './ledger.ts'
import { type Freshness, freshness } from './mark.ts'
import { type Order, type OrderKey, type OrderRef, orderKey } from './order.ts'
import type { Stored } from './outcome.ts'
import type { Context } from './policy.ts'
import { type HistoryReport, isEnding, type LookupReport, type Scope, type SnapshotReport } from './report.ts'

/** A scope with this many open orders that suddenly lists none is read again before anything is concluded. */
export const SUSPICIOUS_DROP = 10
/** History lags, so that each of this many reads without the order asks it again; after them its own pace has to do. */
export const EAGER_READS = 10

export function isInScope(order: Order, scope: Scope): boolean {
  if (!scope.kinds.includes(order.kind)) return false
  if (scope.of === 'symbol') return order.facts.symbol === scope.symbol
  return scope.of === 'account' || order.seen.partition === scope.partition
}

export function isSuspiciouslyEmpty(stored: Stored, report: SnapshotReport, context: Context): boolean {
  if (report.coverage.proves === 'presence') return false
  return !context.emptyBefore && showsNothing(report) && countOpen(stored, report.scope) >= SUSPICIOUS_DROP
}

/**
 * Every open order of the scope is gone at once, at a venue where that may mean that it shows them no more. It ends with
 * any row, or after `giveUpAfterMs`; then the ordinary course of absence runs.
 */
export function isBlind(stored: Stored, report: SnapshotReport, context: Context): boolean {
  const { emptyIsAmbiguous, blindSince, monotonic, policy } = context
  if (!emptyIsAmbiguous || report.coverage.proves === 'presence' || !showsNothing(report)) return false
  if (blindSince !== null && monotonic - blindSince >= policy.giveUpAfterMs) return false
  return countOpen(stored, report.scope) > 0
}

const showsNothing = ({ sightings, alsoPresent }: SnapshotReport) => sightings.length + alsoPresent.length === 0

function countOpen(stored: Stored, scope: Scope): number {
  let open = 0
  for (const order of stored.orders.values()) if (order.facts.status === 'open' && isInScope(order, scope)) open += 1
  return open
}

/** Whoever is listed is not missing, even where the rest of its row cannot be read. */
export function notePresence(ledger: Ledger, report: SnapshotReport): void {
  const listed = [...report.sightings, ...report.alsoPresent]
  for (const ref of listed) endCourse(ledger, ref, freshness(orderKey(ref), report.mark, ledger.context))
  const alive = [...report.sightings.filter(({ claim }) => !isEnding(claim)), ...report.alsoPresent]
  for (const ref of alive) reappear(ledger, ref, freshness(orderKey(ref), report.mark, ledger.context))
}

/** A fresh list proves that an order is there, however old or spoilt its row: only what the row says was refused. */
function reappear(ledger: Ledger, ref: OrderRef, fresh: Freshness): void {
  const order = ledger.order(orderKey(ref))
  if (order?.facts.status !== 'unknown' || fresh !== 'fresh') return
  ledger.write(order, 'listed', (journal) => {
    const entry = { reason: null, evidence: 'snapshot', venueTime: null } as const
    journal.write('reappeared', { status: 'open', reason: null, evidence: 'snapshot' }, entry)
    journal.observe({ missingSince: null })
    return []
  })
}

/** Moves the course of every open order that this read had to show and did not. */
export function noteAbsence(ledger: Ledger, report: SnapshotReport): void {
  if (report.coverage.proves === 'presence') return
  const strong = report.coverage.proves === 'absence'
  const listed = new Set<OrderKey>([...report.sightings, ...report.alsoPresent].map(orderKey))
  for (const { kind, venueOrderId } of ledger.orders()) {
    const key = orderKey({ kind, venueOrderId })
    const order = ledger.order(key)
    if (order === null || order.facts.status !== 'open' || listed.has(key) || !isInScope(order, report.scope)) continue
    if (freshness(key, report.mark, ledger.context) === 'fresh') missOnce(ledger, report, order, strong)
  }
}

function missOnce(ledger: Ledger, report: SnapshotReport, order: Order, strong: boolean): void {
  const { context } = ledger
  const key = orderKey(order)
  const before = context.courses.get(key) ?? null
  // A read that left before the last one was applied shows the same moment once more.
  if (before !== null && context.requestedAt < before.countedAt) return
  const course = nextCourse(before, strong, context)
  const { sameSession, venueTime } = report
  const verdict = judge(order, course, { sameSession, venueTime, successor: ledger.successorOf(order) }, context)
  ledger.course(key, verdict.is === 'wait' ? course : null)
  if (course.reads === 0) return
  ledger.write(order, 'not in the list', (journal) => {
    if (order.seen.missingSince === null) journal.observe({ missingSince: context.wall })
    if (verdict.is === 'wait') {
      if (course.reads === 1) journal.note('asked', 'missing from a read that had to show it')
      const why = 'missing'
      const lookup = { ask: 'lookup', ref: order, urgent: ledger.successorOf(order) !== null, why } as const
      return course.historyAsked && course.reads > EAGER_READS ? [lookup] : [{ ask: 'history', why }, lookup]
    }
    const entry = { evidence: 'inferred', venueTime: null } as const
    if (verdict.is === 'vanished') {
      const end = { status: 'unknown', reason: 'unproven', evidence: 'inferred' } as const
      journal.write('vanished', end, { ...entry, reason: 'unproven' })
    } else {
      const replacedBy = ledger.successorOf(order)
      const end = { status: 'cancelled', reason: verdict.reason, replacedBy, evidence: 'inferred' } as const
      journal.write('cancelled', end, { ...entry, reason: verdict.reason })
      journal.observe({ missingSince: null })
    }
    return []
  })
}

/** An answer that finds the order has spoken in its sighting; any other only shows that it was asked. */
export function noteAnswer(ledger: Ledger, report: LookupReport): void {
  const key = orderKey(report.asked)
  const course = ledger.context.courses.get(key)
  if (course === undefined) return
  if (report.answer.is === 'found' && orderKey(report.answer.sighting) === key) {
    endCourse(ledger, report.asked, freshness(key, report.mark, ledger.context))
  } else if (ledger.context.requestedAt >= course.since) {
    ledger.course(key, { ...course, lookupAnswered: true })
  }
}

/** A complete look at history that began after an order went missing, and did not explain it. */
export function noteSweep(ledger: Ledger, report: HistoryReport): void {
  if (report.through === null) return
  for (const [key, course] of ledger.context.courses) {
    const order = ledger.order(key)
    if (order !== null && order.facts.status !== 'open') ledger.course(key, null)
    else if (ledger.context.requestedAt >= course.since) ledger.course(key, { ...course, historyAsked: true })
  }
}

function endCourse(ledger: Ledger, ref: OrderRef, fresh: Freshness): void {
  const key = orderKey(ref)
  const order = ledger.order(key)
  if (order === null || fresh !== 'fresh') return
  if (ledger.context.courses.has(key)) ledger.course(key, null)
  if (order.seen.missingSince === null || order.facts.status === 'unknown') return
  ledger.write(order, 'listed', (journal) => {
    journal.observe({ missingSince: null })
    return []
  })
}
