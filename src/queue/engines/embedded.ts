/** Owns the embedded engine: BullMQ's PostgreSQL backend on a PGlite in memory, for who has no Redis to try it with. */
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { type PgPool, runMigrations } from 'bullmq'
import type { Logger } from 'pino'
import { openPool } from './bull-pool.ts'
import type { Engine } from './engine.ts'
import { postgresEngine } from './postgres.ts'
import { makeHome, removeHome } from './socket-directory.ts'

/** PostgreSQL clients look for exactly this name. */
const SOCKET = '.s.PGSQL.5432'
/** BullMQ's pool, and those of a few `monitor` processes. */
const MOST_CONNECTIONS = 200
/** PGlite never vacuums by itself, and every job leaves its dead rows behind. */
const VACUUM_EVERY_JOBS = 1_000

/** Takes about two seconds and a few hundred MB of memory. `home` is a directory of its own: made and removed here. */
export async function startEmbedded({ home, log }: { home: string; log: Logger }): Promise<Engine> {
  log.warn('the embedded queue is for trying out; install Redis, or set queue to a redis:// URL')
  const directory = await makeHome(home, SOCKET)
  const database = await PGlite.create({ postgresqlconf: ['shared_buffers=2MB'] })
  // All connections are one session, so this is the search path of each of them.
  await database.exec('create schema bullmq; set search_path = bullmq')
  const server = new PGLiteSocketServer({
    db: database,
    path: join(directory, SOCKET),
    maxConnections: MOST_CONNECTIONS,
  })
  await server.start()
  const pool = openPool(directory)
  await migrate(pool)

  let jobs = 0
  return {
    ...postgresEngine(pool, { engine: 'embedded', directory }),
    jobDone() {
      if (++jobs % VACUUM_EVERY_JOBS !== 0) return
      pool.query('VACUUM').catch((error: unknown) => log.warn({ err: error }, 'the embedded queue was not vacuumed'))
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await server.stop()
      await database.close()
      await removeHome(home)
    },
  }
}

async function migrate(pool: PgPool): Promise<void> {
  const client = await pool.connect()
  try {
    await runMigrations(client)
  } finally {
    client.release()
  }
}
