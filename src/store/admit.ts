/** Owns the door at which an outcome that would break the log is turned away, before it writes anything. */
import type { EventDraft } from '../core/event.ts'
import { differingFacts, type Folded, foldEvent } from '../core/fold.ts'
import { type Order, type OrderKey, orderKey, type VenueName } from '../core/order.ts'
import type { Outcome } from '../core/outcome.ts'
import { SavepointError } from './errors.ts'

/**
 * Folds the events on top of what is stored (null: a new order): they must lead, promise by promise, to the orders that
 * come with them. Throws SavepointError.
 */
export function admit(
  account: string,
  venue: VenueName,
  { orders, events }: Pick<Outcome, 'orders' | 'events'>,
  stored: ReadonlyMap<OrderKey, Order | null>,
): void {
  const drafts = groupByOrder(events)
  const refuse = (key: OrderKey, why: string) => new SavepointError(`${account}/${key} would break the log: ${why}`)
  for (const key of drafts.keys()) if (!stored.has(key)) throw refuse(key, 'events without the order they lead to')
  for (const order of orders) {
    const key = orderKey(order)
    if (order.account !== account || order.venue !== venue)
      throw refuse(key, `it is of ${order.venue} ${order.account}`)
    let state: Folded | null = stored.get(key) ?? null
    for (const draft of drafts.get(key) ?? []) {
      const next = foldEvent(state, draft)
      if (next.problems.length > 0) throw refuse(key, next.problems.join('; '))
      state = next.state
    }
    if (state === null) throw refuse(key, 'a new order without events')
    if (state.version !== order.version) throw refuse(key, `version ${order.version} after event ${state.version}`)
    const differing = differingFacts(state.facts, order.facts)
    if (differing.length > 0) throw refuse(key, `${differing.join(', ')} changed without an event`)
    if (state.ended !== order.ended) throw refuse(key, 'its ended flag is not what its events lead to')
  }
  if (stored.size !== orders.length) throw new SavepointError(`${account}: an order twice in one outcome`)
}

function groupByOrder(events: readonly EventDraft[]): Map<OrderKey, EventDraft[]> {
  const groups = new Map<OrderKey, EventDraft[]>()
  for (const event of events) {
    const group = groups.get(orderKey(event))
    if (group === undefined) groups.set(orderKey(event), [event])
    else group.push(event)
  }
  return groups
}
