import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as realTime } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { EngineSpec } from '../../src/queue/engines/engine.ts'
import { observeQueues, queueConnection } from '../../src/queue/observe.ts'
import { hasRedis, startRedis } from '../support/redis.ts'
import { account, type Bench, recordLog, startBench, until } from './harness.ts'

/** The processor may be shared with everything else that is tested. */
vi.setConfig({ testTimeout: 60_000 })

const auto: EngineSpec = { engine: 'auto', searchPath: process.env.PATH ?? '' }
const embedded: EngineSpec = { engine: 'embedded' }

async function bench(options: Parameters<typeof startBench>[0]): Promise<Bench> {
  const started = await startBench(options)
  onTestFinished(() => started[Symbol.asyncDispose]())
  return started
}

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ordersync-queue-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** What every engine has to do. */
async function pollsByJobs({ queue, polls }: Bench): Promise<void> {
  await polls.more('a', 3)
  await until(() => queue.health().venues[0]?.lastJobAgeMs !== null)
  expect(queue.health()).toMatchObject({ reachable: true, venues: [{ venue: 'qfex', accounts: 1, schedules: 1 }] })
  const [job] = (await queue.board()[0]?.getJobs(['completed'])) ?? []
  expect(job?.data).toEqual({ account: 'a' })
}

/** What a `monitor` process sees with what the daemon left it in a file. */
async function isSeenFromOutside({ queue }: Bench): Promise<void> {
  const file = JSON.stringify(queue.connectionInfo())
  const outside = observeQueues(queueConnection.parse(JSON.parse(file)), recordLog().log)
  try {
    await until(async () => (await outside.check().catch(() => null)) !== null)
    const schedules = await outside.board()[0]?.getJobSchedulers()
    expect(schedules?.map((schedule) => schedule.key)).toEqual(['a'])
  } finally {
    await outside[Symbol.asyncDispose]()
  }
}

describe.skipIf(!hasRedis)('on a Redis of the user', () => {
  test('accounts are polled, seen from another process too', async () => {
    await using redis = await startRedis()
    const started = await bench({ engine: { engine: 'redis', url: redis.url } })
    await pollsByJobs(started)
    await isSeenFromOutside(started)
    expect(started.queue.engineName()).toBe('redis')
    await started.queue[Symbol.asyncDispose]()
  })

  test('accounts are polled while it is down at the start, and by jobs once it is up', async () => {
    await using redis = await startRedis()
    await redis.kill()
    const { queue, polls, messages } = await bench({ engine: { engine: 'redis', url: redis.url } })
    await polls.more('a', 1)
    expect(queue.health()).toMatchObject({ reachable: false, warnings: ['it cannot be reached'] })
    expect(messages.filter((line) => line.includes('cannot be reached'))).toHaveLength(1)
    await redis.restart()
    await until(() => queue.health().reachable && queue.health().venues[0]?.lastJobAgeMs !== null)
    await queue[Symbol.asyncDispose]()
  })

  test('an eviction policy that may take schedules away is a warning', async () => {
    await using redis = await startRedis()
    await redis.client().config('SET', 'maxmemory-policy', 'allkeys-lru')
    const { queue } = await bench({ engine: { engine: 'redis', url: redis.url } })
    await until(() => queue.health().warnings.length > 0)
    expect(queue.health()).toMatchObject({ reachable: true, warnings: [expect.stringContaining('noeviction')] })
    await redis.client().config('SET', 'maxmemory-policy', 'noeviction')
    await until(() => queue.health().warnings.length === 0)
    await queue[Symbol.asyncDispose]()
  })

  test('two daemons on one Redis keep to their own accounts', async () => {
    await using redis = await startRedis()
    const engine: EngineSpec = { engine: 'redis', url: redis.url }
    const one = await bench({ engine, prefix: 'one', accounts: [account('a', 500)] })
    const two = await bench({ engine, prefix: 'two', accounts: [account('b', 500)] })
    await Promise.all([one.polls.more('a', 3), two.polls.more('b', 3)])
    expect([one.polls.count('b'), two.polls.count('a')]).toEqual([0, 0])
    for (const { queue } of [one, two]) await queue[Symbol.asyncDispose]()
  })
})

describe.skipIf(!hasRedis)('on a private Redis', () => {
  test('accounts are polled, seen from another process too', async () => {
    const started = await bench({ engine: auto })
    expect(started.queue.engineName()).toBe('private redis')
    await pollsByJobs(started)
    await isSeenFromOutside(started)
  })

  test('its socket is closed to others and moves where its path would be too long', async () => {
    const dataDir = join(await directory(), 'd'.repeat(120))
    const { queue, polls } = await bench({ engine: auto, dataDir })
    await polls.more('a', 2)
    const { address } = queue.connectionInfo()
    if (address.engine !== 'private redis') throw new Error('not the private engine')
    expect(address.socket.length).toBeLessThan(100)
    expect((await stat(dirname(address.socket))).mode & 0o777).toBe(0o700)
    await queue[Symbol.asyncDispose]()
    await expect(stat(dirname(address.socket))).rejects.toThrow('ENOENT')
    expect(await readdir(dataDir)).toEqual([])
  })
})

describe('on the embedded engine', () => {
  test('accounts are polled, seen from another process too, and it says what it is for', async () => {
    const started = await bench({ engine: embedded })
    expect(started.queue.engineName()).toBe('embedded')
    await pollsByJobs(started)
    await isSeenFromOutside(started)
    expect(started.messages.join('')).toContain('for trying out')
  })

  test('a job wakes its worker, which waits for nothing else', async () => {
    const { queue, polls } = await bench({ engine: embedded, accounts: [account('a', 600_000)] })
    const jobs = queue.board()[0]
    let slowestMs = 0
    for (let job = 0; job < 5; job++) {
      // Idle, it looks again only after five seconds. Nothing tells from outside that it has begun to wait, hence the moment.
      await until(async () => (await jobs?.getJobCountByTypes('wait', 'active')) === 0)
      await realTime(200)
      const before = performance.now()
      const polled = polls.more('a', 1)
      await jobs?.add('poll', { account: 'a' })
      await polled
      slowestMs = Math.max(slowestMs, performance.now() - before)
    }
    expect(slowestMs).toBeLessThan(1_000)
  })

  test('stands in where PATH has no Redis', async () => {
    const { queue, polls } = await bench({ engine: { engine: 'auto', searchPath: '/nowhere' } })
    await polls.more('a', 2)
    expect(queue.engineName()).toBe('embedded')
  })

  test('stands in where the Redis on PATH does not start', async () => {
    const bin = await directory()
    await writeFile(join(bin, 'redis-server'), '#!/bin/sh\nexit 1\n')
    await chmod(join(bin, 'redis-server'), 0o755)
    const { queue, messages } = await bench({ engine: { engine: 'auto', searchPath: bin } })
    expect(queue.engineName()).toBe('embedded')
    expect(messages.join('')).toContain('did not start')
  })
})
