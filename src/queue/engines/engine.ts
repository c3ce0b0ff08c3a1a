/** Owns what a queue engine is: a store that BullMQ works on. */
import type { BackendFactory, ConnectionOptions, IQueueBackend } from 'bullmq'
import { z } from 'zod'

/**
 * `redis`: the user's own server. `auto`: a private one if `searchPath` (the value of PATH) has a Redis or Valkey,
 * else embedded. `embedded`: PostgreSQL in this process, for trying out.
 */
export type EngineSpec =
  | { engine: 'redis'; url: string }
  | { engine: 'auto'; searchPath: string }
  | { engine: 'embedded' }

/** Where a running engine is reached. The URL may hold a password: it goes into a 0600 file and nowhere else. */
export const engineAddress = z.discriminatedUnion('engine', [
  z.object({ engine: z.literal('redis'), url: z.string() }),
  z.object({ engine: z.literal('private redis'), socket: z.string() }),
  z.object({ engine: z.literal('embedded'), directory: z.string() }),
])
export type EngineAddress = z.output<typeof engineAddress>

/** Disposing it cuts the connections: what still waits for the store fails then. */
export interface Engine extends AsyncDisposable {
  readonly name: EngineAddress['engine']
  readonly address: EngineAddress
  readonly backend: BackendFactory<IQueueBackend, ConnectionOptions>
  /** Asks the store whether it is there. Gives what is wrong with it, in words; rejects when it does not answer. */
  check(): Promise<readonly string[]>
  /** A job has finished. */
  jobDone(): void
}
