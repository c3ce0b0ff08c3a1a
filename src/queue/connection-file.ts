/** Owns the file beside the database that tells a `monitor` where the daemon's queue engine is. It may hold a password. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type QueueConnection, queueConnection } from './observe.ts'

export const connectionFilePath = (database: string): string => `${database}.queue`

/** Readable by its owner alone, and never half-written. Disposing removes it. */
export function writeConnectionFile(database: string, connection: QueueConnection): Disposable {
  const path = connectionFilePath(database)
  const draft = `${path}.new`
  rmSync(draft, { force: true })
  writeFileSync(draft, `${JSON.stringify(connection)}\n`, { mode: 0o600 })
  renameSync(draft, path)
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

/** Null where there is no such file, or this user may not read it. */
export function readConnectionFile(database: string): QueueConnection | null {
  try {
    return queueConnection.parse(JSON.parse(readFileSync(connectionFilePath(database), 'utf8')))
  } catch {
    return null
  }
}
