import type { Queue } from 'bullmq'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasRedis, startRedis } from '../support/redis.ts'
import { account, startBench, until } from './harness.ts'

/** Between the first measure and the last a queue works five times as many jobs. */
const FIRST_JOBS = 2_000
const ALL_JOBS = 10_000
const BATCH = 500
const LIMIT_MS = 120_000

/** Works jobs as fast as the engine gives them, as weeks of ticks would. */
async function work(queue: Queue | undefined, jobs: number): Promise<void> {
  if (queue === undefined) throw new Error('no queue')
  const batch = Array.from({ length: BATCH }, () => ({ name: 'poll', data: { account: 'a' } }))
  for (let done = 0; done < jobs; done += BATCH) {
    await queue.addBulk(batch)
    await until(async () => (await queue.getJobCountByTypes('wait', 'active')) === 0)
  }
}

describe('ten thousand polls', () => {
  test.skipIf(!hasRedis)('do not fill a Redis', { timeout: LIMIT_MS }, async () => {
    await using redis = await startRedis()
    const bench = await startBench({
      engine: { engine: 'redis', url: redis.url },
      accounts: [account('a', 3_600_000)],
    })
    const client = redis.client()
    const size = async () => {
      let bytes = 0
      for (const key of await client.keys('*')) bytes += Number(await client.memory('USAGE', key, 'SAMPLES', 0))
      return { keys: await client.dbsize(), bytes }
    }
    await work(bench.queue.board()[0], FIRST_JOBS)
    const first = await size()
    await work(bench.queue.board()[0], ALL_JOBS - FIRST_JOBS)
    const last = await size()
    expect(last.keys).toBeLessThan(100)
    expect(last.bytes).toBeLessThan(2 * first.bytes)
    await bench[Symbol.asyncDispose]()
  })

  test('do not fill the embedded engine', { timeout: LIMIT_MS }, async () => {
    const bench = await startBench({ engine: { engine: 'embedded' }, accounts: [account('a', 3_600_000)] })
    onTestFinished(() => bench[Symbol.asyncDispose]())
    const { address } = bench.queue.connectionInfo()
    if (address.engine !== 'embedded') throw new Error('not the embedded engine')
    const client = new pg.Client({ host: address.directory, user: 'postgres', database: 'postgres' })
    await client.connect()
    const size = async () => {
      const { rows } = await client.query(
        `SELECT sum(pg_total_relation_size(c.oid))::int AS bytes FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'bullmq' AND c.relkind = 'r'`,
      )
      return Number(rows[0]?.bytes)
    }
    await work(bench.queue.board()[0], FIRST_JOBS)
    const first = await size()
    await work(bench.queue.board()[0], ALL_JOBS - FIRST_JOBS)
    const last = await size()
    await client.end()
    console.log(`embedded engine: ${first} bytes after ${FIRST_JOBS} jobs, ${last} after ${ALL_JOBS}`)
    expect(last).toBeLessThan(2 * first)
  })
})
