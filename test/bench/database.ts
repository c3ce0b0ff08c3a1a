/** Owns the races over the database: a commit of orders with their events, and a page of the log. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { getTableColumns, gt } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { z } from 'zod'
import { realClock } from '../../src/clock.ts'
import { openStore, type Store } from '../../src/store/commit.ts'
import { orderEvents, orders } from '../../src/store/schema.ts'
import { MAIN, opened, outcomeOf } from '../store/lives.ts'
import type { Race } from './measure.ts'

const BATCH = 500
const PAGE = 1_000

type Row = Record<string, unknown>

export interface DatabaseRaces extends Disposable {
  races: Race[]
}

export function databaseRaces(dir: string): DatabaseRaces {
  const path = join(dir, 'orders.db')
  const store = openStore({
    path,
    clock: realClock,
    owner: { pid: process.pid, host: 'bench' },
    newLogId: () => 'bench',
  })
  store.transact((tx) => tx.registerAccounts([MAIN], realClock.wall()))
  let next = 0
  const commit = () => {
    const batch = Array.from({ length: BATCH }, () => opened({}, { id: `order-${next++}` }))
    return () => store.transact((tx) => tx.apply(MAIN.id, MAIN.venue, outcomeOf(...batch)))
  }
  while (store.meta().lastSeq < PAGE) commit()()
  const reader = new Database(path, { readonly: true })
  const raw = openCopy(join(dir, 'raw.db'), reader)
  const mapped = openCopy(join(dir, 'mapped.db'), reader)
  return {
    races: [commitRace(reader, raw, mapped, commit), pageRace(store, reader)],
    [Symbol.dispose]() {
      for (const db of [raw, mapped, reader]) db.close()
      store[Symbol.dispose]()
    },
  }
}

/** The same tables and indexes in a file of its own, with the same guarantees against a power cut. */
function openCopy(path: string, from: Database.Database): Database.Database {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  const made = z.array(z.object({ sql: z.string() }))
  const tables = "tbl_name in ('orders', 'order_events') and type in ('table', 'index') and sql is not null"
  const statements = from.prepare(`select sql from sqlite_master where ${tables} order by type desc`).all()
  for (const { sql } of made.parse(statements)) db.exec(sql)
  return db
}

function commitRace(
  from: Database.Database,
  raw: Database.Database,
  mapped: Database.Database,
  commit: () => () => unknown,
): Race {
  const rows = z.array(z.record(z.string(), z.unknown()))
  const [order] = rows.parse(from.prepare('select * from orders limit 1').all())
  const [event] = rows.parse(from.prepare('select * from order_events limit 1').all())
  if (order === undefined || event === undefined) throw new Error('nothing to copy')
  let ours = commit()
  let made = 0
  const fresh = () =>
    Array.from({ length: BATCH }, (): [Row, Row] => {
      const n = ++made
      const name = { venue_order_id: `copy-${n}` }
      return [
        { ...order, ...name, id: n, last_seq: n },
        { ...event, ...name, seq: n, event_id: `main/order/copy-${n}/1` },
      ]
    })
  let batch = fresh()
  const insert = (table: string, row: Row) =>
    raw.prepare(`insert into ${table} (${Object.keys(row)}) values (${Object.keys(row).map((name) => `@${name}`)})`)
  const [insertOrder, insertEvent] = [insert('orders', order), insert('order_events', event)]
  const writeRaw = raw.transaction(() => {
    for (const [one, other] of batch) {
      insertOrder.run(one)
      insertEvent.run(other)
    }
  })
  return {
    name: `commit ${BATCH} orders and events`,
    unit: 'orders',
    count: BATCH,
    ours: {
      name: 'commit',
      prepare() {
        ours = commit()
      },
      run: () => ours(),
    },
    floor: {
      name: 'prepared inserts of the same rows, unchecked',
      prepare() {
        batch = fresh()
      },
      run: () => writeRaw.immediate(),
    },
    peer: unpreparedPeer(mapped, () => batch),
  }
}

/** The mapper as its first page shows it: a statement built for every row. */
function unpreparedPeer(db: Database.Database, batch: () => [Row, Row][]) {
  const mapper = drizzle(db)
  const [ordersByColumn, eventsByColumn] = [byColumn(orders), byColumn(orderEvents)]
  return {
    name: 'drizzle without prepared statements',
    run: () =>
      mapper.transaction(
        (tx) => {
          for (const [order, event] of batch()) {
            tx.insert(orders)
              .values(orderInsert.parse(ordersByColumn(order)))
              .run()
            tx.insert(orderEvents)
              .values(eventInsert.parse(eventsByColumn(event)))
              .run()
          }
        },
        { behavior: 'immediate' },
      ),
  }
}

const orderInsert = z.custom<typeof orders.$inferInsert>((value) => typeof value === 'object')
const eventInsert = z.custom<typeof orderEvents.$inferInsert>((value) => typeof value === 'object')

/** A row by the names of columns as one by the names of properties. */
function byColumn(table: typeof orders | typeof orderEvents): (row: Row) => Row {
  const properties = new Map(Object.entries(getTableColumns(table)).map(([property, { name }]) => [name, property]))
  return (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [properties.get(name) ?? name, value]))
}

function pageRace({ read }: Store, reader: Database.Database): Race {
  const select = reader.prepare('select * from order_events where seq > ? order by seq limit ?')
  const mapper = drizzle(reader)
  if (read.events({ after: 0, limit: PAGE }).events.length !== PAGE) throw new Error('the page is not full')
  return {
    name: `read a page of ${PAGE} events`,
    unit: 'events',
    count: PAGE,
    ours: { name: 'events', run: () => read.events({ after: 0, limit: PAGE }) },
    floor: { name: 'the same rows as SQLite gives them', run: () => select.all(0, PAGE) },
    peer: {
      name: 'drizzle with its JSON read',
      run: () =>
        mapper
          .select()
          .from(orderEvents)
          .where(gt(orderEvents.seq, 0))
          .orderBy(orderEvents.seq)
          .limit(PAGE)
          .all()
          .map(({ data, ...event }) => ({ ...event, data: JSON.parse(String(data)) })),
    },
  }
}
