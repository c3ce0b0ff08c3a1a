/** Owns looking at a running daemon's queues from another process: no worker, no schedule, nothing written. */
import type { Queue } from 'bullmq'
import type { Logger } from 'pino'
import { z } from 'zod'
import { openPool } from './engines/bull-pool.ts'
import { type Engine, type EngineAddress, engineAddress } from './engines/engine.ts'
import { postgresEngine } from './engines/postgres.ts'
import { openRedis } from './engines/redis.ts'
import { boardQueue, openJobs } from './jobs.ts'

/** As the daemon writes it into its 0600 file. */
export const queueConnection = z.object({
  address: engineAddress,
  prefix: z.string(),
  venues: z.array(z.string()),
})
export type QueueConnection = z.output<typeof queueConnection>

export interface ObservedQueues extends AsyncDisposable {
  engineName(): Engine['name']
  board(): readonly Queue[]
  /** Rejects when the engine does not answer. */
  check(): Promise<readonly string[]>
}

/** Connects to the daemon's engine. It opens connected or not, and connects again by itself. */
export function observeQueues({ address, prefix, venues }: QueueConnection, log: Logger): ObservedQueues {
  const engine = reach(address, log)
  const queues = venues.map((venue) => openJobs(engine, prefix, venue, 'observer'))
  for (const queue of queues) queue.on('error', (error) => log.debug({ reason: error.message }, 'queue error'))
  return {
    engineName: () => engine.name,
    board: () => queues.map(boardQueue),
    check: engine.check,
    async [Symbol.asyncDispose]() {
      // The store first: a queue waits for its answers, and there is nothing of this process in it to bring to an end.
      await engine[Symbol.asyncDispose]()
      await Promise.allSettled(queues.map((queue) => queue.close()))
    },
  }
}

const reach = (address: EngineAddress, log: Logger): Engine =>
  address.engine === 'embedded' ? postgresEngine(openPool(address.directory), address) : openRedis(address, log)
