/** Owns what one sighting does to one order: the table of (stored state × claim × source), spelled out with its reasons. */
import { compare, type Decimal, max } from './decimal.ts'
import { bookedQuantity, type FillStep, fillSteps } from './fill-steps.ts'
import type { Journal } from './journal.ts'
import { type Evidence, type Fill, isEnded, type OrderFacts, strength } from './order.ts'
import type { Probe } from './outcome.ts'
import { isEnding, type Sighting } from './report.ts'
import { claimedAt, clocksApart, differs, ending, isImmediate, learn, restated, truncated } from './statement.ts'

/** A sighting with all that is needed to judge it. */
export interface Observation {
  sighting: Sighting
  evidence: Evidence
  /** The read may override what the stream said: {@link freshness}. */
  fresh: boolean
  /** Executions of this order: all that stand in the books after this report, and those that are new with it. */
  fills: readonly Fill[]
  news: readonly Fill[]
  /** The order that names this one as its predecessor, where one is known. */
  successor: string | null
}

/** Writes into the journal of a known order what the observation proves, and returns what has to be asked. */
export function applyObservation(journal: Journal, observation: Observation): Probe[] {
  const { sighting, evidence } = observation
  const live = !isEnding(sighting.claim)
  if (sighting.claim.is === 'unrecognised' && evidence !== 'snapshot')
    return doubt(journal, 'a status word we do not know')
  if (live)
    return isEnded(journal.order.facts.status) ? liveAfterEnd(journal, observation) : goesOn(journal, observation)
  return isEnded(journal.order.facts.status) ? endsAgain(journal, observation) : ends(journal, observation)
}

/** Open or unknown, and seen alive. */
function goesOn(journal: Journal, observation: Observation): Probe[] {
  const { sighting, evidence, fresh } = observation
  if (!fresh) return refuse(journal, 'the stream said more after this was asked')
  if (isOlder(journal, sighting)) return refuse(journal, 'older than what is known')
  if (journal.order.facts.status === 'unknown') {
    journal.write('reappeared', { status: 'open', reason: null, closedAt: null, evidence }, entry(observation))
  }
  amend(journal, observation)
  fillUp(journal, observation)
  if (isNewer(journal, sighting)) lowerFill(journal, observation)
  remember(journal, sighting)
  return []
}

/** Open or unknown, and seen ended. An ending by lookup or history is final whatever its clock says. */
function ends(journal: Journal, observation: Observation): Probe[] {
  const { sighting, evidence } = observation
  const proven = strength(evidence) > strength('stream')
  if (!proven && !observation.fresh) return refuse(journal, 'the stream said more after this was asked')
  if (!proven && isOlder(journal, sighting)) {
    refuse(journal, 'an ending older than what is known alive')
    // A list that says so would say so again, as often as it is read.
    if (evidence === 'stream') return [{ ask: 'snapshot', why: 'an older ending' }]
    return [{ ask: 'lookup', ref: journal.order, urgent: true, why: 'an older ending' }]
  }
  const before = journal.order.facts
  amend(journal, observation)
  const end = ending(before, sighting, observation.successor)
  const quantity = sighting.estimatedQuantity ?? journal.order.facts.quantity
  if (end.status === 'filled') {
    const steps = steplist(journal, observation)
    const last = steps.pop()
    for (const step of steps) fillStep(journal, observation, step)
    const filledQuantity = last?.filledQuantity ?? before.filledQuantity
    journal.write('filled', { ...end, quantity, filledQuantity, evidence }, { ...entry(observation), ...priceOf(last) })
  } else {
    fillUp(journal, observation)
    journal.write('cancelled', { ...end, quantity, evidence }, { ...entry(observation), reason: end.reason })
  }
  if (strength(evidence) > strength(before.evidence) || isNewer(journal, sighting)) lowerFill(journal, observation)
  remember(journal, sighting)
  return []
}

/** Ended, and seen ended: the same fact again, a stronger proof of another one, or a conflict to be asked about. */
function endsAgain(journal: Journal, observation: Observation): Probe[] {
  const { sighting, evidence } = observation
  const { facts } = journal.order
  correctFill(journal, observation, null)
  const end = ending(facts, sighting, observation.successor)
  const agrees = end.status === facts.status && end.reason === facts.reason
  const stronger = strength(evidence) > strength(facts.evidence)
  if (!stronger && !agrees) {
    journal.note('refused', 'it is known to have ended otherwise')
    if (strength(evidence) < strength(facts.evidence)) return []
    return [{ ask: 'lookup', ref: journal.order, urgent: true, why: 'two endings of the same weight' }]
  }
  if (!stronger && isOlder(journal, sighting)) return []
  const now = journal.order.facts
  const learned = { ...learn(now, sighting), ...(agrees ? learnEnd(now, claimedAt(sighting.claim), stronger) : {}) }
  const filledQuantity = speaksOfSum(journal, observation, stronger)
  const change = { ...learned, ...(stronger ? restated(now, sighting) : {}), ...(agrees ? {} : end), filledQuantity }
  if (differs(now, change) || (stronger && now.evidence === 'inferred')) {
    const reason = agrees && Object.keys(learned).length > 0 ? 'learned' : end.reason
    const proof = stronger ? evidence : now.evidence
    journal.write('corrected', { ...change, evidence: proof }, { ...entry(observation), reason })
  }
  remember(journal, sighting)
  return []
}

/** When it ended, where that was not known or only inferred. Two sources that know it differently are left alone. */
function learnEnd({ closedAt, evidence }: OrderFacts, at: number | null, stronger: boolean): { closedAt?: number } {
  const open = closedAt === null || (stronger && evidence === 'inferred')
  return open && at !== null && at !== closedAt ? { closedAt: at } : {}
}

/**
 * The cumulative fill after a message about an ended order: the stronger word decides, an equal one adds, and takes back
 * only where the venue's clock says that it is the newer one. What is older knows nothing of the sum.
 */
function speaksOfSum(journal: Journal, { sighting, evidence, fills }: Observation, stronger: boolean): Decimal {
  const { facts } = journal.order
  if (sighting.filled === null || isOlder(journal, sighting)) return facts.filledQuantity
  const decides = stronger || (evidence === facts.evidence && isNewer(journal, sighting))
  if (decides) return max(sighting.filled, bookedQuantity(fills))
  return evidence === facts.evidence ? max(facts.filledQuantity, sighting.filled) : facts.filledQuantity
}

/** Ended, and seen alive. An inferred ending yields; a better one is asked about, and the lookup decides. */
function liveAfterEnd(journal: Journal, observation: Observation): Probe[] {
  const { sighting, evidence, fresh } = observation
  const { facts } = journal.order
  correctFill(journal, observation, null)
  if (!fresh) return refuse(journal, 'the stream said more after this was asked')
  if (isOlder(journal, sighting)) return refuse(journal, 'older than its ending')
  if (facts.evidence === 'inferred' && evidence === 'stream' && isImmediate(facts)) {
    correctFill(journal, observation, sighting.filled)
    return refuse(journal, 'a fill of an immediate order does not make it rest')
  }
  if (facts.evidence === 'inferred' || (evidence === 'lookup' && strength(facts.evidence) < strength('lookup'))) {
    const open = { status: 'open', reason: null, closedAt: null, replacedBy: null, evidence } as const
    journal.write('corrected', open, entry(observation))
    return goesOn(journal, observation)
  }
  if (evidence === 'lookup') return refuse(journal, 'its ending is proved as well')
  refuse(journal, 'ended on better evidence than a listing')
  return [{ ask: 'lookup', ref: journal.order, urgent: true, why: 'listed as open after it ended' }]
}

// ---- the pieces of a change -------------------------------------------------------------------------------------------

function amend(journal: Journal, observation: Observation): void {
  const { facts } = journal.order
  const learned = learn(facts, observation.sighting)
  const changed = restated(facts, observation.sighting)
  if (!differs(facts, { ...learned, ...changed })) return
  const reason = differs(facts, changed) ? null : 'learned'
  const { evidence } = observation
  journal.write('amended', { ...learned, ...changed, evidence }, { ...entry(observation), reason })
}

const steplist = (journal: Journal, { sighting, fills, news }: Observation): FillStep[] => {
  const stated = isOlder(journal, sighting) ? null : sighting.filled
  return fillSteps(journal.order.facts.filledQuantity, stated, fills, news)
}

function fillUp(journal: Journal, observation: Observation): void {
  for (const step of steplist(journal, observation)) fillStep(journal, observation, step)
}

function fillStep(journal: Journal, observation: Observation, step: FillStep): void {
  const change = { filledQuantity: step.filledQuantity, evidence: observation.evidence }
  journal.write('partially_filled', change, { ...entry(observation), ...priceOf(step) })
}

/**
 * A fill of an ended order names its trade, so it adds at any evidence; what proved the ending stays as it is. `stated`
 * is the cumulative fill of a message that may speak about the sum too.
 */
export function correctFill(
  journal: Journal,
  { evidence, fills, news }: Pick<Observation, 'evidence' | 'fills' | 'news'>,
  stated: Decimal | null,
): void {
  for (const step of fillSteps(journal.order.facts.filledQuantity, stated, fills, news)) {
    const { price, venueTime, filledQuantity } = step
    journal.write('corrected', { filledQuantity }, { reason: null, evidence, venueTime, fillPrice: price })
  }
}

/**
 * The stronger or newer word may be that less was filled than had been counted (a reversal, say), but never less than the
 * executions add up to.
 */
function lowerFill(journal: Journal, { sighting, evidence, fills }: Observation): void {
  if (sighting.filled === null || isOlder(journal, sighting)) return
  const filledQuantity = max(sighting.filled, bookedQuantity(fills))
  if (compare(filledQuantity, journal.order.facts.filledQuantity) >= 0) return
  journal.write('corrected', { filledQuantity, evidence }, entry({ sighting, evidence }))
}

const priceOf = (step: FillStep | undefined) =>
  step === undefined ? {} : { fillPrice: step.price, ...(step.venueTime === null ? {} : { venueTime: step.venueTime }) }

const entry = ({ sighting, evidence }: Pick<Observation, 'sighting' | 'evidence'>) => ({
  reason: null,
  evidence,
  venueTime: claimedAt(sighting.claim) ?? (sighting.venueClock === null ? null : truncated(sighting.venueClock)),
})

const isOlder = (journal: Journal, sighting: Sighting): boolean => clocksApart(journal.order, sighting) < 0
const isNewer = (journal: Journal, sighting: Sighting): boolean => clocksApart(journal.order, sighting) > 0

/** Takes the observations of an accepted message. A message that does not mention one leaves it alone. */
function remember(journal: Journal, sighting: Sighting): void {
  const { word, venueClock, averageFillPrice, fee, feeAsset, partition } = sighting
  const known = journal.order.seen
  const newer = venueClock !== null && (known.venueClock === null || compare(venueClock, known.venueClock) >= 0)
  journal.observe({
    missingSince: null,
    details: { ...known.details, ...sighting.details },
    ...(word === null ? {} : { venueStatus: word }),
    ...(newer ? { venueClock, venueUpdatedAt: truncated(venueClock) } : {}),
    ...(averageFillPrice == null ? {} : { averageFillPrice }),
    ...(fee == null ? {} : { fee }),
    ...(feeAsset == null ? {} : { feeAsset }),
    ...(partition === null ? {} : { partition }),
  })
}

function refuse(journal: Journal, why: string): Probe[] {
  journal.note('refused', why)
  return []
}

function doubt(journal: Journal, why: string): Probe[] {
  journal.note('refused', why)
  return [{ ask: 'snapshot', why }]
}
