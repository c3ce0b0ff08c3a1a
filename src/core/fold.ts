/** Owns the fold: events in, facts out, and every way in which a sequence of events breaks a promise of the log. Pure. */
import { add, isNegative, isZero, ZERO } from './decimal.ts'
import type { EventDraft, EventType } from './event.ts'
import { isEnded, type OrderFacts } from './order.ts'

/** An order as its events tell it. */
export interface Folded {
  /** Number of events so far. */
  version: number
  /** A `filled` or `cancelled` was among them: only `corrected` may follow, whatever the status is now. */
  ended: boolean
  facts: OrderFacts
}

/** What the fold needs of an event. */
export type FoldedEvent = Pick<EventDraft, 'type' | 'version' | 'fillQuantity' | 'facts'>

/**
 * Takes one more event of one order. `problems` are claims about what is wrong with it; the state goes on from the event
 * all the same, so that one break is told once.
 */
export function foldEvent(before: Folded | null, event: FoldedEvent): { state: Folded; problems: string[] } {
  const { type, version, facts } = event
  const problems: string[] = []
  const expected = (before?.version ?? 0) + 1
  if (version !== expected) problems.push(`version ${version} where ${expected} was next`)
  const filled = add(before?.facts.filledQuantity ?? ZERO, event.fillQuantity ?? ZERO)
  if (filled !== facts.filledQuantity)
    problems.push(`filled ${facts.filledQuantity} where the steps add up to ${filled}`)
  if (before === null) problems.push(...opens(event))
  else problems.push(...follows(before, event))
  return { state: { version, facts, ended: (before?.ended ?? false) || endsOrder(type) }, problems }
}

const endsOrder = (type: EventType): boolean => type === 'filled' || type === 'cancelled'

function opens({ type, facts, fillQuantity }: FoldedEvent): string[] {
  if (type !== 'opened') return [`its life begins with ${type}, not opened`]
  const problems: string[] = []
  if (facts.status !== 'open') problems.push(`opened with status ${facts.status}`)
  if (fillQuantity !== null) problems.push('opened with a fill')
  return problems
}

function follows(before: Folded, { type, facts, fillQuantity }: FoldedEvent): string[] {
  const problems: string[] = []
  if (type === 'opened') problems.push('opened twice')
  else if (before.ended && type !== 'corrected') problems.push(`${type} after its end, where only corrected may follow`)
  if (fillQuantity !== null) {
    if (isNegative(fillQuantity) && type !== 'corrected') problems.push(`${type} lowers the filled quantity`)
    if (!isZero(fillQuantity) && !MAY_FILL[type]) problems.push(`${type} with a fill of ${fillQuantity}`)
  }
  if (!STATUS_AFTER[type](before, facts)) problems.push(`${type} leads from ${before.facts.status} to ${facts.status}`)
  return problems
}

const MAY_FILL: Record<EventType, boolean> = {
  opened: false,
  partially_filled: true,
  amended: false,
  filled: true,
  cancelled: true,
  vanished: false,
  reappeared: false,
  corrected: true,
}

const unchanged = (before: Folded, after: OrderFacts) => after.status === before.facts.status

const STATUS_AFTER: Record<EventType, (before: Folded, after: OrderFacts) => boolean> = {
  opened: (_, after) => after.status === 'open',
  partially_filled: unchanged,
  amended: unchanged,
  filled: (before, after) => after.status === 'filled' && !isEnded(before.facts.status),
  cancelled: (before, after) => after.status === 'cancelled' && !isEnded(before.facts.status),
  vanished: (before, after) => before.facts.status === 'open' && after.status === 'unknown',
  reappeared: (before, after) => before.facts.status === 'unknown' && after.status === 'open',
  // Of an order that never ended it only takes back a fill.
  corrected: (before, after) => before.ended || unchanged(before, after),
}

/** All facts by name; leaving one out does not compile. */
const FACTS: Record<keyof OrderFacts, true> = {
  clientOrderId: true,
  parentOrderId: true,
  symbol: true,
  base: true,
  quote: true,
  side: true,
  positionSide: true,
  type: true,
  timeInForce: true,
  postOnly: true,
  reduceOnly: true,
  quantity: true,
  quoteQuantity: true,
  price: true,
  triggerPrice: true,
  filledQuantity: true,
  status: true,
  reason: true,
  evidence: true,
  openedAt: true,
  closedAt: true,
  replaces: true,
  replacedBy: true,
}

const FACT_NAMES = Object.keys(FACTS)

/** The names of the facts in which two states differ. */
export const differingFacts = (a: OrderFacts, b: OrderFacts): string[] =>
  FACT_NAMES.filter((name) => Reflect.get(a, name) !== Reflect.get(b, name))
