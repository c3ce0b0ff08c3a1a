/** Owns queries: what consumers, the command line and HTTP see of the database. Short pages, never a long iterator. */
import { and, asc, desc, eq, gt, or, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { OrderKind, OrderRef, OrderStatus, VenueName } from '../core/order.ts'
import { type AccountRow, createAccountTable } from './accounts.ts'
import { namedFailure } from './errors.ts'
import { createMetaReader, type Meta } from './meta.ts'
import { assertCurrent } from './migrate.ts'
import { MAX_QUARANTINED } from './notes.ts'
import { type Connection, openReadOnly } from './open.ts'
import {
  EVENT_FIELDS,
  type EventRecord,
  eventRecord,
  FILL_FIELDS,
  type FillRecord,
  OBSERVATION_FIELDS,
  type ObservationRecord,
  OPEN_ORDER_FIELDS,
  type OpenOrderRecord,
  ORDER_FIELDS,
  type OrderRecord,
  orderRecord,
  QUARANTINE_FIELDS,
  type QuarantineRecord,
} from './records.ts'
import { fills, observations, openOrders, orderEvents, orders, quarantine } from './schema.ts'
import { type Verified, verifyLog } from './verify.ts'

export const DEFAULT_PAGE = 100
/** A larger page would hold a read transaction long enough to keep the write-ahead log from shrinking. */
export const MAX_PAGE = 1_000
/** Candidates shown where an id is not unique. */
export const MAX_CANDIDATES = 20

export interface OrderFilter {
  account?: string | undefined
  venue?: VenueName | undefined
  symbol?: string | undefined
  status?: OrderStatus | undefined
  kind?: OrderKind | undefined
  limit?: number | undefined
  /** `next` of the page before. */
  after?: string | undefined
}

export type OpenOrderFilter = Pick<OrderFilter, 'account' | 'limit' | 'after'>

/** `next` is null at the end. `last_seq` belongs to the same instant as the orders. */
export interface OrderPage {
  orders: OrderRecord[]
  next: string | null
  last_seq: number
}

export interface OpenOrderPage {
  orders: OpenOrderRecord[]
  next: string | null
  last_seq: number
}

/** `next` is the cursor to continue from, also at the end. */
export interface EventPage {
  events: EventRecord[]
  next: string
  last_seq: number
}

export interface FullRef extends OrderRef {
  account: string
}

/** `candidates` is empty where nothing has this id, else what it may mean, {@link MAX_CANDIDATES} at most. */
export type FindResult = { order: OrderRecord } | { candidates: FullRef[] }

/** Events, fills and observations are oldest first, events the newest {@link MAX_PAGE} of the order. */
export interface Explanation {
  order: OrderRecord | null
  events: EventRecord[]
  fills: FillRecord[]
  observations: ObservationRecord[]
}

/** Every method throws StoreUnavailableError or StoreCorruptError where the file fails. */
export interface StoreReader {
  meta(): Meta
  /** Changes when another connection commits. */
  dataVersion(): number
  accounts(): AccountRow[]
  /** In the order of first sight. `limit` is {@link DEFAULT_PAGE}, at most {@link MAX_PAGE}. */
  orders(filter: OrderFilter): OrderPage
  /** Open orders of enabled accounts, with `as_of`. */
  openOrders(page: OpenOrderFilter): OpenOrderPage
  /** Events with a larger seq than `after`. Judging the cursor is the feed's part. */
  events(page: { after: number; limit?: number | undefined }): EventPage
  /** `account/kind/id`, or a venue or client id if it is unique. */
  findOrder(text: string): FindResult
  explain(ref: FullRef): Explanation
  /** Newest first. */
  quarantined(account: string): QuarantineRecord[]
  /** Checks what the log promises over the whole database, in pages. */
  verify(): Verified
}

/**
 * Opens the database of a running or stopped daemon for reading. Throws StoreOpenError, StoreCorruptError, SchemaOlderError
 * or SchemaNewerError.
 */
export function openReader(path: string): StoreReader & Disposable {
  const db = openReadOnly(path)
  try {
    assertCurrent(db, path)
    return { ...createReader(db), [Symbol.dispose]: () => void db.close() }
  } catch (error) {
    db.close()
    throw namedFailure(error, path)
  }
}

export function createReader(connection: Connection): StoreReader {
  const meta = createMetaReader(connection)
  const accounts = createAccountTable(connection)
  const dataVersion = connection.prepare<[], { data_version: number }>('pragma data_version')
  const { orderPage, openOrderPage } = createOrderQueries(connection)
  const { eventPage, eventsOf } = createEventQueries(connection)
  const find = createFinder(connection)
  const { fillsOf, observationsOf, quarantined } = createSideQueries(connection)
  /** Several reads of one instant; inside a transaction of the owner they are that anyway. */
  const together = <T>(read: () => T): T =>
    connection.inTransaction ? read() : connection.transaction(read).deferred()
  const named = <T>(read: () => T): T => {
    try {
      return read()
    } catch (error) {
      throw namedFailure(error, connection.name)
    }
  }
  return {
    meta: () => named(meta),
    dataVersion: () => named(() => dataVersion.get()?.data_version ?? 0),
    accounts: () => named(accounts.all),
    orders: (filter) => named(() => together(() => ({ ...orderPage(filter), last_seq: meta().lastSeq }))),
    openOrders: (page) => named(() => together(() => ({ ...openOrderPage(page), last_seq: meta().lastSeq }))),
    events: ({ after, limit }) => named(() => together(() => eventPage(meta(), after, pageSize(limit)))),
    findOrder: (text) => named(() => find(text)),
    explain: (ref) =>
      named(() =>
        together(() => {
          const order = find(`${ref.account}/${ref.kind}/${ref.venueOrderId}`)
          const found = 'order' in order ? order.order : null
          const events = eventsOf(meta(), ref)
          return { order: found, events, fills: fillsOf(ref), observations: observationsOf(ref) }
        }),
      ),
    quarantined: (account) => named(() => quarantined(account)),
    verify: () => named(() => verifyLog(connection)),
  }
}

const pageSize = (limit: number = DEFAULT_PAGE) => Math.max(1, Math.min(Math.trunc(limit), MAX_PAGE))

function createOrderQueries(connection: Connection) {
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
    openOrderPage({ account, limit: wanted, after }: OpenOrderFilter) {
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

function createEventQueries(connection: Connection) {
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

function createFinder(connection: Connection): (text: string) => FindResult {
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
  return (text) => {
    const whole = exact.get(splitRef(text))
    if (whole !== undefined) return { order: orderRecord(whole) }
    const found = byId.all({ text })
    const [only] = found
    if (only !== undefined && found.length === 1) return { order: orderRecord(only) }
    return {
      candidates: found.map(({ account, kind, venue_order_id }) => ({ account, kind, venueOrderId: venue_order_id })),
    }
  }
}

function createSideQueries(connection: Connection) {
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
    fillsOf: ({ account, kind, venueOrderId }: FullRef) => fillQuery.all({ account, kind, venueOrderId }),
    observationsOf: ({ account, kind, venueOrderId }: FullRef) => observationQuery.all({ account, kind, venueOrderId }),
    quarantined: (account: string) => quarantineQuery.all({ account }),
  }
}
