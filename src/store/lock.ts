/**
 * Owns the lock that makes one process the owner of a database: `<database>.lock`, a SQLite file in which an immediate
 * transaction stays open for life. The kernel frees it on death, a stopped process keeps it, and others can read whose it is.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { DatabaseLockedError, type LockHolder, namedFailure, StoreOpenError } from './errors.ts'
import { type Connection, openSideFile } from './open.ts'

/** How far the log of the database had come. A database found behind it is a restored copy. */
export interface Watermark {
  logId: string
  lastSeq: number
}

export interface DatabaseLock extends Disposable {
  watermark(): Watermark | null
  /** Notes how far the log has come. Skipped where a foreign lock is in the way: the next one catches up. */
  advance(watermark: Watermark): void
}

/** Readers of the lock file are done in microseconds; a stopped one must not hold up commits for longer than this. */
const LOCK_BUSY_MS = 50

export const lockPath = (path: string): string => `${path}.lock`

/**
 * Takes the lock of the database at `path`, whose open connection is `db`. Throws DatabaseLockedError.
 *
 * Committing to the lock file lets go of it for an instant. Whoever takes the lock therefore first holds the write lock of
 * the database itself, and the owner commits to the lock file only while holding that one: the instant has no observer.
 */
export function takeLock(path: string, db: Connection, holder: LockHolder): DatabaseLock {
  const file = openSideFile(lockPath(path), { busyMs: LOCK_BUSY_MS })
  try {
    withDatabaseHeld(path, db, () => {
      begin(file)
      file.exec(TABLES)
      file.prepare('replace into holder values (1, ?, ?, ?)').run(holder.pid, holder.host, holder.since)
      file.exec('commit')
      // From here on only the mark is written, in place, in one page: any mix of old and new pages after a power cut is
      // a whole file with an older mark, so a commit need not wait for the disk.
      file.pragma('synchronous = OFF')
      file.pragma('fullfsync = OFF')
      begin(file)
    })
  } catch (error) {
    if (file.inTransaction) file.exec('rollback')
    file.close()
    throw isBusy(error) ? new DatabaseLockedError(path, readHolder(path)) : namedFailure(error, lockPath(path))
  }
  return heldLock(db, file)
}

/** Who holds the lock; null where nobody does or it cannot be read in this instant. */
export function readHolder(path: string): LockHolder | null {
  try {
    return isHeld(path) ? readHolderRow(path) : null
  } catch {
    return null
  }
}

function readHolderRow(path: string): LockHolder | null {
  const file = openSideFile(lockPath(path), { readonly: true, busyMs: LOCK_BUSY_MS })
  try {
    return file.prepare<[], LockHolder>('select pid, host, since from holder where id = 1').get() ?? null
  } finally {
    file.close()
  }
}

const TABLES = `
  create table if not exists holder (id integer primary key, pid integer not null, host text not null, since integer not null);
  create table if not exists watermark (id integer primary key, log_id text not null, last_seq integer not null);`

const begin = (file: Connection) => file.exec('begin immediate')

const isBusy = (error: unknown) => error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)

function withDatabaseHeld(path: string, db: Connection, work: () => void): void {
  try {
    db.exec('begin immediate')
  } catch (error) {
    // The owner holds it for each commit; a stranger's transaction is in the way of everything we would do.
    if (isBusy(error) && isHeld(path)) throw error
    throw namedFailure(error, path)
  }
  try {
    work()
  } finally {
    if (db.inTransaction) db.exec('rollback')
  }
}

/**
 * Whether a process holds the lock now. Asking takes it for microseconds, which is why everybody who wants it waits a
 * little. Whoever may not even ask (another Unix user) is told that it is held.
 */
function isHeld(path: string): boolean {
  if (!existsSync(lockPath(path))) return false
  if (!isWritable(lockPath(path))) return true
  let file: Connection | null = null
  try {
    file = openSideFile(lockPath(path), { busyMs: 0 })
    begin(file)
    file.exec('rollback')
    return false
  } catch (error) {
    if (isBusy(error) || error instanceof StoreOpenError) return true
    throw error
  } finally {
    file?.close()
  }
}

/** To SQLite an immediate transaction on a file that may only be read is one that reads: it succeeds, lock or no lock. */
function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function heldLock(db: Connection, file: Connection): DatabaseLock {
  const read = file.prepare<[], { log_id: string; last_seq: number }>(
    'select log_id, last_seq from watermark where id = 1',
  )
  const write = file.prepare<[string, number]>('replace into watermark values (1, ?, ?)')
  return {
    watermark() {
      const row = read.get()
      return row === undefined ? null : { logId: row.log_id, lastSeq: row.last_seq }
    },
    advance({ logId, lastSeq }) {
      try {
        db.exec('begin immediate')
      } catch (error) {
        if (isBusy(error)) return
        throw error
      }
      try {
        write.run(logId, lastSeq)
        commitOrKeep(file)
      } finally {
        db.exec('rollback')
      }
    },
    [Symbol.dispose]() {
      if (file.inTransaction) file.exec('rollback')
      file.close()
    },
  }
}

/** A reader in the way leaves the old mark: rolling back lets other readers in again, where a pending commit would not. */
function commitOrKeep(file: Connection): void {
  try {
    file.exec('commit')
  } catch (error) {
    if (!isBusy(error)) throw error
    file.exec('rollback')
  }
  begin(file)
}
