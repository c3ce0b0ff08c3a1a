/**
 * Owns the shape of the database. Columns marked private may change in any release; the rest is a contract that consumers
 * read. Words carry no CHECK: their sets may grow, and an old reader skips what it does not know.
 */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, sqliteView, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Decimal } from '../core/decimal.ts'
import type { EventReason, EventType } from '../core/event.ts'
import type {
  EndReason,
  Evidence,
  OrderKind,
  OrderStatus,
  OrderType,
  PositionSide,
  Side,
  TimeInForce,
  VenueName,
} from '../core/order.ts'

/** Counts breaking changes of the public tables and columns; `meta.schema_version`. */
export const SCHEMA_VERSION = 1

/** Marks a SQLite file as ours: "ords". Written by the first migration. */
export const APPLICATION_ID = 0x6f726473

/** Words may grow, so a reader treats them as text; the writer only ever writes these. */
export type AccountState = 'ok' | 'degraded' | 'refused' | 'blind' | 'disabled' | 'removed'

export const orders = sqliteTable(
  'orders',
  {
    /** Private: the order of first sight, for paging. */
    id: integer().primaryKey(),
    account: text().notNull(),
    venue: text().$type<VenueName>().notNull(),
    kind: text().$type<OrderKind>().notNull(),
    venueOrderId: text('venue_order_id').notNull(),
    clientOrderId: text('client_order_id'),
    parentOrderId: text('parent_order_id'),
    symbol: text().notNull(),
    base: text(),
    quote: text(),
    side: text().$type<Side>(),
    positionSide: text('position_side').$type<PositionSide>(),
    type: text().$type<OrderType>().notNull(),
    timeInForce: text('time_in_force').$type<TimeInForce>(),
    postOnly: integer('post_only', { mode: 'boolean' }),
    reduceOnly: integer('reduce_only', { mode: 'boolean' }),
    quantity: text().$type<Decimal>(),
    quoteQuantity: text('quote_quantity').$type<Decimal>(),
    price: text().$type<Decimal>(),
    triggerPrice: text('trigger_price').$type<Decimal>(),
    filledQuantity: text('filled_quantity').$type<Decimal>().notNull(),
    status: text().$type<OrderStatus>().notNull(),
    reason: text().$type<EndReason>(),
    evidence: text().$type<Evidence>().notNull(),
    openedAt: integer('opened_at'),
    closedAt: integer('closed_at'),
    replaces: text(),
    replacedBy: text('replaced_by'),
    version: integer().notNull(),
    lastSeq: integer('last_seq').notNull(),
    venueStatus: text('venue_status'),
    venueUpdatedAt: integer('venue_updated_at'),
    firstSeenAt: integer('first_seen_at').notNull(),
    missingSince: integer('missing_since'),
    averageFillPrice: text('average_fill_price').$type<Decimal>(),
    fee: text().$type<Decimal>(),
    feeAsset: text('fee_asset'),
    details: text().notNull(),
    /** Private: the venue's own time of the newest accepted message, ms with all its digits. */
    venueClock: text('venue_clock').$type<Decimal>(),
    /** Private: the part of the account (an address) the order is listed in. */
    partition: text(),
    /** Private: a `filled` or `cancelled` event was written, so that only `corrected` may follow. */
    ended: integer().notNull(),
  },
  (t) => [
    uniqueIndex('orders_identity').on(t.account, t.kind, t.venueOrderId),
    index('orders_status').on(t.account, t.status, t.symbol),
    index('orders_unknown').on(t.account, t.id).where(sql`status = 'unknown'`),
    index('orders_symbol').on(t.account, t.symbol),
    index('orders_client').on(t.clientOrderId).where(sql`client_order_id is not null`),
    index('orders_replaces').on(t.account, t.replaces).where(sql`replaces is not null`),
  ],
)

/**
 * Append-only: triggers refuse every UPDATE, every INSERT that is not the last seq plus one under a new event id, and every
 * DELETE while `meta.pruning` is 0. `seq` is the writer's to assign: AUTOINCREMENT and conflict clauses burn numbers.
 */
export const orderEvents = sqliteTable(
  'order_events',
  {
    seq: integer().primaryKey(),
    eventId: text('event_id').notNull(),
    type: text().$type<EventType>().notNull(),
    account: text().notNull(),
    venue: text().$type<VenueName>().notNull(),
    kind: text().$type<OrderKind>().notNull(),
    venueOrderId: text('venue_order_id').notNull(),
    clientOrderId: text('client_order_id'),
    symbol: text().notNull(),
    version: integer().notNull(),
    side: text().$type<Side>(),
    venueTime: integer('venue_time'),
    recordedAt: integer('recorded_at').notNull(),
    evidence: text().$type<Evidence>().notNull(),
    reason: text().$type<EventReason>(),
    fillQuantity: text('fill_quantity').$type<Decimal>(),
    fillPrice: text('fill_price').$type<Decimal>(),
    filledQuantity: text('filled_quantity').$type<Decimal>().notNull(),
    quantity: text().$type<Decimal>(),
    price: text().$type<Decimal>(),
    triggerPrice: text('trigger_price').$type<Decimal>(),
    data: text().notNull(),
  },
  (t) => [
    uniqueIndex('order_events_event_id').on(t.eventId),
    uniqueIndex('order_events_order').on(t.account, t.kind, t.venueOrderId, t.version),
  ],
)

export const fills = sqliteTable(
  'fills',
  {
    account: text().notNull(),
    venueOrderId: text('venue_order_id').notNull(),
    tradeId: text('trade_id').notNull(),
    /** What counts: `0` once the fill was reversed. */
    quantity: text().$type<Decimal>().notNull(),
    price: text().$type<Decimal>(),
    fee: text().$type<Decimal>(),
    feeAsset: text('fee_asset'),
    venueTime: integer('venue_time'),
    /** Private. */
    kind: text().$type<OrderKind>().notNull(),
    /** Private. */
    reversed: integer().notNull(),
    /** Private: the quantity as the venue stated it, also after a reversal. */
    statedQuantity: text('stated_quantity').$type<Decimal>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.account, t.venueOrderId, t.tradeId] })],
)

export const accounts = sqliteTable('accounts', {
  account: text().primaryKey(),
  venue: text().$type<VenueName>().notNull(),
  environment: text().notNull(),
  identity: text().notNull(),
  state: text().$type<AccountState>().notNull(),
  streamState: text('stream_state').notNull(),
  trackedSince: integer('tracked_since').notNull(),
  lastPollAt: integer('last_poll_at'),
  lastCompleteAt: integer('last_complete_at'),
  historyThrough: integer('history_through'),
  openOrders: integer('open_orders').notNull().default(0),
  missing: integer().notNull().default(0),
  unknown: integer().notNull().default(0),
  quarantined: integer().notNull().default(0),
  lastError: text('last_error'),
  /** Private: orders the venue refused to open. */
  rejections: integer().notNull().default(0),
  /** Private: the part of the identity that must never change. */
  pinnedIdentity: text('pinned_identity').notNull(),
  /** Private: the parts (addresses) now configured, JSON; null where the account has none. */
  partitions: text(),
})

export const meta = sqliteTable(
  'meta',
  {
    /** Private: always 1. */
    id: integer().primaryKey(),
    logId: text('log_id').notNull(),
    schemaVersion: integer('schema_version').notNull(),
    firstSeq: integer('first_seq').notNull(),
    lastSeq: integer('last_seq').notNull(),
    /** Private: of the newest event, so that `recorded_at` never decreases even after a prune. */
    lastRecordedAt: integer('last_recorded_at').notNull(),
    /** Private: 1 only inside the transaction of a prune. */
    pruning: integer().notNull().default(0),
  },
  (t) => [check('meta_is_one_row', sql`${t.id} = 1`)],
)

// ---- private tables -------------------------------------------------------------------------------------------------

/** When each scope was last read completely. `scope` is `kind/account`, `kind/symbol/…` or `kind/partition/…`. */
export const scopes = sqliteTable(
  'scopes',
  {
    account: text().notNull(),
    scope: text().notNull(),
    lastCompleteAt: integer('last_complete_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.account, t.scope] })],
)

/** What `explain` shows: decisions about an order, the newest only. `stored` is 0 where the order has no row. */
export const observations = sqliteTable(
  'observations',
  {
    id: integer().primaryKey(),
    account: text().notNull(),
    kind: text().$type<OrderKind>().notNull(),
    venueOrderId: text('venue_order_id').notNull(),
    at: integer().notNull(),
    source: text().notNull(),
    effect: text().notNull(),
    why: text().notNull(),
    said: text().notNull(),
    stored: integer().notNull(),
  },
  (t) => [
    index('observations_order').on(t.account, t.kind, t.venueOrderId, t.id),
    index('observations_strangers').on(t.account, t.id).where(sql`stored = 0`),
  ],
)

/** What did not parse. The same item seen again counts in `times`. */
export const quarantine = sqliteTable(
  'quarantine',
  {
    id: integer().primaryKey(),
    account: text().notNull(),
    place: text().notNull(),
    problem: text().notNull(),
    sample: text().notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
    times: integer().notNull(),
  },
  (t) => [
    uniqueIndex('quarantine_item').on(t.account, t.place, t.problem, t.sample),
    index('quarantine_age').on(t.account, t.lastAt),
  ],
)

/** Open orders of enabled accounts. `as_of`: the last complete read of a scope the order is in, ms; null before the first. */
export const openOrders = sqliteView('open_orders', {
  account: text().notNull(),
  venue: text().$type<VenueName>().notNull(),
  kind: text().$type<OrderKind>().notNull(),
  venueOrderId: text('venue_order_id').notNull(),
  clientOrderId: text('client_order_id'),
  parentOrderId: text('parent_order_id'),
  symbol: text().notNull(),
  base: text(),
  quote: text(),
  side: text().$type<Side>(),
  positionSide: text('position_side').$type<PositionSide>(),
  type: text().$type<OrderType>().notNull(),
  timeInForce: text('time_in_force').$type<TimeInForce>(),
  postOnly: integer('post_only', { mode: 'boolean' }),
  reduceOnly: integer('reduce_only', { mode: 'boolean' }),
  quantity: text().$type<Decimal>(),
  quoteQuantity: text('quote_quantity').$type<Decimal>(),
  price: text().$type<Decimal>(),
  triggerPrice: text('trigger_price').$type<Decimal>(),
  filledQuantity: text('filled_quantity').$type<Decimal>().notNull(),
  evidence: text().$type<Evidence>().notNull(),
  openedAt: integer('opened_at'),
  replaces: text(),
  firstSeenAt: integer('first_seen_at').notNull(),
  missingSince: integer('missing_since'),
  version: integer().notNull(),
  lastSeq: integer('last_seq').notNull(),
  asOf: integer('as_of'),
}).as(sql`
  select o.account, o.venue, o.kind, o.venue_order_id, o.client_order_id, o.parent_order_id, o.symbol, o.base, o.quote,
    o.side, o.position_side, o.type, o.time_in_force, o.post_only, o.reduce_only, o.quantity, o.quote_quantity, o.price,
    o.trigger_price, o.filled_quantity, o.evidence, o.opened_at, o.replaces, o.first_seen_at, o.missing_since, o.version,
    o.last_seq,
    (select max(s.last_complete_at) from scopes s where s.account = o.account and s.scope in
      (o.kind || '/account', o.kind || '/symbol/' || o.symbol, o.kind || '/partition/' || o.partition)) as as_of
  from accounts a join orders o on o.account = a.account and o.status = 'open'
  where a.state not in ('disabled', 'removed')
    and (a.partitions is null or o.partition is null or o.partition in (select value from json_each(a.partitions)))`)
