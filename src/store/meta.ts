/** Owns the one row about the log: its id, its first and last seq. */
import { StoreUnavailableError } from './errors.ts'
import type { Watermark } from './lock.ts'
import type { Connection } from './open.ts'
import { SCHEMA_VERSION } from './schema.ts'

/** `logId` names one history: a cursor of another one is refused. */
export interface Meta {
  logId: string
  schemaVersion: number
  /** Seq of the oldest event kept, or of the one to come. */
  firstSeq: number
  /** Seq of the newest event; `firstSeq - 1` where there is none. */
  lastSeq: number
  lastRecordedAt: number
}

/** Throws StoreUnavailableError where the row is not there yet: the owner's first start writes it right after the tables. */
export function createMetaReader(db: Connection): () => Meta {
  const select = db.prepare<[], Meta>(SELECT)
  return () => {
    const row = select.get()
    if (row === undefined) throw new StoreUnavailableError(`${db.name} is only just being made: try again`)
    return row
  }
}

const SELECT = `select log_id as logId, schema_version as schemaVersion, first_seq as firstSeq, last_seq as lastSeq,
  last_recorded_at as lastRecordedAt from meta where id = 1`

/**
 * Names the log of a new database, and gives a new name to one that is behind what its owner last noted: it is a copy that
 * somebody put back, and a seq read from the lost part would mean another event now.
 */
export function adoptLog(db: Connection, noted: Watermark | null, newLogId: () => string): Meta {
  const row = db.prepare<[], Meta>(SELECT).get()
  if (row === undefined) {
    db.prepare<[string, number]>(INSERT).run(newLogId(), SCHEMA_VERSION)
  } else if (noted !== null && noted.logId === row.logId && row.lastSeq < noted.lastSeq) {
    stampLog(db, newLogId())
  }
  return createMetaReader(db)()
}

const INSERT = `insert into meta (id, log_id, schema_version, first_seq, last_seq, last_recorded_at)
  values (1, ?, ?, 1, 0, 0)`

/** Makes this file another log: cursors of the one it was copied from are refused. */
export const stampLog = (db: Connection, logId: string): void =>
  void db.prepare<[string]>('update meta set log_id = ? where id = 1').run(logId)
