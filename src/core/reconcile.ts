/** Owns the reconciliation: one report against what is stored gives all that follows from it. Pure. */
import { applyObservation, type Observation } from './apply.ts'
import { assertNever } from './assert-never.ts'
import { bookLooseFills, takeReversals } from './bookings.ts'
import { type Ledger, openLedger, sightingsOf } from './ledger.ts'
import { freshness, isQuiet } from './mark.ts'
import { newOrder } from './new-order.ts'
import { isEnded, type OrderKey, orderKey } from './order.ts'
import type { Outcome, Stored } from './outcome.ts'
import type { Context } from './policy.ts'
import { isBlind, isSuspiciouslyEmpty, noteAbsence, noteAnswer, notePresence, noteSweep } from './presence.ts'
import { endPredecessor } from './replace.ts'
import type { Claim, Report, Sighting } from './report.ts'
import { claimedAt } from './statement.ts'

/** See `SPEC.md` for the promises this keeps, and the table test beside it for each rule's reason. */
export function reconcile(stored: Stored, report: Report, context: Context): Outcome {
  const ledger = openLedger(stored, report, context)
  const blind = report.source === 'snapshot' && isBlind(stored, report, context)
  const suspiciouslyEmpty = report.source === 'snapshot' && !blind && isSuspiciouslyEmpty(stored, report, context)
  takeReversals(ledger, report)
  see(ledger, report)
  bookLooseFills(ledger, report)
  switch (report.source) {
    case 'snapshot':
      notePresence(ledger, report)
      if (suspiciouslyEmpty) ledger.probe({ ask: 'snapshot', why: 'a long list came back empty' })
      else if (!blind) noteAbsence(ledger, report)
      break
    case 'lookup':
      noteAnswer(ledger, report)
      break
    case 'history':
      noteSweep(ledger, report)
      break
    case 'stream':
      break
    default:
      assertNever(report)
  }
  return ledger.outcome({ suspiciouslyEmpty, blind })
}

function see(ledger: Ledger, report: Report): void {
  const alive = new Set<OrderKey>()
  if (report.source === 'snapshot') for (const sighting of report.sightings) alive.add(orderKey(sighting))
  for (const sighting of inOrder(report)) {
    const before = ledger.order(orderKey(sighting))
    if (before === null && !mayOpen(ledger, report, sighting)) continue
    endPredecessor(ledger, report, sighting, alive)
    ledger.write(before ?? newOrder(sighting, ledger.context), say(sighting), (journal) => {
      if (before === null) journal.write('opened', { evidence: report.source }, opening(ledger, report, sighting))
      return applyObservation(journal, observe(ledger, report, sighting, before === null))
    })
    endCourse(ledger, orderKey(sighting))
    if (before === null && report.source === 'stream' && ledger.successorOf(sighting) !== null) {
      // Its successor may have been heard of first, and would have ended it: a list has to say which of them is there.
      ledger.probe({ ask: 'snapshot', why: 'opened after the order that replaces it' })
    }
  }
}

/** Whoever ended, or was seen alive by a message that counts, is not missing. */
function endCourse(ledger: Ledger, key: OrderKey): void {
  const after = ledger.order(key)
  if (after === null || !ledger.context.courses.has(key)) return
  if (isEnded(after.facts.status) || after.seen.missingSince === null) ledger.course(key, null)
}

/** Predecessors before their successors, and what ended earlier first: the log reads in the order of life. */
function inOrder(report: Report): readonly Sighting[] {
  const sightings = sightingsOf(report)
  if (report.source === 'stream' || sightings.length < 2) return sightings
  const replaced = new Set(sightings.flatMap(({ stated }) => (stated.replaces == null ? [] : [stated.replaces])))
  const rank = (sighting: Sighting) => (replaced.has(sighting.venueOrderId) ? 0 : 1)
  const time = (sighting: Sighting) => (report.source === 'history' ? (claimedAt(sighting.claim) ?? 0) : 0)
  if (replaced.size === 0 && report.source !== 'history') return sightings
  return [...sightings].sort((a, b) => time(a) - time(b) || rank(a) - rank(b))
}

/** Only an open list, an accepted frame or history opens an order, and what was refused or ended before tracking never. */
function mayOpen(ledger: Ledger, report: Report, sighting: Sighting): boolean {
  const { kind, venueOrderId, claim } = sighting
  const refuse = (why: string) =>
    ledger.note({ kind, venueOrderId, source: report.source, effect: 'refused', why, said: say(sighting) })
  if (claim.is === 'rejected') countRejection(ledger, report, claim.at)
  else if (report.source === 'lookup') refuse('an answer about an order nobody knows')
  else if (sighting.neverOpens || (claim.is === 'unrecognised' && report.source !== 'snapshot')) {
    ledger.probe({ ask: 'snapshot', why: 'a frame about an order that no list has shown' })
  } else if (report.source === 'history') {
    const at = claimedAt(claim)
    if (at !== null && at >= ledger.context.trackedSince) return true
    if (claim.is === 'open') ledger.probe({ ask: 'snapshot', why: 'history names an open order' })
  } else if (report.source === 'snapshot' && endedBefore(claim, ledger.context.trackedSince)) {
    refuse('ended before tracking began')
  } else return true
  return false
}

function endedBefore(claim: Claim, trackedSince: number): boolean {
  const at = claimedAt(claim)
  return at !== null && at < trackedSince
}

/** Sweeps overlap, so history counts a rejection only beyond what it had been read to. */
function countRejection(ledger: Ledger, report: Report, at: number | null): void {
  const { sweptThrough, trackedSince } = ledger.context
  if (report.source !== 'history' || (at !== null && at > (sweptThrough ?? trackedSince))) ledger.reject()
}

function opening(ledger: Ledger, report: Report, { stated, venueClock }: Sighting) {
  const first = report.source === 'snapshot' && ledger.context.firstSync
  const reason = first ? 'first_sync' : report.source === 'history' ? 'history' : null
  const venueTime =
    stated.openedAt ?? (report.source === 'stream' && venueClock !== null ? Math.trunc(Number(venueClock)) : null)
  return { reason, evidence: report.source, venueTime } as const
}

function observe(ledger: Ledger, report: Report, sighting: Sighting, isNew: boolean): Observation {
  const key = orderKey(sighting)
  const fresh = isNew || isFresh(report, key, ledger.context)
  const { fills, news } = ledger.books(key)
  // What was booked before the order was known is news to the order.
  const unseen = isNew ? fills.filter((fill) => !fill.reversed) : news
  return { sighting, evidence: report.source, fresh, fills, news: unseen, successor: ledger.successorOf(sighting) }
}

function isFresh(report: Report, key: OrderKey, context: Context): boolean {
  if (report.source === 'stream') return true
  return report.source === 'history' ? isQuiet(key, context) : freshness(key, report.mark, context) === 'fresh'
}

/** What a message says, for a person reading `explain`. */
function say({ word, claim, filled, stated, estimatedQuantity }: Sighting): string {
  const quantity = stated.quantity ?? estimatedQuantity ?? '?'
  const price = stated.price == null ? '' : ` at ${stated.price}`
  return `${word ?? claim.is}, ${filled ?? '?'} of ${quantity} filled${price}`
}
