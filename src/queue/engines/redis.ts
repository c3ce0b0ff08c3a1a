/** Owns the engine on a Redis: one connection that always comes back, shared by all queues. */
import { once } from 'node:events'
import { createRedisBackend } from 'bullmq'
import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Engine, EngineAddress } from './engine.ts'

type RedisAddress = Exclude<EngineAddress, { engine: 'embedded' }>

const LONGEST_RETRY_MS = 1_000
/** How long a connection that is given up may take to say good-bye; the default is 2 s, as long as all of closing has. */
const GOODBYE_MS = 200
const EVICTION = 'the queue Redis may evict keys; set its maxmemory-policy to noeviction'

/** Returns at once, connected or not. `url` may be anything ioredis takes. */
export function openRedis(address: RedisAddress, log: Logger): Engine {
  const client = connect(address)
  let isDown = false
  client.on('error', (error) => {
    // The first of an outage: ioredis repeats it with every try, and a reply's error would carry its command.
    if (!isDown) log.warn({ reason: error.message }, 'the queue Redis cannot be reached')
    isDown = true
  })
  client.on('ready', () => {
    if (isDown) log.info('the queue Redis is back')
    isDown = false
  })
  return {
    name: address.engine,
    address,
    backend: (name, options, more) => createRedisBackend(name, { ...options, connection: client }, more),
    async check() {
      if (client.status === 'end') throw new Error('the connection is closed')
      // Rejects with the next failed try; while connecting for the first time there is something to wait for.
      if (client.status !== 'ready') await once(client, 'ready')
      const memory = await client.info('memory')
      return /^maxmemory_policy:noeviction\s*$/m.test(memory) ? [] : [EVICTION]
    },
    jobDone() {},
    async [Symbol.asyncDispose]() {
      client.disconnect()
    },
  }
}

function connect(address: RedisAddress): Redis {
  const options = {
    // A worker waits as long as it takes: with a limit BullMQ refuses to start.
    maxRetriesPerRequest: null,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS),
    disconnectTimeout: GOODBYE_MS,
  }
  return address.engine === 'redis' ? new Redis(address.url, options) : new Redis(address.socket, options)
}
