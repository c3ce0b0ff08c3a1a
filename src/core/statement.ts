/** Owns what one message states of an order: which facts are news, which changed in place, how it ended, and when. */
import { assertNever } from './assert-never.ts'
import { compare, type Decimal } from './decimal.ts'
import type { EndReason, Order, OrderFacts } from './order.ts'
import type { Claim, Sighting } from './report.ts'

const AMENDABLE = ['quantity', 'quoteQuantity', 'price', 'triggerPrice'] as const
const LEARNABLE = [
  'clientOrderId',
  'parentOrderId',
  'base',
  'quote',
  'side',
  'positionSide',
  'timeInForce',
  'postOnly',
  'reduceOnly',
  'openedAt',
  'replaces',
] as const

/** Facts that were null and that this message states. A stated null takes nothing back. */
export function learn(facts: OrderFacts, sighting: Sighting): Partial<OrderFacts> {
  const change: Partial<OrderFacts> = {}
  for (const name of [...LEARNABLE, ...AMENDABLE]) {
    const stated = sighting.stated[name]
    if (facts[name] === null && stated !== undefined && stated !== null) Object.assign(change, { [name]: stated })
  }
  if (facts.quantity === null && change.quantity === undefined && sighting.estimatedQuantity !== undefined) {
    change.quantity = sighting.estimatedQuantity
  }
  return change
}

/** Facts the venue changes in place and states with authority here. */
export function restated(facts: OrderFacts, sighting: Sighting): Partial<OrderFacts> {
  const change: Partial<OrderFacts> = {}
  for (const name of AMENDABLE) {
    const stated = sighting.stated[name]
    if (facts[name] !== null && stated !== undefined && stated !== null && stated !== facts[name]) change[name] = stated
  }
  return change
}

/** The facts of an ending as a terminal claim states it. A replace link outlives a plainer word for the same ending. */
export function ending(facts: OrderFacts, { claim, venueClock }: Sighting, successor: string | null) {
  const closedAt = claimedAt(claim) ?? facts.closedAt ?? (venueClock === null ? null : truncated(venueClock))
  if (claim.is === 'filled') return { status: 'filled', reason: null, closedAt, replacedBy: null } as const
  const replacedBy = facts.replacedBy ?? successor
  const said: EndReason = claim.is === 'cancelled' ? claim.reason : 'rejected'
  return { status: 'cancelled', reason: replacedBy === null ? said : 'replaced', closedAt, replacedBy } as const
}

export function claimedAt(claim: Claim): number | null {
  switch (claim.is) {
    case 'filled':
    case 'cancelled':
    case 'rejected':
      return claim.at
    case 'open':
    case 'unrecognised':
      return null
    default:
      return assertNever(claim)
  }
}

/** Negative, zero or positive as the message is older than the order, of its time or newer, by the venue's clock with all
 * its digits; zero where either is not known. */
export const clocksApart = ({ seen }: Order, { venueClock }: Sighting): number =>
  venueClock === null || seen.venueClock === null ? 0 : compare(venueClock, seen.venueClock)

/** An immediate order never rests, so what is left of it after a fill is gone or about to be. */
export const isImmediate = (facts: OrderFacts): boolean =>
  facts.timeInForce === 'ioc' || facts.timeInForce === 'fok' || facts.type === 'market'

/** A venue's clock as a time of ours: whole milliseconds. */
export const truncated = (clock: Decimal): number => Math.trunc(Number(clock))

/** Whether the change would change anything. */
export const differs = (facts: OrderFacts, change: Partial<OrderFacts>): boolean =>
  Object.entries(change).some(([name, value]) => Reflect.get(facts, name) !== value)
