/** Owns finding the queue engine of a running daemon: through the 0600 file that it keeps beside its database. */
import { readFileSync } from 'node:fs'
import { type QueueConnection, queueConnection } from '../queue/observe.ts'

export const queueFilePath = (database: string): string => `${database}.queue`

/** Null where there is no such file, or this user may not read it. */
export function readQueueFile(database: string): QueueConnection | null {
  try {
    return queueConnection.parse(JSON.parse(readFileSync(queueFilePath(database), 'utf8')))
  } catch {
    return null
  }
}
