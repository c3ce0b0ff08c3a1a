/** Owns waking up: how a reader in any process learns at once that the daemon has committed. */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock } from '../core/clock.ts'

/** Watching alone misses about one commit in a hundred; looking this often costs half a percent of a core. */
export const LOOK_EVERY_MS = 25

export interface Wake extends Disposable {
  /** Take it before reading, so that what is committed during the read is not slept through. */
  version(): number
  /** Resolves once the database is of another version, or when the signal aborts. */
  changedSince(version: number, signal: AbortSignal): Promise<void>
}

export interface WakeOptions {
  database: string
  /** SQLite's `data_version` as the reading connection sees it. */
  dataVersion(): number
  clock: Clock
}

export function createWake({ database, dataVersion, clock }: WakeOptions): Wake {
  const waiting = new Set<() => void>()
  const watcher = watchLog(database, () => {
    for (const look of [...waiting]) look()
  })
  return {
    version: dataVersion,
    changedSince: (version, signal) =>
      new Promise((resolve, reject) => {
        let timer: Disposable | null = null
        const end = (settle: () => void) => {
          timer?.[Symbol.dispose]()
          waiting.delete(look)
          signal.removeEventListener('abort', look)
          settle()
        }
        const look = () => {
          timer?.[Symbol.dispose]()
          try {
            if (signal.aborted || dataVersion() !== version) return end(resolve)
          } catch (error) {
            return end(() => reject(error))
          }
          timer = clock.after(LOOK_EVERY_MS, look)
        }
        waiting.add(look)
        signal.addEventListener('abort', look)
        look()
      }),
    [Symbol.dispose]() {
      watcher?.close()
    },
  }
}

/** The directory, not the log file itself: SQLite removes that one and makes a new one. Null where watching is not to be had. */
function watchLog(database: string, onChange: () => void): FSWatcher | null {
  const log = `${basename(database)}-wal`
  try {
    const watcher = watch(dirname(database), { persistent: false }, (_, name) => {
      if (name === null || name === log) onChange()
    })
    // A watch that breaks later leaves the looking, which needs no watch.
    return watcher.on('error', () => watcher.close())
  } catch {
    return null
  }
}
