/** Owns a look at the open orders of v3: three lists that are not one moment, read in the order in which orders move. */
import type { z } from 'zod'
import type { Coverage, Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import type { SnapshotRead } from '../venue.ts'
import type { Call, ReadMethod } from './rest.ts'
import { keepNewer, type Rows, readOrders, refuseStranger } from './rows.ts'
import { algoOrdersSchema, decode, ordersSchema } from './wire.ts'

/**
 * A trigger order that fires between two requests moves from the first list to the last, so in this order it is in one of
 * them at least; in another it could be in none. Algo orders never rest on the book.
 */
const LISTS = [
  { method: 'private/get_trigger_orders', schema: ordersSchema },
  { method: 'private/get_algo_orders', schema: algoOrdersSchema },
  { method: 'private/get_open_orders', schema: ordersSchema },
] as const

export interface List extends Rows {
  venueTime: number | null
}

/** Throws where no list could be read or an answer is not to be believed; without one of the lists presence is proven. */
export async function readOpenOrders(call: Call, subaccountId: number, signal: AbortSignal): Promise<SnapshotRead> {
  const lists: List[] = []
  const failures: { method: string; error: VenueError }[] = []
  for (const { method, schema } of LISTS) {
    try {
      lists.push(await readList(call, method, schema, subaccountId, signal))
    } catch (error) {
      if (!(error instanceof VenueError) || !concernsOneList(error)) throw error
      failures.push({ method, error })
    }
  }
  const [failed] = failures
  if (lists.length === 0 && failed !== undefined) throw failed.error
  const unread = failed === undefined ? null : `${failed.method} failed: ${failed.error.failure}`
  const problems = failures.map(({ method, error }) => ({ where: method, problem: error.message, sample: '' }))
  const read = merge(lists, { unread, pages: 1 })
  return { ...read, quarantined: [...read.quarantined, ...problems] }
}

/** One of the lists; it is never paged. */
export async function readList(
  call: Call,
  method: ReadMethod,
  schema: typeof ordersSchema | typeof algoOrdersSchema,
  subaccountId: number,
  signal: AbortSignal,
): Promise<List> {
  const { result, venueTime } = await call(method, { subaccount_id: subaccountId }, signal)
  const list = decode<z.ZodType<{ orders: unknown[]; subaccount_id?: string | null | undefined }>>(schema, result)
  if (!list.ok) throw new VenueError('broken', `${method}: ${list.problem}`)
  refuseStranger(list.value.subaccount_id, method, subaccountId)
  return { ...readOrders(list.value.orders, method, subaccountId), venueTime }
}

/** A list that is down, or that this venue does not have, leaves the others true; garbage or another's rows do not. */
const concernsOneList = ({ failure }: VenueError): boolean => failure === 'later' || failure === 'misused'

/** How the lists were read: why that is not all of them, and the most pages that one of them took. */
export interface Reading {
  unread: string | null
  pages: number
}

/** One read out of several lists. An order in two of them moved between the requests, which tears nothing. */
export function merge(lists: readonly List[], reading: Reading): SnapshotRead {
  const byId = new Map<string, Sighting>()
  for (const list of lists) for (const sighting of list.sightings) keepNewer(byId, sighting)
  return {
    scope: { of: 'account', kinds: ['order'] },
    coverage: coverageOf(lists, reading),
    sightings: [...byId.values()],
    alsoPresent: lists.flatMap(({ alsoPresent }) => alsoPresent),
    sameSession: false,
    venueTime: lists[0]?.venueTime ?? null,
    quarantined: lists.flatMap(({ quarantined }) => quarantined),
  }
}

function coverageOf(lists: readonly List[], { unread, pages }: Reading): Coverage {
  if (lists.some(({ illegible }) => illegible)) return { proves: 'presence', because: 'a row without a legible id' }
  if (unread !== null) return { proves: 'presence', because: unread }
  if (lists.some(({ torn }) => torn)) return { proves: 'presence', because: 'an order was listed twice' }
  if (pages > 1) return { proves: 'absence_if_repeated', because: `${pages} pages in an order nobody documents` }
  return { proves: 'absence' }
}
