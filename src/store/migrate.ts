/** Owns the steps from one shape of the database to the next: counted, backed up before, applied all or none. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { SchemaNewerError, SchemaOlderError, StoreCorruptError } from './errors.ts'
import type { Connection } from './open.ts'

const MIGRATIONS = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** drizzle's own table, so that its tools agree with us. */
const LEDGER = '__drizzle_migrations'

export interface Migrated {
  /** Steps applied now. */
  applied: number
  /** The copy made before; null where there was nothing to lose. */
  backup: string | null
}

/**
 * Brings the database to this program's shape in one transaction. The caller owns the database's lock. A database that
 * holds anything is copied to `<path>.before-<steps it has>.bak` first. Throws SchemaNewerError, or whatever failed,
 * with nothing changed.
 */
export function migrateDatabase(db: Connection, path: string, folder: string = MIGRATIONS): Migrated {
  const steps = readMigrationFiles({ migrationsFolder: folder })
  const done = appliedSteps(db, path, steps)
  const pending = steps.slice(done)
  if (pending.length === 0) return { applied: 0, backup: null }
  const backup = done > 0 && path !== ':memory:' ? copyBefore(db, path, done) : null
  // A step that rebuilds a table would otherwise delete what refers to it. A no-op inside a transaction, so set here.
  db.pragma('foreign_keys = OFF')
  try {
    db.transaction(() => applySteps(db, path, pending)).immediate()
  } finally {
    db.pragma('foreign_keys = ON')
  }
  return { applied: pending.length, backup }
}

/** For readers: throws unless the database has exactly this program's shape. */
export function assertCurrent(db: Connection, path: string, folder: string = MIGRATIONS): void {
  const steps = readMigrationFiles({ migrationsFolder: folder })
  if (appliedSteps(db, path, steps) === steps.length) return
  throw new SchemaOlderError(`${path} is of an older version: start the daemon, or run \`ordersync migrate\``)
}

/** How many steps the database has. They are a prefix of ours, or it is newer. */
function appliedSteps(db: Connection, path: string, steps: readonly MigrationMeta[]): number {
  const ledger = db.prepare<[string]>(`select 1 from sqlite_master where type = 'table' and name = ?`).get(LEDGER)
  if (ledger === undefined) return 0
  const rows = db.prepare<[], { at: number }>(`select created_at as at from ${LEDGER} order by created_at`).all()
  const known = rows.every((row, n) => Number(row.at) === steps[n]?.folderMillis)
  if (known) return rows.length
  throw new SchemaNewerError(`${path} was written by a newer version of ordersync: use that version, or a backup`)
}

function applySteps(db: Connection, path: string, steps: readonly MigrationMeta[]): void {
  db.exec(`create table if not exists ${LEDGER} (id integer primary key, hash text not null, created_at numeric)`)
  const record = db.prepare<[string, number]>(`insert into ${LEDGER} (hash, created_at) values (?, ?)`)
  for (const step of steps) {
    for (const statement of step.sql) db.exec(statement)
    record.run(step.hash, step.folderMillis)
  }
  const broken = db.prepare('pragma foreign_key_check').all()
  if (broken.length > 0) throw new StoreCorruptError(`migrating ${path} would leave ${broken.length} dangling rows`)
}

/**
 * A repeated attempt replaces the copy of the one before: the database has not been migrated since, so it only grew.
 * The copy appears whole or not at all.
 */
function copyBefore(db: Connection, path: string, steps: number): string {
  const target = `${path}.before-${steps}.bak`
  const partial = `${target}.partial`
  rmSync(partial, { force: true })
  db.prepare('vacuum into ?').run(partial)
  const file = openSync(partial, 'r+')
  fsyncSync(file)
  closeSync(file)
  renameSync(partial, target)
  return target
}
