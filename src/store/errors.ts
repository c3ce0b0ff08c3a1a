/** Owns how the store fails: what a retry can help, what it cannot, and who is in the way. */
import Database from 'better-sqlite3'

/** Busy, full, read-only or failing disk. The transaction was rolled back whole; the same work may succeed later. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
  readonly retry = 'later'
}

/** The file is damaged or no SQLite database. It is never overwritten; restore a backup or move it away. */
export class StoreCorruptError extends Error {
  override readonly name = 'StoreCorruptError'
  readonly retry = 'never'
}

/** The database cannot be opened here as it is: a missing directory, a network filesystem, somebody else's file. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'
  readonly retry = 'never'
}

/** The database was written by a newer version of this program. */
export class SchemaNewerError extends Error {
  override readonly name = 'SchemaNewerError'
  readonly retry = 'never'
}

/** The database still waits for migrations, which only the process that owns it applies. */
export class SchemaOlderError extends Error {
  override readonly name = 'SchemaOlderError'
  readonly retry = 'never'
}

/** Who holds the lock of a database. `since` is its wall time at the start, ms since the epoch. */
export interface LockHolder {
  pid: number
  host: string
  since: number
}

/** Another process owns the database. `holder` is null in the instant in which it cannot be read. */
export class DatabaseLockedError extends Error {
  override readonly name = 'DatabaseLockedError'
  readonly retry = 'later'
  readonly holder: LockHolder | null

  constructor(path: string, holder: LockHolder | null) {
    const who = holder
      ? `process ${holder.pid} on ${holder.host} since ${new Date(holder.since).toISOString()}`
      : 'another process'
    super(`${path} is owned by ${who}: stop that one first, or give this one a database of its own`)
    this.holder = holder
  }
}

/** A configured account points somewhere else than the rows stored under its name. */
export class AccountIdentityError extends Error {
  override readonly name = 'AccountIdentityError'
  readonly retry = 'never'
  readonly account: string

  constructor(account: string, stored: string, configured: string) {
    super(
      `account ${account} is ${stored} in the database and ${configured} in the configuration: use a new account id`,
    )
    this.account = account
  }
}

/** An outcome that breaks a promise of the log. Only its report was rolled back; the transaction goes on without it. */
export class SavepointError extends Error {
  override readonly name = 'SavepointError'
  readonly retry = 'never'
}

const UNAVAILABLE =
  /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM|PROTOCOL|PERM|AUTH|INTERRUPT|NOLFS|SCHEMA)(_|$)/
const CORRUPT = /^SQLITE_(CORRUPT|NOTADB)(_|$)/

/** Whether the failure is of the database as a whole, so that no smaller unit than the transaction can be saved. */
export const isWholeFailure = (error: unknown): boolean =>
  error instanceof Database.SqliteError && (UNAVAILABLE.test(error.code) || CORRUPT.test(error.code))

/** Names a failure of SQLite; anything else passes unchanged. */
export function namedFailure(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const cause = { cause: error }
  if (CORRUPT.test(error.code)) return new StoreCorruptError(`${path} is damaged or no database (${error.code})`, cause)
  if (UNAVAILABLE.test(error.code))
    return new StoreUnavailableError(`${path} cannot be used now (${error.code})`, cause)
  return error
}
