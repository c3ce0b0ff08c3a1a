/** Owns the choice of the engine: the user's Redis, a private one, or the embedded. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '../../core/clock.ts'
import type { Engine, EngineSpec } from './engine.ts'
import { findServer, startPrivateRedis } from './private-redis.ts'
import { openRedis } from './redis.ts'

export interface EngineDeps {
  spec: EngineSpec
  /** Files and sockets of a private engine live in a directory of their own in here. */
  dataDir: string
  prefix: string
  clock: Clock
  log: Logger
}

/** Opens the engine. One that cannot be reached yet opens too: it is retried, and accounts are polled without it. */
export async function openEngine({ spec, dataDir, prefix, clock, log }: EngineDeps): Promise<Engine> {
  if (spec.engine === 'redis') return openRedis({ engine: 'redis', url: spec.url }, log)
  const home = join(dataDir, `queue-${prefix}`)
  await mkdir(dataDir, { recursive: true })
  const program = spec.engine === 'auto' ? await findServer(spec.searchPath) : null
  if (program !== null) {
    try {
      return await startPrivateRedis({ program, home, clock, log })
    } catch (error) {
      log.warn({ program, err: error }, 'the private Redis did not start, using the embedded queue')
    }
  }
  // Loaded on demand: it brings a PostgreSQL along, and who has a Redis never needs it.
  const { startEmbedded } = await import('./embedded.ts')
  return startEmbedded({ home, log })
}
