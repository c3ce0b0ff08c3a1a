/** Owns the question about one order of v3: who is asked in turn, and what an answer proves. */
import { isZero } from '../../core/decimal.ts'
import type { Fill } from '../../core/order.ts'
import type { LookupAnswer, Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import type { Question } from '../venue.ts'
import { type Asking, ORDER_HISTORY, readEnded, readTradesWhere } from './history.ts'
import { orderOf } from './map.ts'
import { refuseStranger } from './rows.ts'
import { readList } from './snapshot.ts'
import { algoOrdersSchema, legibleOrderId, ordersSchema, readOrder } from './wire.ts'

/** Clocks of an order's opening, of its ending and of ours need not be the same one. */
const SEARCH_MARGIN_MS = 600_000

/**
 * `get_order` does not know a trigger order that has not fired, so its 11006 is a word about the book alone: only where
 * the waiting lists and history do not have the order either is there no such order, and even that proves no ending.
 */
export async function lookUp(question: Question, asking: Asking, now: number): Promise<LookupAnswer> {
  const sighting =
    (await findOnBook(question, asking)) ??
    (await findWaiting(question, asking)) ??
    (await findEnded(question, asking, now))
  if (sighting === null) return { is: 'no_such_order' }
  return { is: 'found', sighting, fills: await executionsOf(sighting, asking) }
}

async function findOnBook(
  { venueOrderId }: Question,
  { call, subaccountId, signal }: Asking,
): Promise<Sighting | null> {
  const method = 'private/get_order'
  try {
    const { result } = await call(method, { order_id: venueOrderId, subaccount_id: subaccountId }, signal)
    const row = readOrder(result)
    if (!row.ok) throw new VenueError('broken', `${method}: ${row.problem}`)
    refuseStranger(row.value.subaccount_id, method, subaccountId)
    if (row.value.order_id === venueOrderId) return orderOf(row.value)
    throw new VenueError('broken', `${method}: answered with another order`)
  } catch (error) {
    if (error instanceof VenueError && error.failure === 'not_found') return null
    throw error
  }
}

const WAITING = [
  { method: 'private/get_trigger_orders', schema: ordersSchema },
  { method: 'private/get_algo_orders', schema: algoOrdersSchema },
] as const

async function findWaiting({ venueOrderId }: Question, asking: Asking): Promise<Sighting | null> {
  for (const { method, schema } of WAITING) {
    const list = await readList(asking.call, method, schema, asking.subaccountId, asking.signal)
    const found = list.sightings.find((sighting) => sighting.venueOrderId === venueOrderId)
    if (found !== undefined) return found
    const isThere = list.alsoPresent.some((ref) => ref.venueOrderId === venueOrderId)
    if (isThere || list.illegible)
      throw new VenueError('broken', `${method}: the order asked for may be there, unreadable`)
  }
  return null
}

async function findEnded(question: Question, asking: Asking, now: number): Promise<Sighting | null> {
  const { venueOrderId, firstSeenAt, since } = question
  const window = { from: Math.min(since ?? firstSeenAt, firstSeenAt) - SEARCH_MARGIN_MS, to: now + SEARCH_MARGIN_MS }
  const isIt = (row: unknown) => legibleOrderId(row) === venueOrderId
  const ended = await readEnded(window, asking, (rows) => rows.some(isIt))
  const raw = ended.rows.find(isIt)
  if (raw === undefined) {
    if (ended.incomplete === null) return null
    throw new VenueError('later', `${ORDER_HISTORY}: ${ended.incomplete}`)
  }
  const row = readOrder(raw)
  if (!row.ok) throw new VenueError('broken', `${ORDER_HISTORY}: ${row.problem}`)
  refuseStranger(row.value.subaccount_id, ORDER_HISTORY, asking.subaccountId)
  return orderOf(row.value)
}

/** Executions add prices; the state of the order does not depend on them, so that their failure does not hold it up. */
async function executionsOf({ venueOrderId, claim, filled }: Sighting, asking: Asking): Promise<Fill[]> {
  if (filled === null ? claim.is !== 'filled' : isZero(filled)) return []
  try {
    const { fills } = await readTradesWhere({ order_id: venueOrderId }, asking)
    return fills.filter((fill) => fill.venueOrderId === venueOrderId)
  } catch (error) {
    if (error instanceof VenueError) return []
    throw error
  }
}
