/** Owns the SELECT statements behind the reader. */
import { and, asc, desc, eq, gt, or, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { Meta } from './meta.ts'
import { MAX_QUARANTINED } from './notes.ts'
import type { Connection } from './open.ts'
import {
  DEFAULT_PAGE,
  type EventPage,
  type FindResult,
  type FullRef,
  MAX_CANDIDATES,
  MAX_PAGE,
  type OpenOrderFilter,
  type OpenOrderPage,
  type OrderFilter,
} from './pages.ts'
import type { FillRecord, OrderRecord } from './records.ts'
import {
  EVENT_FIELDS,
  eventRecord,
  FILL_FIELDS,
  OBSERVATION_FIELDS,
  OPEN_ORDER_FIELDS,
  ORDER_FIELDS,
  orderRecord,
  QUARANTINE_FIELDS,
} from './records.ts'
import { fills, observations, openOrders, orderEvents, orders, quarantine } from './schema.ts'

export const pageSize = (limit: number = DEFAULT_PAGE) => Math.max(1, Math.min(Math.trunc(limit), MAX_PAGE))

export function createOrderQueries(connection: Connection) {
  const db = drizzle(connection)
  const given = <T>(value: T | undefined, condition: (value: T) => ReturnType<typeof eq>) =>
    value === undefined ? undefined : condition(value)
  return {
    orderPage(filter: OrderFilter) {
      const limit = pageSize(filter.limit)
      const where = and(
        given(filter.after, (after) => gt(orders.id, Number(after))),
        given(filter.account, (account) => eq(orders.account, account)),
        given(filter.venue, (venue) => eq(orders.venue, venue)),
        given(filter.symbol, (symbol) => eq(orders.symbol, symbol)),
        given(filter.status, (status) => eq(orders.status, status)),
        given(filter.kind, (kind) => eq(orders.kind, kind)),
      )
      const rows = db.select(ORDER_FIELDS).from(orders).where(where).orderBy(asc(orders.id)).limit(limit).all()
      const last = rows.at(-1)
      return {
        orders: rows.map(orderRecord),
        next: last !== undefined && rows.length === limit ? String(last.id) : null,
      }
    },
    openOrderPage({ account, limit: wanted, after }: OpenOrderFilter): Omit<OpenOrderPage, 'last_seq'> {
      const limit = pageSize(wanted)
      const { account: a, kind, venueOrderId } = openOrders
      const from = after === undefined ? undefined : splitRef(after)
      const where = and(
        given(account, (only) => eq(a, only)),
        given(
          from,
          (ref) => sql`(${a}, ${kind}, ${venueOrderId}) > (${ref.account}, ${ref.kind}, ${ref.venueOrderId})`,
        ),
      )
      const rows = db
        .select(OPEN_ORDER_FIELDS)
        .from(openOrders)
        .where(where)
        .orderBy(a, kind, venueOrderId)
        .limit(limit)
        .all()
      const last = rows.at(-1)
      const next = last !== undefined && rows.length === limit ? refText(last) : null
      return { orders: rows, next }
    },
  }
}

const refText = (row: { account: string; kind: string; venue_order_id: string }) =>
  `${row.account}/${row.kind}/${row.venue_order_id}`

/** An id may hold slashes; account and kind hold none. */
function splitRef(text: string): { account: string; kind: string; venueOrderId: string } {
  const [account = '', kind = '', ...id] = text.split('/')
  return { account, kind, venueOrderId: id.join('/') }
}

export function createEventQueries(connection: Connection) {
  const db = drizzle(connection)
  const page = db
    .select(EVENT_FIELDS)
    .from(orderEvents)
    .where(gt(orderEvents.seq, sql.placeholder('after')))
    .orderBy(asc(orderEvents.seq))
    .limit(sql.placeholder('limit'))
    .prepare()
  const ofOrder = db
    .select(EVENT_FIELDS)
    .from(orderEvents)
    .where(isOrder(orderEvents))
    .orderBy(desc(orderEvents.version))
    .limit(MAX_PAGE)
    .prepare()
  return {
    eventPage({ logId, lastSeq }: Meta, after: number, limit: number): EventPage {
      const events = page.all({ after, limit }).map((row) => eventRecord(logId, row))
      return { events, next: events.at(-1)?.cursor ?? `${logId}:${after}`, last_seq: lastSeq }
    },
    eventsOf: ({ logId }: Meta, { account, kind, venueOrderId }: FullRef) =>
      ofOrder
        .all({ account, kind, venueOrderId })
        .reverse()
        .map((row) => eventRecord(logId, row)),
  }
}

const isOrder = (table: typeof orderEvents | typeof orders | typeof fills | typeof observations) =>
  and(
    eq(table.account, sql.placeholder('account')),
    eq(table.kind, sql.placeholder('kind')),
    eq(table.venueOrderId, sql.placeholder('venueOrderId')),
  )

export function createFinder(connection: Connection) {
  const db = drizzle(connection)
  const exact = db.select(ORDER_FIELDS).from(orders).where(isOrder(orders)).prepare()
  // Every account and kind by name, so that the index on the identity serves an id without them.
  const byId = db
    .select(ORDER_FIELDS)
    .from(orders)
    .where(
      or(
        and(
          sql`${orders.account} in (select account from accounts)`,
          sql`${orders.kind} in ('order', 'algo', 'trigger')`,
          eq(orders.venueOrderId, sql.placeholder('text')),
        ),
        eq(orders.clientOrderId, sql.placeholder('text')),
      ),
    )
    .limit(MAX_CANDIDATES)
    .prepare()
  const exactly = (ref: { account: string; kind: string; venueOrderId: string }): OrderRecord | null => {
    const row = exact.get(ref)
    return row === undefined ? null : orderRecord(row)
  }
  return {
    exact: (ref: FullRef) => exactly(ref),
    find(text: string): FindResult {
      const whole = exactly(splitRef(text))
      if (whole !== null) return { order: whole }
      const found = byId.all({ text })
      const [only] = found
      if (only !== undefined && found.length === 1) return { order: orderRecord(only) }
      return {
        candidates: found.map(({ account, kind, venue_order_id }) => ({ account, kind, venueOrderId: venue_order_id })),
      }
    },
  }
}

export function createSideQueries(connection: Connection) {
  const db = drizzle(connection)
  const fillQuery = db
    .select(FILL_FIELDS)
    .from(fills)
    .where(isOrder(fills))
    .orderBy(sql`rowid`)
    .limit(MAX_PAGE)
    .prepare()
  const observationQuery = db
    .select(OBSERVATION_FIELDS)
    .from(observations)
    .where(isOrder(observations))
    .orderBy(asc(observations.id))
    .prepare()
  const quarantineQuery = db
    .select(QUARANTINE_FIELDS)
    .from(quarantine)
    .where(eq(quarantine.account, sql.placeholder('account')))
    .orderBy(desc(quarantine.lastAt), desc(quarantine.id))
    .limit(MAX_QUARANTINED)
    .prepare()
  return {
    fillsOf: ({ account, kind, venueOrderId }: FullRef): FillRecord[] => fillQuery.all({ account, kind, venueOrderId }),
    observationsOf: ({ account, kind, venueOrderId }: FullRef) => observationQuery.all({ account, kind, venueOrderId }),
    quarantined: (account: string) => quarantineQuery.all({ account }),
  }
}
