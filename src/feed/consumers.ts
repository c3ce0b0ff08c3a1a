/** Owns the durable cursors of named consumers, in a file of their own: no consumer ever holds the daemon's write lock. */
import { openSideFile } from '../store/open.ts'
import { type LogBounds, parseCursor } from './cursor.ts'

export interface Consumers extends Disposable {
  /** The cursor up to which the consumer has dealt with everything; null for one never seen. */
  load(name: string): string | null
  /** Moves the cursor forward within its log. An earlier one, or one of another log, changes nothing: see `reset`. */
  ack(name: string, cursor: string): void
  /** Takes the cursor as it is, also backward or in another log. */
  reset(name: string, cursor: string): void
  list(): { name: string; cursor: string }[]
  /** The lowest seq that a consumer of this log has dealt with: what is above must not be pruned. Null without consumers. */
  lowest(log: Pick<LogBounds, 'logId'>): number | null
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i

/** Consumers write a row each now and then: a wait this long means that one is stuck in a transaction. */
const BUSY_MS = 5_000

export const consumersPath = (database: string): string => `${database}.consumers`

/** Throws StoreOpenError or StoreUnavailableError where the file cannot be written. */
export function openConsumers(database: string): Consumers {
  const db = openSideFile(consumersPath(database), { busyMs: BUSY_MS })
  db.exec(
    'create table if not exists consumers (name text primary key, log_id text not null, seq integer not null) strict',
  )
  const select = db.prepare<[string], Row>('select name, log_id, seq from consumers where name = ?')
  const all = db.prepare<[], Row>('select name, log_id, seq from consumers order by name')
  const minimum = db.prepare<[string], { seq: number | null }>('select min(seq) as seq from consumers where log_id = ?')
  const upsert = 'insert into consumers (name, log_id, seq) values (?, ?, ?) on conflict (name) do update'
  const set = db.prepare(`${upsert} set log_id = excluded.log_id, seq = excluded.seq`)
  const advance = db.prepare(`${upsert} set seq = excluded.seq where log_id = excluded.log_id and seq < excluded.seq`)
  return {
    load: (name) => cursorOf(select.get(checkName(name))),
    ack(name, cursor) {
      const { logId, seq } = parseCursor(cursor)
      advance.run(checkName(name), logId, seq)
    },
    reset(name, cursor) {
      const { logId, seq } = parseCursor(cursor)
      set.run(checkName(name), logId, seq)
    },
    list: () => all.all().map(({ name, log_id, seq }) => ({ name, cursor: `${log_id}:${seq}` })),
    lowest: ({ logId }) => minimum.get(logId)?.seq ?? null,
    [Symbol.dispose]() {
      db.close()
    },
  }
}

interface Row {
  name: string
  log_id: string
  seq: number
}

const cursorOf = (row: Row | undefined) => (row === undefined ? null : `${row.log_id}:${row.seq}`)

function checkName(name: string): string {
  if (NAME.test(name)) return name
  throw new RangeError('a consumer has a name of 1 to 64 letters, digits, dots, dashes and underscores')
}
