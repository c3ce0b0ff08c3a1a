/** Owns how an outcome becomes rows: each in a savepoint of its own, and each past the door. */
import { getTableColumns } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { OrderEvent } from '../core/event.ts'
import { type Fill, type Order, type OrderKey, orderKey, type VenueName } from '../core/order.ts'
import type { Outcome } from '../core/outcome.ts'
import { admit } from './admit.ts'
import { isWholeFailure, SavepointError } from './errors.ts'
import { type EventRow, eventIdOf, eventRow } from './event-row.ts'
import { type FillRow, fillRow } from './fill-row.ts'
import { createNoteWriter } from './notes.ts'
import type { Connection } from './open.ts'
import { type OrderRow, type OrderTuple, orderOf, orderRow, SELECT_ORDER } from './order-row.ts'
import { orderEvents, orders } from './schema.ts'

/** What one transaction knows of the log while it writes. */
export interface LogEnd {
  lastSeq: number
  /** Stamped on every event of the transaction: the wall time, but never less than the event before. */
  readonly recordedAt: number
}

export type OutcomeWriter = (log: LogEnd, account: string, venue: VenueName, outcome: Outcome) => readonly OrderEvent[]

/**
 * Writes each outcome in a savepoint of its own. Throws SavepointError with only this outcome undone; a failure of the
 * database itself passes through, because then nothing of the transaction can be kept, and so does what `beforeStatement`
 * throws: it stands for the death of the process.
 */
export function createOutcomeWriter(db: Connection, beforeStatement: () => void): OutcomeWriter {
  let fault: unknown = null
  const writeRows = createRowWriter(db, () => {
    try {
      beforeStatement()
    } catch (error) {
      fault = error
      throw error
    }
  })
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
      if (error === fault || isWholeFailure(error) || !db.inTransaction) throw error
      undo.run()
      release.run()
      throw error instanceof SavepointError ? error : new SavepointError(`${account}: not written`, { cause: error })
    }
  }
}

function createRowWriter(db: Connection, beforeStatement: () => void): OutcomeWriter {
  const select = db
    .prepare<[string, string, string], OrderTuple>(
      `select ${SELECT_ORDER} from orders o where account = ? and kind = ? and venue_order_id = ?`,
    )
    .raw()
  const insertEvent = db.prepare<[EventRow]>(insertSql('order_events', EVENT_COLUMNS))
  const insertOrder = db.prepare<[OrderRow]>(insertSql('orders', ORDER_COLUMNS))
  const updateOrder = db.prepare<[OrderRow]>(UPDATE_ORDER)
  const writeFill = createFillWriter(db)
  const writeNotes = createNoteWriter(db)
  const count = createCounter(db)
  return (log, account, venue, outcome) => {
    const stored = new Map<OrderKey, Order | null>()
    for (const order of outcome.orders) {
      const row = select.get(account, order.kind, order.venueOrderId)
      stored.set(orderKey(order), row === undefined ? null : orderOf(row))
    }
    admit(account, venue, outcome, stored)
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
      const row = orderRow(order, lastSeqs.get(key) ?? before?.lastSeq ?? 0)
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

// ---- statements -----------------------------------------------------------------------------------------------------

const columnsOf = (table: SQLiteTable) => Object.values(getTableColumns(table)).map((column) => column.name)

const EVENT_COLUMNS = columnsOf(orderEvents)
/** The id is SQLite's to give. */
const ORDER_COLUMNS = columnsOf(orders).filter((name) => name !== 'id')
const IDENTITY = ['account', 'kind', 'venue_order_id']

const insertSql = (table: string, columns: readonly string[]) =>
  `insert into ${table} (${columns.join(', ')}) values (${columns.map((name) => `@${name}`).join(', ')})`

const UPDATE_ORDER = `update orders set ${ORDER_COLUMNS.filter((name) => !IDENTITY.includes(name))
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
