import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { account, type Bench, isAlive, startBench, until } from './harness.ts'

/** The processor may be shared with everything else that is tested. */
vi.setConfig({ testTimeout: 60_000 })

const TICK_MS = 500

async function start(options: Partial<Parameters<typeof startBench>[0]> = {}): Promise<Bench & { redis: TestRedis }> {
  const redis = await startRedis()
  const bench = await startBench({ engine: { engine: 'redis', url: redis.socket }, ...options })
  onTestFinished(async () => {
    await bench[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })
  await jobs(bench, 2)
  return { ...bench, redis }
}

/** Waits for polls that came from the queue, not from the watchdog. */
async function jobs({ queue }: Bench, more: number): Promise<void> {
  for (let job = 0; job < more; job++) {
    const since = performance.now()
    await until(() => (queue.health().venues[0]?.lastJobAgeMs ?? Infinity) < performance.now() - since)
  }
}

describe.skipIf(!hasRedis)('polling', () => {
  test('heals from an emptied Redis whose connections stay up, within an interval and a look', async () => {
    const bench = await start()
    await bench.redis.client().flushall()
    const before = performance.now()
    await jobs(bench, 1)
    // One look, one tick, and the time a loaded machine takes.
    expect(performance.now() - before).toBeLessThan(2 * TICK_MS + 500)
    await jobs(bench, 3)
    expect(bench.messages.filter((line) => line.includes('cannot'))).toEqual([])
  })

  test('heals from a schedule that stands but has lost its next job', async () => {
    const bench = await start()
    const client = bench.redis.client()
    await client.del(...(await client.keys('test:qfex:repeat:a:*')), 'test:qfex:delayed')
    await jobs(bench, 3)
  })

  test('heals from a schedule that another clock put hours ahead', async () => {
    const bench = await start()
    const queue = bench.queue.board()[0]
    await queue?.removeJobScheduler('a')
    await queue?.upsertJobScheduler(
      'a',
      { every: TICK_MS, startDate: Date.now() + 3_600_000 },
      { data: { account: 'a' } },
    )
    await jobs(bench, 3)
  })

  test('goes on through an outage without the queue, and comes back to it', async () => {
    const bench = await start()
    await bench.redis.kill()
    await bench.polls.more('a', 5)
    expect(bench.queue.health()).toMatchObject({ reachable: false })
    await bench.redis.restart()
    await jobs(bench, 3)
    expect(bench.queue.health()).toMatchObject({ reachable: true, warnings: [] })
  })

  test('goes on while Redis is frozen, and comes back when it thaws', async () => {
    const bench = await start()
    bench.redis.freeze()
    await bench.polls.more('a', 5)
    expect(bench.queue.health()).toMatchObject({ reachable: false, warnings: ['it does not answer'] })
    bench.redis.thaw()
    await jobs(bench, 3)
  })

  test('goes on while Redis is full, and comes back when there is room', async () => {
    const bench = await start()
    const client = bench.redis.client()
    await client.config('SET', 'maxmemory', '1')
    await bench.polls.more('a', 6)
    await client.config('SET', 'maxmemory', '0')
    await jobs(bench, 3)
  })

  test('heals from a private Redis that was killed', async () => {
    const bench = await startBench({ engine: { engine: 'auto', searchPath: process.env.PATH ?? '' } })
    onTestFinished(() => bench[Symbol.asyncDispose]())
    await jobs(bench, 1)
    const first = await privatePid(bench)
    process.kill(first, 'SIGKILL')
    await jobs(bench, 3)
    expect(await privatePid(bench)).not.toBe(first)
    expect(isAlive(first)).toBe(false)
    expect(bench.messages.join('')).toContain('the private Redis is back')
  })
})

describe.skipIf(!hasRedis)('schedules', () => {
  test('that stand right are left alone', async () => {
    const bench = await start({ accounts: [account('a', TICK_MS), account('b', TICK_MS)] })
    await jobs(bench, 6)
    expect(bench.messages.filter((line) => line.includes('poll schedules written'))).toHaveLength(1)
  })

  test('follow the accounts of a reload: new, gone, and with another interval', async () => {
    const bench = await start({ accounts: [account('a', TICK_MS), account('b', TICK_MS)] })
    await bench.queue.reschedule([account('b', 2_000), { id: 'c', venue: 'derive', everyMs: TICK_MS }])
    const [gone, ...rest] = [bench.polls.count('a'), bench.polls.count('b')]
    await bench.polls.more('c', 4)
    expect(bench.polls.count('a')).toBe(gone)
    expect(bench.polls.count('b') - (rest[0] ?? 0)).toBeLessThanOrEqual(2)
    expect(bench.queue.health().venues).toMatchObject([
      { venue: 'qfex', accounts: 1, schedules: 1 },
      { venue: 'derive', accounts: 1, schedules: 1 },
    ])
    expect(bench.queue.connectionInfo().venues).toEqual(['qfex', 'derive'])
  })

  test('of an earlier daemon with other accounts are removed', async () => {
    const bench = await start({ accounts: [account('a', TICK_MS), account('old', TICK_MS)] })
    await bench.queue[Symbol.asyncDispose]()
    const next = await startBench({ engine: { engine: 'redis', url: bench.redis.socket } })
    onTestFinished(() => next[Symbol.asyncDispose]())
    await jobs(next, 2)
    const schedules = await next.queue.board()[0]?.getJobSchedulers()
    expect(schedules?.map((schedule) => schedule.key)).toEqual(['a'])
    expect(next.polls.count('old')).toBe(0)
  })

  test('keep one stuck account from taking the others with it', async () => {
    let stuckRuns = 0
    const polled: string[] = []
    const run = (id: string) => {
      if (id !== 'stuck') return Promise.resolve(void polled.push(id))
      stuckRuns++
      return new Promise<void>(() => {})
    }
    const bench = await start({ accounts: [account('stuck', TICK_MS), account('a', TICK_MS)], run })
    await jobs(bench, 6)
    await until(() => polled.length >= 6)
    expect(stuckRuns).toBe(1)
  })
})

async function privatePid({ queue }: Bench): Promise<number> {
  const { address } = queue.connectionInfo()
  if (address.engine !== 'private redis') throw new Error('not the private engine')
  const client = new Redis(address.socket)
  try {
    return Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1])
  } finally {
    client.disconnect()
  }
}
