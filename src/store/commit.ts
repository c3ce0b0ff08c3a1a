/** Owns writing: one process, one connection, one transaction at a time; state and events together or not at all. */
import type { Clock } from '../core/clock.ts'
import type { OrderEvent } from '../core/event.ts'
import type { VenueName } from '../core/order.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Quarantined } from '../core/quarantine.ts'
import type { Scope } from '../core/report.ts'
import {
  type AccountPatch,
  type AccountRow,
  type ConfiguredAccount,
  createAccountTable,
  writeAccounts,
} from './accounts.ts'
import { namedFailure } from './errors.ts'
import { createLoader, type Loader } from './load.ts'
import { type DatabaseLock, takeLock } from './lock.ts'
import { adoptLog, createMetaReader, type Meta } from './meta.ts'
import { type Migrated, migrateDatabase } from './migrate.ts'
import { createQuarantine } from './notes.ts'
import { type Connection, openWriter, walBytes } from './open.ts'
import { createReader, type StoreReader } from './read.ts'
import { createOutcomeWriter, type LogEnd } from './write.ts'

/** Where a test may cut the process: before each writing statement, before the commit, right after it. */
export type FaultPoint = 'before_statement' | 'before_commit' | 'after_commit'

export interface StoreOptions {
  /** `:memory:` has no lock and no file. */
  path: string
  clock: Clock
  /** Written into the lock for others to read. */
  owner: { pid: number; host: string }
  newLogId: () => string
  /** Called at each point; what it throws is thrown from there. */
  faults?: (point: FaultPoint) => void
}

/** The database as its owner uses it. Every method throws StoreUnavailableError or StoreCorruptError. */
export interface Store extends Disposable {
  /** What opening it did to the schema. */
  readonly migrated: Migrated
  /** Queries over the owner's own connection; other processes use `openReader`. */
  readonly read: StoreReader
  /**
   * Runs `work` in one immediate transaction and commits, or rolls everything back where it throws. `work` is synchronous:
   * all awaiting is done before.
   */
  transact<T>(work: (tx: StoreTransaction) => T): T
  /** Tells of every commit that wrote events, with the newest seq. The listener must not throw. */
  onCommit(listener: (lastSeq: number) => void): Disposable
  accounts(): AccountRow[]
  meta(): Meta
  walBytes(): number
  /** Moves what readers allow from the write-ahead log into the database. */
  checkpoint(): void
}

export interface StoreTransaction {
  /** Orders named by the refs, their predecessors and successors, the live ones in the scope, and the fills of the named. */
  load: Loader
  /**
   * Writes one outcome in a savepoint and returns its events as committed. Throws SavepointError, having undone only this
   * outcome, where it would break a promise of the log. Counts `outcome.rejections`.
   */
  apply(account: string, venue: VenueName, outcome: Outcome): readonly OrderEvent[]
  account(id: string): AccountRow | null
  patchAccount(id: string, patch: AccountPatch): void
  /** Adds orders the venue refused to open. */
  reject(account: string, count: number): void
  scopeComplete(account: string, scope: Scope, at: number): void
  /** When the whole scope was last read completely, ms; null where a part of it never was. */
  lastComplete(account: string, scope: Scope): number | null
  quarantine(account: string, items: readonly Quarantined[], at: number): void
  /** Symbols of every order the account ever had, sorted. */
  symbols(account: string): string[]
  /** See {@link ConfiguredAccount}. Throws AccountIdentityError. */
  registerAccounts(configured: readonly ConfiguredAccount[], now: number): void
}

/**
 * Opens the database as its one owner: takes the lock, migrates, and draws a new `log_id` where the file is a restored copy.
 * Throws DatabaseLockedError, StoreOpenError, StoreCorruptError, StoreUnavailableError or SchemaNewerError.
 */
export function openStore(options: StoreOptions): Store {
  const { path, clock, owner, newLogId } = options
  const db = openWriter(path)
  let lock: DatabaseLock | null = null
  try {
    lock = path === ':memory:' ? null : takeLock(path, db, { ...owner, since: clock.wall() })
    const migrated = migrateDatabase(db, path)
    const meta = adoptLog(db, lock?.watermark() ?? null, newLogId)
    lock?.advance(meta)
    return createStore(options, db, lock, migrated)
  } catch (error) {
    db.close()
    lock?.[Symbol.dispose]()
    throw namedFailure(error, path)
  }
}

function createStore(options: StoreOptions, db: Connection, lock: DatabaseLock | null, migrated: Migrated): Store {
  const { path } = options
  const read = createReader(db)
  const readMeta = createMetaReader(db)
  const runTransaction = createTransaction(db, options)
  const listeners = new Set<(lastSeq: number) => void>()
  const named = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw namedFailure(error, path)
    }
  }
  return {
    migrated,
    read,
    transact: (work) =>
      named(() => {
        const { result, before, after } = runTransaction(work)
        if (after === before) return result
        lock?.advance({ logId: readMeta().logId, lastSeq: after })
        for (const listener of listeners) listener(after)
        return result
      }),
    onCommit(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    accounts: () => named(() => read.accounts()),
    meta: () => named(readMeta),
    walBytes: () => (path === ':memory:' ? 0 : walBytes(path)),
    checkpoint: () => named(() => void db.pragma('wal_checkpoint(PASSIVE)')),
    [Symbol.dispose]() {
      // The database before its lock: the next owner must find it closed.
      db.close()
      lock?.[Symbol.dispose]()
    },
  }
}

function createTransaction(db: Connection, options: StoreOptions) {
  const fault = options.faults ?? (() => {})
  const readMeta = createMetaReader(db)
  const begin = db.prepare('begin immediate')
  const commit = db.prepare('commit')
  const rollback = db.prepare('rollback')
  const setEnd = db.prepare<[number, number]>('update meta set last_seq = ?, last_recorded_at = ? where id = 1')
  const bind = createTransactionBinder(db, () => fault('before_statement'))
  return <T>(work: (tx: StoreTransaction) => T): { result: T; before: number; after: number } => {
    if (db.inTransaction) throw new TypeError('a transaction is already open: work must not call transact')
    begin.run()
    try {
      const meta = readMeta()
      const recordedAt = Math.max(meta.lastRecordedAt, Math.trunc(options.clock.wall()))
      const log: LogEnd = { lastSeq: meta.lastSeq, recordedAt }
      const result = work(bind(log))
      if (result instanceof Promise) throw new TypeError('work is asynchronous: it would outlive its transaction')
      if (log.lastSeq !== meta.lastSeq) setEnd.run(log.lastSeq, recordedAt)
      fault('before_commit')
      commit.run()
      fault('after_commit')
      return { result, before: meta.lastSeq, after: log.lastSeq }
    } catch (error) {
      // A full disk or an IO error may have rolled back already.
      if (db.inTransaction) rollback.run()
      throw error
    }
  }
}

function createTransactionBinder(db: Connection, beforeStatement: () => void): (log: LogEnd) => StoreTransaction {
  const accounts = createAccountTable(db)
  const load = createLoader(db)
  const write = createOutcomeWriter(db, beforeStatement)
  const quarantine = createQuarantine(db)
  return (log) => ({
    load,
    apply: (account, venue, outcome) => write(log, account, venue, outcome),
    account: accounts.get,
    patchAccount: accounts.patch,
    reject: accounts.addRejections,
    scopeComplete: accounts.scopeComplete,
    lastComplete: accounts.lastComplete,
    quarantine: (account, items, at) => quarantine(account, at, items),
    symbols: accounts.symbols,
    registerAccounts: (configured, now) => writeAccounts(db, configured, now),
  })
}
