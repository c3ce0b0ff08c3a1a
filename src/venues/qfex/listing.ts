/** Owns one reply to `get_user_orders`: its rows judged one by one, and what keeps it from proving absence. */
import type { z } from 'zod'
import { compare } from '../../core/decimal.ts'
import type { OrderKind, OrderRef } from '../../core/order.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import { VenueError } from '../errors.ts'
import { sampleOf } from '../scrub.ts'
import { timeMs } from './times.ts'
import {
  allOrdersSchema,
  type IdName,
  legibleId,
  type OrderRow,
  orderSchema,
  problemOf,
  type StopRow,
  stopSchema,
  type TwapRow,
  twapSchema,
} from './wire.ts'

export interface Listing {
  orders: OrderRow[]
  twaps: TwapRow[]
  stops: StopRow[]
  /** Kinds this reply lists: without the key it does not speak of them. */
  kinds: OrderKind[]
  alsoPresent: OrderRef[]
  quarantined: Quarantined[]
  /** Why it proves nothing about what it does not show. */
  flaws: string[]
  /** Rows of `orders` alone, by which an offset moves on, and of all kinds, which may be what the limit counts. */
  orderRows: number
  allRows: number
  users: Set<string>
}

/** Throws VenueError `broken` where the reply is no list at all. */
export function readListing(body: unknown): Listing {
  const parsed = allOrdersSchema.safeParse(body)
  if (!parsed.success) throw new VenueError('broken', `all_orders_response: ${problemOf(parsed.error)}`)
  const { orders, twaps, stop_orders: stops } = parsed.data
  const into: Flawed = { alsoPresent: [], quarantined: [], flaws: [], users: new Set() }
  // The documents know no null here, so it may as well be a failure as an empty list.
  if (orders === null) into.flaws.push('orders is null')
  const kinds: OrderKind[] = ['order']
  if (twaps !== undefined) kinds.push('algo')
  if (stops !== undefined) kinds.push('trigger')
  return {
    orders: readRows({ schema: orderSchema, idName: 'order_id', time: 'update_time', kind: 'order' }, orders, into),
    twaps: readRows({ schema: twapSchema, idName: 'twap_id', time: 'updated_at', kind: 'algo' }, twaps, into),
    stops: readRows({ schema: stopSchema, idName: 'stop_order_id', time: 'update_time', kind: 'trigger' }, stops, into),
    kinds,
    ...into,
    orderRows: orders?.length ?? 0,
    allRows: (orders?.length ?? 0) + (twaps?.length ?? 0) + (stops?.length ?? 0),
  }
}

type Flawed = Pick<Listing, 'alsoPresent' | 'quarantined' | 'flaws' | 'users'>
type Row = Readonly<Record<string, unknown>> & { user_id?: string | null | undefined }

interface Shape<R extends Row> {
  schema: z.ZodType<R>
  idName: IdName
  time: string
  kind: OrderKind
}

function readRows<R extends Row>(shape: Shape<R>, rows: readonly unknown[] | null | undefined, into: Flawed): R[] {
  const { schema, idName, kind } = shape
  const rowsById = new Map<string, R>()
  for (const row of rows ?? []) {
    const venueOrderId = legibleId(row, idName)
    const parsed = schema.safeParse(row)
    if (!parsed.success || venueOrderId === null) {
      const problem = parsed.success ? `${idName}: illegible` : problemOf(parsed.error)
      into.quarantined.push({ where: `${kind}s[]`, problem, sample: sampleOf(row) })
      if (venueOrderId === null) into.flaws.push('a row without a legible id')
      else into.alsoPresent.push({ kind, venueOrderId })
      continue
    }
    if (parsed.data.user_id) into.users.add(parsed.data.user_id)
    const before = rowsById.get(venueOrderId)
    if (before !== undefined) into.flaws.push('the same id twice')
    if (before === undefined || !isOlder(parsed.data, before, shape.time)) rowsById.set(venueOrderId, parsed.data)
  }
  return [...rowsById.values()]
}

function isOlder(row: Row, than: Row, time: string): boolean {
  const [a, b] = [row, than].map((one) => {
    const value = one[time]
    return typeof value === 'number' || typeof value === 'string' ? timeMs(value) : null
  })
  return a != null && b != null && compare(a, b) < 0
}
