/** Writes lives of orders, one event at a time, as the reconciler would. */
import { subtract } from '../../src/core/decimal.ts'
import type { EventDraft, EventType } from '../../src/core/event.ts'
import type { Order, OrderFacts } from '../../src/core/order.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import type { ConfiguredAccount } from '../../src/store/accounts.ts'
import { anOrder } from '../support/orders.ts'

export const MAIN: ConfiguredAccount = {
  id: 'main',
  venue: 'qfex',
  environment: 'production',
  identity: 'trade.qfex.com user-1',
  enabled: true,
  trackSince: null,
}

export const nothing: Outcome = {
  orders: [],
  events: [],
  fills: [],
  probes: [],
  courses: new Map(),
  notes: [],
  suspiciouslyEmpty: false,
  blind: false,
  rejections: 0,
}

export interface Step {
  order: Order
  event: EventDraft
}

/** The next event of an order: what changes, and the facts and versions that follow from it. */
export function step(before: Order, type: EventType, change: Partial<OrderFacts> = {}): Step {
  const ended = before.ended || type === 'filled' || type === 'cancelled'
  const facts = { ...before.facts, ...change }
  const order: Order = { ...before, facts, version: before.version + 1, ended }
  const filled = subtract(facts.filledQuantity, before.facts.filledQuantity)
  const { kind, venueOrderId } = order
  const event: EventDraft = {
    kind,
    venueOrderId,
    type,
    version: order.version,
    reason: null,
    evidence: facts.evidence,
    venueTime: null,
    fillQuantity: filled === '0' ? null : filled,
    fillPrice: null,
    facts,
  }
  return { order, event }
}

/** A new order with its first event. */
export const opened = (facts: Partial<OrderFacts> = {}, over: Parameters<typeof anOrder>[1] = {}): Step =>
  step(anOrder({ ...facts }, { ...over, version: 0, lastSeq: 0 }), 'opened')

/** One outcome of steps; the last step of each order leads to its new state. */
export function outcomeOf(...steps: Step[]): Outcome {
  const orders = new Map(steps.map(({ order }) => [`${order.kind}/${order.venueOrderId}`, order]))
  return { ...nothing, orders: [...orders.values()], events: steps.map(({ event }) => event) }
}
