/** Owns the questions about one order: its details, and its executions. */
import type { Fill } from '../../core/order.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import { sampleOf } from '../scrub.ts'
import { mapOrder, mapTrade, type Seen } from './map.ts'
import type { Get } from './rest.ts'
import { readList, readSingle } from './wire.ts'

export interface Executions {
  fills: Fill[]
  quarantined: Quarantined[]
}

export type Detail = { ok: true; value: Seen } | { ok: false; quarantined: Quarantined }

/** The order, open or ended. Throws `not_found` on the venue's own word, `broken` where another order answers. */
export async function readDetail(get: Get, id: string, signal: AbortSignal): Promise<Detail> {
  const { body } = await get(`/api/1.0/orders/${id}`, {}, 1, signal)
  const single = readSingle(body)
  const order = single.ok ? mapOrder(single.value) : single
  if (!order.ok) {
    return { ok: false, quarantined: { where: `order ${id}`, problem: order.problem, sample: sampleOf(body) } }
  }
  if (order.value.sighting.venueOrderId === id) return order
  throw new VenueError('broken', `asked for order ${id}, answered with another`)
}

/** All executions of one order. None where the venue knows none. */
export async function readExecutions(get: Get, order: Sighting, signal: AbortSignal): Promise<Executions> {
  const answer = await get(`/api/1.0/orders/fills/${order.venueOrderId}`, {}, 1, signal).catch(noneIfNotFound)
  const list = answer === null ? { ok: true as const, value: [] } : readList(answer.body)
  if (!list.ok) throw new VenueError('broken', `fills of order ${order.venueOrderId}: ${list.problem}`)
  const executions: Executions = { fills: [], quarantined: [] }
  for (const raw of list.value) {
    const fill = mapTrade(raw, order)
    if (fill.ok) executions.fills.push(fill.value)
    else executions.quarantined.push({ where: 'fills[]', problem: fill.problem, sample: sampleOf(raw) })
  }
  return executions
}

/** Whether executions are worth asking for: an algo's are its slices', and what nothing filled has none. */
export function hasExecutions({ kind, claim, filled }: Sighting): boolean {
  return kind === 'order' && (filled === null ? claim.is === 'filled' : filled !== '0')
}

function noneIfNotFound(error: unknown): null {
  if (error instanceof VenueError && error.failure === 'not_found') return null
  throw error
}
