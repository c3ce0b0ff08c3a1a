/** Owns copies: a live database copied whole into one file that is a log of its own. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { namedFailure, StoreOpenError } from './errors.ts'
import { stampLog } from './meta.ts'
import { assertCurrent } from './migrate.ts'
import { openReadOnly, openSideFile } from './open.ts'

/** Nobody else opens the copy before it has its name. */
const COPY_BUSY_MS = 1_000

/**
 * Copies the database at `path` to `target` as it is at one instant, while its daemon runs. The copy gets a new `log_id`:
 * once it is written to on its own, a cursor of the original would mean other events. It appears whole or not at all.
 * Throws StoreOpenError where `target` exists, and what a reader throws.
 */
export function backupDatabase(path: string, target: string, newLogId: () => string): void {
  // A write-ahead log left beside the name would be replayed into the copy.
  for (const name of [target, `${target}-wal`, `${target}-journal`]) {
    if (existsSync(name)) throw new StoreOpenError(`${name} exists: a backup overwrites nothing, give it another name`)
  }
  const partial = `${target}.partial`
  const source = openReadOnly(path)
  try {
    assertCurrent(source, path)
    reserve(target)
    try {
      rmSync(partial, { force: true })
      // It forbids writing any file, the copy too; the connection itself stays read-only.
      source.pragma('query_only = OFF')
      source.prepare<[string]>('vacuum into ?').run(partial)
      stamp(partial, newLogId())
      renameSync(partial, target)
    } catch (error) {
      rmSync(partial, { force: true })
      rmSync(target, { force: true })
      throw error
    }
  } catch (error) {
    throw namedFailure(error, path)
  } finally {
    source.close()
  }
}

/** Takes the name before the work, so that of two backups at once only one gets it. */
function reserve(target: string): void {
  try {
    closeSync(openSync(target, 'wx'))
  } catch (error) {
    throw new StoreOpenError(`${target} cannot be created: check its directory and permissions`, { cause: error })
  }
}

function stamp(path: string, logId: string): void {
  const copy = openSideFile(path, { busyMs: COPY_BUSY_MS, journal: 'delete' })
  try {
    stampLog(copy, logId)
  } finally {
    copy.close()
  }
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}
