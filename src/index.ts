/** Owns the library: open orders and the event log for other programs, straight from the database. */
import { realClock } from './clock.ts'
import { type Consumers, openConsumers } from './feed/consumers.ts'
import { formatCursor } from './feed/cursor.ts'
import { openFollower } from './feed/follower.ts'
import { MAX_PAGE } from './store/pages.ts'
import { openReader } from './store/read.ts'
import type { EventRecord, OpenOrderRecord } from './store/records.ts'

export {
  CursorAheadError,
  CursorError,
  CursorForeignError,
  CursorFormatError,
  CursorPrunedError,
} from './feed/cursor.ts'
export type { EventRecord as OrderEvent, OpenOrderRecord as OpenOrder } from './store/records.ts'

export interface OpenOrdersOptions {
  /** Path of the daemon's database. */
  database: string
  /** Only of this account. */
  account?: string
}

export interface OpenOrders {
  orders: OpenOrderRecord[]
  /** Following after it misses nothing that changed these orders since; what changed while they were read may come again. */
  cursor: string
}

/**
 * The open orders of enabled accounts, from a running or a stopped daemon's database. `as_of` of each says when the venue
 * last listed it. Throws StoreOpenError where there is no database.
 */
export function openOrders({ database, account }: OpenOrdersOptions): OpenOrders {
  using reader = openReader(database)
  const { logId } = reader.meta()
  const first = reader.openOrders({ account, limit: MAX_PAGE })
  const orders = [...first.orders]
  for (let after = first.next; after !== null; ) {
    const page = reader.openOrders({ account, limit: MAX_PAGE, after })
    orders.push(...page.orders)
    after = page.next
  }
  return { orders, cursor: formatCursor(logId, first.last_seq) }
}

export interface FollowLogOptions {
  /** Path of the daemon's database. */
  database: string
  /** A name under which the position is kept in `<database>.consumers`; without one, nothing is kept. */
  consumer?: string
  /**
   * Where to begin, exclusive: a cursor, or `now`. By default the first event there is. A consumer that has a position goes
   * on from there, whatever this says.
   */
  after?: string
  /** False: ends at the end of the log instead of waiting for more. */
  live?: boolean
  signal?: AbortSignal
}

export interface OrderFeed extends AsyncIterable<EventRecord> {
  /** Everything up to this event has been dealt with: a later run of the consumer goes on after it. */
  ack(event: Pick<EventRecord, 'cursor'>): void
}

/**
 * Follows the log from where the consumer stands: what is there, then what comes, at least once. Iterating throws a
 * {@link CursorError} where the position is not one of this log any more; then read {@link openOrders} anew and
 * {@link moveConsumer} to its cursor.
 *
 * ```ts
 * const feed = follow({ database: './data/orders.db', consumer: 'my-bot' })
 * for await (const event of feed) {
 *   await handle(event)
 *   feed.ack(event)
 * }
 * ```
 */
export function follow(options: FollowLogOptions): OrderFeed {
  const { database, consumer } = options
  /** Open while somebody iterates; an acknowledgement after that opens its own. */
  let open: Consumers | null = null
  return {
    ack({ cursor }) {
      if (consumer === undefined) throw new TypeError('only a feed with a consumer name can acknowledge')
      if (open !== null) return open.ack(consumer, cursor)
      using consumers = openConsumers(database)
      consumers.ack(consumer, cursor)
    },
    async *[Symbol.asyncIterator]() {
      using reader = openReader(database)
      using follower = openFollower({ database, reader, clock: realClock })
      using consumers = consumer === undefined ? null : openConsumers(database)
      const kept = consumer === undefined ? null : (consumers?.load(consumer) ?? null)
      open = consumers
      try {
        yield* follower.follow({
          after: kept ?? options.after ?? null,
          live: options.live ?? true,
          signal: options.signal ?? new AbortController().signal,
          // Known from its first moment on, so that a prune spares what it has still to read.
          onStart: (cursor) => {
            if (consumer !== undefined) consumers?.ack(consumer, cursor)
          },
        })
      } finally {
        open = null
      }
    },
  }
}

/** Puts a consumer somewhere else, also back or into another log. Not while it follows. */
export function moveConsumer(options: { database: string; consumer: string; cursor: string }): void {
  using consumers = openConsumers(options.database)
  consumers.reset(options.consumer, options.cursor)
}
