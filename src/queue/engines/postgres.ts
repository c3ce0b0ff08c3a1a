/** Owns the engine on a PostgreSQL that somebody else runs: the embedded one of this process or of another. */
import { createPostgresBackend, type PgPool } from 'bullmq'
import type { Engine, EngineAddress } from './engine.ts'

/** Disposing it ends the pool. */
export function postgresEngine(pool: PgPool, address: Extract<EngineAddress, { engine: 'embedded' }>): Engine {
  return {
    name: 'embedded',
    address,
    backend: (name, options, more) => createPostgresBackend(name, { ...options, connection: pool }, more),
    async check() {
      await pool.query('SELECT 1')
      return ['the embedded queue is for trying out']
    },
    jobDone() {},
    async [Symbol.asyncDispose]() {
      await pool.end()
    },
  }
}
