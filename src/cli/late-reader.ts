/** Owns waiting for a database that its daemon has yet to make, or to bring to this version's shape. */
import { existsSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import { SchemaOlderError, StoreUnavailableError } from '../store/errors.ts'
import { openReader, type StoreReader } from '../store/read.ts'

const LOOK_EVERY_MS = 1_000

export interface LateReaderDeps {
  clock: Clock
  log: Logger
  /** Ends the waiting. */
  over: AbortSignal
}

/**
 * Opens the database as soon as it can be read, so that a reader and its daemon may be started together; null where `over`
 * came first. Throws what no daemon would mend: missing rights, damage, a newer version.
 */
export async function openLateReader(
  database: string,
  deps: LateReaderDeps,
): Promise<(StoreReader & Disposable) | null> {
  let told = false
  while (!deps.over.aborted) {
    const reader = openIfMade(database)
    if (reader !== null) return reader
    if (!told) deps.log.info({ database }, 'waiting for the daemon to make the database')
    told = true
    await pause(deps.clock, LOOK_EVERY_MS, deps.over)
  }
  return null
}

function openIfMade(database: string): (StoreReader & Disposable) | null {
  if (!existsSync(database)) return null
  let reader: (StoreReader & Disposable) | null = null
  try {
    reader = openReader(database)
    reader.meta()
    return reader
  } catch (error) {
    reader?.[Symbol.dispose]()
    if (error instanceof SchemaOlderError || error instanceof StoreUnavailableError) return null
    throw error
  }
}

function pause(clock: Clock, ms: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer[Symbol.dispose]()
      over.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(ms, end)
    over.addEventListener('abort', end)
  })
}
