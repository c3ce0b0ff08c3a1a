/** Owns connections: the only place that opens one, so that every pragma holds on every connection. */
import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { namedFailure, StoreOpenError } from './errors.ts'
import { APPLICATION_ID } from './schema.ts'

export type Connection = Database.Database

/** The writer blocks the event loop while it waits for a foreign lock, so it waits this long at most. */
export const WRITER_BUSY_MS = 250
/** Readers live in processes that can wait. */
const READER_BUSY_MS = 5_000
/** The write-ahead log is cut back to this after each checkpoint that empties it. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024

/** Filesystem magic numbers of statfs(2) whose locks or mmap cannot be trusted across hosts. */
const NETWORK_FILESYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0x564c, 'NCP'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x19830326, 'FhGFS'],
  [0x47504653, 'GPFS'],
])

export interface FilesystemKind {
  type: number
}

/**
 * Opens the database for writing; creates the file, never its directory. `:memory:` is private to the connection.
 * Throws StoreOpenError, StoreCorruptError or StoreUnavailableError.
 */
export function openWriter(path: string, filesystem: (dir: string) => FilesystemKind = statfsSync): Connection {
  if (path !== ':memory:') refuseBadPlace(path, filesystem)
  return open(path, { timeout: WRITER_BUSY_MS }, (db) => {
    refuseForeign(db, path)
    db.pragma('journal_mode = WAL')
    // better-sqlite3 opens a WAL database at NORMAL, which loses the last commits in a power cut.
    db.pragma('synchronous = FULL')
    db.pragma('fullfsync = ON')
    db.pragma('wal_autocheckpoint = 1000')
    db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`)
  })
}

/** Opens an existing database for reading only. It sees each commit, and can neither write nor take the writer's lock. */
export function openReadOnly(path: string): Connection {
  if (!existsSync(path)) throw new StoreOpenError(`${path} does not exist: start the daemon first, or check the path`)
  return open(path, { readonly: true, fileMustExist: true, timeout: READER_BUSY_MS }, (db) => {
    refuseForeign(db, path)
    db.pragma('query_only = ON')
  })
}

export interface SideFileOptions {
  busyMs: number
  readonly?: boolean
  /** `persist` saves two directory changes a commit and leaves an empty journal behind. */
  journal?: 'delete' | 'persist'
}

/** A SQLite file that is not a live database: with a rollback journal, so that others can read it while it is locked. */
export function openSideFile(path: string, options: SideFileOptions): Connection {
  const { readonly = false, journal = 'persist' } = options
  return open(path, { readonly, fileMustExist: readonly, timeout: options.busyMs }, (db) => {
    if (readonly) return
    db.pragma(`journal_mode = ${journal}`)
    db.pragma('synchronous = FULL')
    db.pragma('fullfsync = ON')
  })
}

/** Bytes of the write-ahead log; 0 where there is none. Must not open the file: closing it would drop SQLite's own locks. */
export function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
}

function open(path: string, options: Database.Options, configure: (db: Connection) => void): Connection {
  let db: Connection | null = null
  try {
    db = new Database(path, options)
    db.pragma('foreign_keys = ON')
    db.pragma('trusted_schema = OFF')
    db.pragma('cell_size_check = ON')
    db.pragma('temp_store = MEMORY')
    configure(db)
    return db
  } catch (error) {
    db?.close()
    throw unopened(error, path)
  }
}

function unopened(error: unknown, path: string): unknown {
  if (error instanceof Database.SqliteError && /^SQLITE_(CANTOPEN|READONLY|PERM)/.test(error.code)) {
    const remedy =
      'check the permissions of the file and of its directory (reading needs the daemon running, or a backup)'
    return new StoreOpenError(`${path} cannot be opened (${error.code}): ${remedy}`, { cause: error })
  }
  return namedFailure(error, path)
}

/** A database of another program is left alone; an empty one becomes ours with the first migration. */
function refuseForeign(db: Connection, path: string): void {
  const id = db.pragma('application_id', { simple: true })
  const hasTables = db.prepare('select 1 from sqlite_master limit 1').get() !== undefined
  if (hasTables && id !== APPLICATION_ID) {
    throw new StoreOpenError(`${path} is a database of another program: give \`database\` a path of its own`)
  }
}

function refuseBadPlace(path: string, filesystem: (dir: string) => FilesystemKind): void {
  const dir = dirname(path)
  const place = statSync(dir, { throwIfNoEntry: false })
  if (!place?.isDirectory()) throw new StoreOpenError(`the directory ${dir} of the database does not exist: create it`)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new StoreOpenError(`${path} is a directory`)
  const network = NETWORK_FILESYSTEMS.get(filesystem(dir).type >>> 0)
  if (network === undefined) return
  throw new StoreOpenError(`${dir} is on a network filesystem (${network}), where locks fail: use a local disk`)
}
