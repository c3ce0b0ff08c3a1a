/** Owns the PostgreSQL connections as BullMQ takes them, each hearing the notifications of all. */
import { EventEmitter } from 'node:events'
import type { PgPool, PgPoolClient } from 'bullmq'
import pg from 'pg'

/** Each worker keeps one connection for itself and takes another for its queries. */
const MOST_CONNECTIONS = 50

/** A pool on the server whose unix socket `.s.PGSQL.5432` lies in `directory`. */
export function openPool(directory: string): BullPool {
  return new BullPool(new pg.Pool({ host: directory, user: 'postgres', database: 'postgres', max: MOST_CONNECTIONS }))
}

/**
 * PGlite has one session for all its connections, and hands a notification to the connection whose query caused it, not
 * to the one that listens. So whatever one connection is told, all are told: a worker wakes when a job comes, and not
 * with its next look.
 */
export class BullPool extends EventEmitter implements PgPool {
  readonly #pool: pg.Pool
  readonly #notifications = new EventEmitter().setMaxListeners(0)

  constructor(pool: pg.Pool) {
    super()
    // Every backend listens for errors here.
    this.setMaxListeners(0)
    this.#pool = pool
    pool.on('error', (error) => this.listenerCount('error') > 0 && this.emit('error', error))
    pool.on('connect', (client) => {
      client.on('notification', (notification) => this.#notifications.emit('notification', notification))
    })
  }

  query(text: string, params?: readonly unknown[]): Promise<pg.QueryResult> {
    return params === undefined ? this.#pool.query(text) : this.#pool.query(text, [...params])
  }

  async connect(): Promise<PgPoolClient> {
    return new BullClient(await this.#pool.connect(), this.#notifications)
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }
}

class BullClient extends EventEmitter implements PgPoolClient {
  readonly #client: pg.PoolClient
  readonly #detach: () => void

  constructor(client: pg.PoolClient, notifications: EventEmitter) {
    super()
    this.#client = client
    const onNotification = (notification: pg.Notification) => this.emit('notification', notification)
    const onError = (error: Error) => this.listenerCount('error') > 0 && this.emit('error', error)
    notifications.on('notification', onNotification)
    client.on('error', onError)
    this.#detach = () => {
      notifications.off('notification', onNotification)
      client.off('error', onError)
    }
  }

  query(text: string, params?: readonly unknown[]): Promise<pg.QueryResult> {
    // Without parameters it goes as one simple query: migrations hold many statements.
    return params === undefined ? this.#client.query(text) : this.#client.query(text, [...params])
  }

  release(destroy?: boolean): void {
    this.#detach()
    this.#client.release(destroy)
  }
}
