/** Owns how an outcome becomes rows, and the door at which an outcome that would break the log is turned away. */

import type { EventDraft, OrderEvent } from '../core/event.ts'
import { differingFacts, type Folded, foldEvent } from '../core/fold.ts'
import type { Fill, OrderKey, VenueName } from '../core/order.ts'
import { type Order, orderKey } from '../core/order.ts'
import type { Outcome } from '../core/outcome.ts'
import { isWholeFailure, SavepointError } from './errors.ts'
import { createNoteWriter } from './notes.ts'
import type { Connection } from './open.ts'
import type { StoredOrder } from './rows.ts'
import { type EventRow, eventIdOf, eventRow, type FillRow, fillRow, type OrderRow, orderOf, orderRow } from './rows.ts'

/** What one transaction knows of the log while it writes. */
export interface LogEnd {
  lastSeq: number
  /** Stamped on every event of the transaction: the wall time, but never less than the event before. */
  readonly recordedAt: number
}

export type OutcomeWriter = (log: LogEnd, account: string, venue: VenueName, outcome: Outcome) => readonly OrderEvent[]

/**
 * Writes each outcome in a savepoint of its own. Throws SavepointError with only this outcome undone; a failure of the
 * database itself passes through, because then nothing of the transaction can be kept.
 */
export function createOutcomeWriter(db: Connection, beforeStatement: () => void): OutcomeWriter {
  const writeRows = createRowWriter(db, beforeStatement)
  const savepoint = db.prepare('savepoint report')
  const release = db.prepare('release report')
  const undo = db.prepare('rollback to report')
  return (log, account, venue, outcome) => {
    const before = log.lastSeq
    savepoint.run()
    try {
      const events = writeRows(log, account, venue, outcome)
      release.run()
      return events
    } catch (error) {
      log.lastSeq = before
      if (isWholeFailure(error) || !db.inTransaction) throw error
      undo.run()
      release.run()
      throw error instanceof SavepointError ? error : new SavepointError(`${account}: not written`, { cause: error })
    }
  }
}

function createRowWriter(db: Connection, beforeStatement: () => void): OutcomeWriter {
  const select = db.prepare<[string, string, string], OrderRow>(
    'select * from orders where account = ? and kind = ? and venue_order_id = ?',
  )
  const insertEvent = db.prepare<[EventRow]>(insertSql('order_events', EVENT_COLUMNS))
  const insertOrder = db.prepare<[Omit<OrderRow, 'id'>]>(insertSql('orders', ORDER_COLUMNS))
  const updateOrder = db.prepare<[Omit<OrderRow, 'id'>]>(UPDATE_ORDER)
  const writeFill = createFillWriter(db)
  const writeNotes = createNoteWriter(db)
  const count = createCounter(db)
  return (log, account, venue, outcome) => {
    const stored = new Map<OrderKey, StoredOrder | null>()
    for (const order of outcome.orders) {
      const row = select.get(account, order.kind, order.venueOrderId)
      stored.set(orderKey(order), row === undefined ? null : orderOf(row))
    }
    const drafts = groupByOrder(outcome.events)
    const ended = admit(account, venue, outcome.orders, stored, drafts)
    const lastSeqs = new Map<OrderKey, number>()
    const events = outcome.events.map((draft) => {
      log.lastSeq += 1
      lastSeqs.set(orderKey(draft), log.lastSeq)
      return { ...draft, seq: log.lastSeq, eventId: eventIdOf(account, draft), account, recordedAt: log.recordedAt }
    })
    for (const event of events) {
      beforeStatement()
      insertEvent.run(eventRow(event, venue))
    }
    for (const order of outcome.orders) {
      const key = orderKey(order)
      const before = stored.get(key) ?? null
      const row = orderRow(order, lastSeqs.get(key) ?? before?.lastSeq ?? 0, ended.has(key))
      beforeStatement()
      if (before === null) insertOrder.run(row)
      else updateOrder.run(row)
    }
    for (const fill of outcome.fills) {
      beforeStatement()
      writeFill(account, fill)
    }
    if (outcome.notes.length > 0) {
      beforeStatement()
      writeNotes(account, log.recordedAt, outcome.notes)
    }
    count(account, outcome.orders, stored, outcome.rejections)
    return events
  }
}

// ---- the door -------------------------------------------------------------------------------------------------------

function groupByOrder(events: readonly EventDraft[]): Map<OrderKey, EventDraft[]> {
  const groups = new Map<OrderKey, EventDraft[]>()
  for (const event of events) {
    const group = groups.get(orderKey(event))
    if (group === undefined) groups.set(orderKey(event), [event])
    else group.push(event)
  }
  return groups
}

/** Folds the events on top of what is stored: they must lead, promise by promise, to the orders that come with them. */
function admit(
  account: string,
  venue: VenueName,
  orders: readonly Order[],
  stored: ReadonlyMap<OrderKey, StoredOrder | null>,
  drafts: ReadonlyMap<OrderKey, readonly EventDraft[]>,
): Set<OrderKey> {
  const ended = new Set<OrderKey>()
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
    if (state.ended) ended.add(key)
  }
  if (stored.size !== orders.length) throw new SavepointError(`${account}: an order twice in one outcome`)
  return ended
}

// ---- statements -----------------------------------------------------------------------------------------------------

const EVENT_COLUMNS: Record<keyof EventRow, true> = {
  seq: true,
  event_id: true,
  type: true,
  account: true,
  venue: true,
  kind: true,
  venue_order_id: true,
  client_order_id: true,
  symbol: true,
  version: true,
  side: true,
  venue_time: true,
  recorded_at: true,
  evidence: true,
  reason: true,
  fill_quantity: true,
  fill_price: true,
  filled_quantity: true,
  quantity: true,
  price: true,
  trigger_price: true,
  data: true,
}

const ORDER_COLUMNS: Record<keyof Omit<OrderRow, 'id'>, true> = {
  account: true,
  venue: true,
  kind: true,
  venue_order_id: true,
  client_order_id: true,
  parent_order_id: true,
  symbol: true,
  base: true,
  quote: true,
  side: true,
  position_side: true,
  type: true,
  time_in_force: true,
  post_only: true,
  reduce_only: true,
  quantity: true,
  quote_quantity: true,
  price: true,
  trigger_price: true,
  filled_quantity: true,
  status: true,
  reason: true,
  evidence: true,
  opened_at: true,
  closed_at: true,
  replaces: true,
  replaced_by: true,
  version: true,
  last_seq: true,
  venue_status: true,
  venue_updated_at: true,
  first_seen_at: true,
  missing_since: true,
  average_fill_price: true,
  fee: true,
  fee_asset: true,
  details: true,
  venue_clock: true,
  partition: true,
  ended: true,
}

const IDENTITY = ['account', 'kind', 'venue_order_id']

function insertSql(table: string, columns: Record<string, true>): string {
  const names = Object.keys(columns)
  return `insert into ${table} (${names.join(', ')}) values (${names.map((name) => `@${name}`).join(', ')})`
}

const UPDATE_ORDER = `update orders set ${Object.keys(ORDER_COLUMNS)
  .filter((name) => !IDENTITY.includes(name))
  .map((name) => `${name} = @${name}`)
  .join(', ')} where ${IDENTITY.map((name) => `${name} = @${name}`).join(' and ')}`

/** A trade id is a row for ever: what comes later about it (a fee, its reversal) changes that row. */
function createFillWriter(db: Connection): (account: string, fill: Fill) => void {
  const upsert = db.prepare<[FillRow]>(`
    insert into fills (account, venue_order_id, trade_id, quantity, price, fee, fee_asset, venue_time, kind, reversed, stated_quantity)
    values (@account, @venue_order_id, @trade_id, @quantity, @price, @fee, @fee_asset, @venue_time, @kind, @reversed, @stated_quantity)
    on conflict (account, venue_order_id, trade_id) do update set quantity = excluded.quantity, price = excluded.price,
      fee = excluded.fee, fee_asset = excluded.fee_asset, venue_time = excluded.venue_time, reversed = excluded.reversed,
      stated_quantity = excluded.stated_quantity
    where kind = excluded.kind`)
  return (account, fill) => {
    if (upsert.run(fillRow(account, fill)).changes === 1) return
    throw new SavepointError(`${account}/${orderKey(fill)}: trade ${fill.tradeId} is booked under another kind`)
  }
}

/** Keeps the counters of the account right by what changed, so that no poll has to count its orders. */
function createCounter(db: Connection) {
  const add = db.prepare<[number, number, number, number, string]>(`
    update accounts set open_orders = open_orders + ?, missing = missing + ?, unknown = unknown + ?,
      rejections = rejections + ? where account = ?`)
  return (
    account: string,
    orders: readonly Order[],
    stored: ReadonlyMap<OrderKey, Order | null>,
    rejections: number,
  ): void => {
    const total = { open: 0, missing: 0, unknown: 0 }
    for (const order of orders) {
      tally(total, order, 1)
      tally(total, stored.get(orderKey(order)) ?? null, -1)
    }
    if (total.open === 0 && total.missing === 0 && total.unknown === 0 && rejections === 0) return
    const { changes } = add.run(total.open, total.missing, total.unknown, rejections, account)
    if (changes !== 1) throw new SavepointError(`account ${account} is not registered`)
  }
}

function tally(total: { open: number; missing: number; unknown: number }, order: Order | null, by: 1 | -1): void {
  if (order === null) return
  if (order.facts.status === 'unknown') total.unknown += by
  if (order.facts.status !== 'open') return
  total.open += by
  if (order.seen.missingSince !== null) total.missing += by
}
