import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { realClock } from '../../src/clock.ts'
import { openSharedBudgets } from '../../src/queue/shared-budget.ts'
import { type Budget, createBudget, type RateLimit } from '../../src/venues/budget.ts'
import { createRegistry } from '../../src/venues/registry.ts'
import { openPlace } from '../support/daemon.ts'
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { recordLog, until } from './harness.ts'

/** The processor may be shared with everything else that is tested. */
vi.setConfig({ testTimeout: 60_000 })

const CREDENTIAL = 'qfex/api.qfex.test/public-key-of-the-user'

async function redisForTest(): Promise<TestRedis> {
  const redis = await startRedis()
  onTestFinished(() => redis[Symbol.asyncDispose]())
  return redis
}

/** What one process has: a connection and a budget of its own. */
async function startProcess(redis: TestRedis, id: string, limits: readonly RateLimit[], share = 1) {
  const { log, messages } = recordLog()
  const shared = await openSharedBudgets({ url: redis.url, id, clock: realClock, log })
  onTestFinished(() => shared[Symbol.dispose]())
  const budget = shared.budgetFor(CREDENTIAL, () => createBudget(limits, share, realClock))
  return { budget, messages, budgetFor: shared.budgetFor }
}

/** Takes one unit `count` times and says when each had gone, ms since before the first. */
async function takeAll(budgets: readonly Budget[], count: number): Promise<number[]> {
  const began = performance.now()
  const gone: number[] = []
  const take = async (budget: Budget) => {
    await budget.take(1)
    gone.push(performance.now() - began)
  }
  await Promise.all(budgets.flatMap((budget) => Array.from({ length: count }, () => take(budget))))
  return gone
}

/** Whether it goes before `other` does. */
const goesBefore = (take: Promise<void>, other: Promise<unknown>) =>
  Promise.race([take.then(() => true), other.then(() => false)])

const wait = (ms: number) => new Promise<void>((resolve) => void realClock.after(ms, resolve))

describe.skipIf(!hasRedis)('budgets of one credential in two processes', () => {
  test('never let more than the share go in a window together', async () => {
    const redis = await redisForTest()
    const windowMs = 400
    const limits = [{ capacity: 8, windowMs }]
    const a = await startProcess(redis, 'a', limits, 0.5)
    const b = await startProcess(redis, 'b', limits, 0.5)
    const gone = await takeAll([a.budget, b.budget], 10)
    // A request is seen to have gone a little after it did, so that no count can be too high by the machine's fault.
    gone.forEach((at, index) => {
      expect(index + 1).toBeLessThanOrEqual(4 * (1 + Math.floor(at / windowMs)))
    })
    expect(gone).toHaveLength(20)
    expect([...a.messages, ...b.messages]).toEqual([])
  })

  test('keep to the tightest of several limits', async () => {
    const redis = await redisForTest()
    const limits = [
      { capacity: 2, windowMs: 100 },
      { capacity: 3, windowMs: 1_000 },
    ]
    const a = await startProcess(redis, 'a', limits)
    const b = await startProcess(redis, 'b', limits)
    const gone = await takeAll([a.budget, b.budget], 2)
    expect(gone[2]).toBeGreaterThanOrEqual(100)
    expect(gone[3]).toBeGreaterThanOrEqual(1_000)
  })

  test('let the request that is heavier than the share go, although the other process never rests', async () => {
    const redis = await redisForTest()
    const limits = [{ capacity: 4, windowMs: 200 }]
    const a = await startProcess(redis, 'a', limits)
    const b = await startProcess(redis, 'b', limits)
    const stopped = new AbortController()
    const restless = async () => {
      while (!stopped.signal.aborted) await b.budget.take(1, stopped.signal).catch(() => undefined)
    }
    const running = Promise.all([restless(), restless()])
    expect(await goesBefore(a.budget.take(6), wait(5_000))).toBe(true)
    const after = performance.now()
    await a.budget.take(1)
    stopped.abort()
    await running
    // It counts for a window and a half, less the time its answer took.
    expect(performance.now() - after).toBeGreaterThan(150)
  })

  test('a wait that the venue asked of one holds the other', async () => {
    const redis = await redisForTest()
    const limits = [{ capacity: 100, windowMs: 1_000 }]
    const a = await startProcess(redis, 'a', limits)
    const b = await startProcess(redis, 'b', limits)
    const began = performance.now()
    a.budget.pause(700)
    a.budget.pause(10)
    const client = redis.client()
    await until(async () => (await client.keys('*:pause')).length === 1)
    await b.budget.take(1)
    expect(performance.now() - began).toBeGreaterThanOrEqual(699)
  })

  test('one that gave up lets the next in its own process and in the other go', async () => {
    const redis = await redisForTest()
    const limits = [{ capacity: 4, windowMs: 800 }]
    const a = await startProcess(redis, 'a', limits)
    const b = await startProcess(redis, 'b', limits)
    await b.budget.take(2)
    const heavy = new AbortController()
    const refused = expect(a.budget.take(4, heavy.signal)).rejects.toThrow('not any more')
    const light = a.budget.take(1)
    heavy.abort(new Error('not any more'))
    await refused
    await light
    await b.budget.take(1)
    await expect(a.budget.take(1, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
  })

  test('no key, and nothing in one, holds the credential, and all of them go by themselves', async () => {
    const redis = await redisForTest()
    const limits = [{ capacity: 1, windowMs: 3_000 }]
    const a = await startProcess(redis, 'a', limits)
    const b = await startProcess(redis, 'b', limits)
    await a.budget.take(1)
    a.budget.pause(2_500)
    const next = b.budget.take(1)
    const client = redis.client()
    await until(async () => (await client.keys('*')).length === 3)
    const keys = await client.keys('*')
    for (const key of keys) {
      expect(key).toMatch(/^ordersync:budget:[0-9a-f]{64}:/)
      expect(await client.pttl(key)).not.toBe(-1)
    }
    const dumped = await Promise.all(keys.map((key) => client.dumpBuffer(key)))
    expect(Buffer.concat(dumped.map((dump) => dump ?? Buffer.alloc(0))).toString('latin1')).not.toContain('public-key')
    await next
    await until(async () => (await client.keys('*')).length === 0)
  })
})

describe.skipIf(!hasRedis)('without an answer from Redis', () => {
  const limits = [{ capacity: 2, windowMs: 300 }]

  test('killed: requests go on in the budget of the process, and are shared again when it is back', async () => {
    const redis = await redisForTest()
    const a = await startProcess(redis, 'a', limits)
    const b = await startProcess(redis, 'b', limits)
    await takeAll([a.budget, b.budget], 1)
    await redis.kill()
    const gone = await takeAll([a.budget], 6)
    // The budget of the process holds: two at once at most, the rest as its window moves on.
    expect(gone[5]).toBeGreaterThanOrEqual(600)
    expect(a.messages.filter((line) => line.includes('not shared'))).toHaveLength(1)
    await redis.restart()
    await until(async () => {
      await a.budget.take(1)
      return a.messages.some((line) => line.includes('shared again'))
    })
  })

  test('frozen: one request waits for the answer, and the next do not', async () => {
    const redis = await redisForTest()
    const a = await startProcess(redis, 'a', [{ capacity: 1_000, windowMs: 1_000 }])
    redis.freeze()
    const took = takeAll([a.budget], 40)
    expect(
      await goesBefore(
        took.then(() => undefined),
        wait(5_000),
      ),
    ).toBe(true)
    redis.thaw()
    await until(async () => {
      await a.budget.take(1)
      return a.messages.some((line) => line.includes('shared again'))
    })
  })

  test('killed while a request waits for its turn: it goes all the same', async () => {
    const redis = await redisForTest()
    const long = [{ capacity: 1, windowMs: 3_600_000 }]
    const a = await startProcess(redis, 'a', long)
    const b = await startProcess(redis, 'b', long)
    await a.budget.take(1)
    const waiting = b.budget.take(1)
    const client = redis.client()
    await until(async () => (await client.keys('*:line')).length === 1)
    await redis.kill()
    await waiting
  })

  test('never there: the start does not wait for it', async () => {
    const redis = await redisForTest()
    await redis.kill()
    const a = await startProcess(redis, 'a', limits)
    await takeAll([a.budget], 2)
    expect(a.messages.filter((line) => line.includes('not shared'))).toHaveLength(1)
  })
})

describe.skipIf(!hasRedis)('a daemon', () => {
  test('shares its budgets through the Redis of its queue', async () => {
    const redis = await redisForTest()
    const place = await openPlace({ seed: 'shared-budget' })
    place.configure((settings) => {
      settings.queue = redis.url
    })
    const daemon = place.start()
    await daemon.said('running')
    const client = redis.client()
    await until(async () => (await client.keys('ordersync:budget:*')).length > 0)
    daemon.signal('SIGTERM')
    expect((await daemon.ended).code).toBe(0)
    expect(daemon.log.filter(({ msg }) => msg.includes('not shared'))).toEqual([])
  })
})

test('every venue asks for its budget once a credential, by a name of its own', () => {
  const asked: string[] = []
  const open = createRegistry({
    clock: realClock,
    chance: () => 0.5,
    http: () => Promise.reject(new Error('nothing is asked of a venue')),
    openSession: () => () => Promise.reject(new Error('nothing is asked of a venue')),
    budgetFor(key, create) {
      asked.push(key)
      return create()
    },
  })
  const restUrl = 'https://venue.test'
  const wallet = `0x${'a'.repeat(40)}`
  for (const id of ['one', 'two']) {
    const common = { id, restUrl, wsUrl: 'wss://venue.test', rateShare: 0.5 }
    open({ venue: 'qfex', ...common, publicKey: 'p', secretKey: 's' })
    open({ venue: 'derive', ...common, protocol: 'v3', wallet, sessionKey: `0x${'1'.repeat(64)}`, subaccountId: 1 })
    open({ venue: 'dexpal', ...common, apiKey: 'k', addresses: [wallet] })
  }
  expect(asked.map((key) => key.split('/')[0])).toEqual(['qfex', 'derive', 'dexpal'])
})
