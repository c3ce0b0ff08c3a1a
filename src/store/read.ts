/** Owns reading: what consumers, the command line and HTTP see of the database. Short pages, never a long iterator. */
import { type AccountRow, createAccountTable } from './accounts.ts'
import { namedFailure } from './errors.ts'
import { createMetaReader, type Meta } from './meta.ts'
import { assertCurrent } from './migrate.ts'
import { type Connection, openReadOnly } from './open.ts'
import type {
  EventPage,
  Explanation,
  FindResult,
  FullRef,
  OpenOrderFilter,
  OpenOrderPage,
  OrderFilter,
  OrderPage,
} from './pages.ts'
import { createEventQueries, createFinder, createOrderQueries, createSideQueries, pageSize } from './queries.ts'
import type { QuarantineRecord } from './records.ts'
import { type Verified, verifyLog } from './verify.ts'

// What the reader is asked and answers belongs to whoever calls it.
export { DEFAULT_PAGE, MAX_PAGE } from './pages.ts'
export type { EventPage, Explanation, FindResult, FullRef, OpenOrderFilter, OpenOrderPage, OrderFilter, OrderPage }

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
  const { exact, find } = createFinder(connection)
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
          const events = eventsOf(meta(), ref)
          return { order: exact(ref), events, fills: fillsOf(ref), observations: observationsOf(ref) }
        }),
      ),
    quarantined: (account) => named(() => quarantined(account)),
    verify: () => named(() => verifyLog(connection)),
  }
}
