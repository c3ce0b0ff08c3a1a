import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hasRedis, startRedis } from '../support/redis.ts'
import { account, isAlive, startBench, until } from './harness.ts'

/** PGlite takes seconds to start where the processor is shared. */
vi.setConfig({ testTimeout: 60_000 })

const CLOSE_LIMIT_MS = 2_000
const DAEMON = new URL('daemon.ts', import.meta.url).pathname

async function closes(queue: AsyncDisposable): Promise<void> {
  const before = performance.now()
  await queue[Symbol.asyncDispose]()
  expect(performance.now() - before).toBeLessThan(CLOSE_LIMIT_MS)
}

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ordersync-queue-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

interface Daemon {
  child: ChildProcess
  /** The next word the daemon says. */
  said(word: string): Promise<void>
}

/** A process with a queue in it: it counts its polls aloud, and closes when told to. */
function startDaemon(setup: { dataDir: string; engine: string }): Daemon {
  const child = spawn(process.execPath, ['--import', 'tsx', DAEMON, setup.engine, setup.dataDir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    // A failed test may leave its Redis; one that ended well took its pid file along.
    const left = await pidIn(setup.dataDir).catch(() => null)
    if (left !== null && isAlive(left)) process.kill(left, 'SIGKILL')
  })
  let output = ''
  child.stdout?.on('data', (data: Buffer) => {
    output += data.toString()
  })
  return { child, said: (word) => until(() => output.includes(word)) }
}

const pidIn = async (dataDir: string): Promise<number> =>
  Number(await readFile(join(dataDir, 'queue-test', 'redis.pid'), 'utf8'))

describe.skipIf(!hasRedis)('closing', () => {
  test('ends within its time though a run does not stop', async () => {
    await using redis = await startRedis()
    let stuck = () => {}
    const isStuck = new Promise<void>((resolve) => (stuck = resolve))
    const run = () => {
      stuck()
      return new Promise<void>(() => {})
    }
    const bench = await startBench({ engine: { engine: 'redis', url: redis.url }, run })
    await isStuck
    await closes(bench)
  })

  test('ends within its time though Redis is frozen', async () => {
    await using redis = await startRedis()
    const bench = await startBench({ engine: { engine: 'redis', url: redis.url } })
    await bench.polls.more('a', 2)
    redis.freeze()
    await closes(bench)
    redis.thaw()
  })

  test('ends within its time though Redis is gone, and though a run is stuck in it', async () => {
    await using redis = await startRedis()
    const bench = await startBench({
      engine: { engine: 'redis', url: redis.url },
      accounts: [account('a', 500), account('stuck', 500)],
      run: (id) => (id === 'stuck' ? new Promise<void>(() => {}) : Promise.resolve()),
    })
    await redis.kill()
    await until(() => !bench.queue.health().reachable)
    await closes(bench)
  })

  test('lets its process end by itself though Redis is frozen', async () => {
    await using redis = await startRedis()
    const { child, said } = startDaemon({ engine: redis.url, dataDir: await directory() })
    await said('polled 2')
    redis.freeze()
    child.stdin?.write('close\n')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })

  test('leaves the connections of no client on the Redis', async () => {
    await using redis = await startRedis()
    const bench = await startBench({ engine: { engine: 'redis', url: redis.url } })
    await bench.polls.more('a', 2)
    await closes(bench)
    const client = redis.client()
    await until(
      async () =>
        String(await client.client('LIST'))
          .trim()
          .split('\n').length === 1,
    )
  })
})

describe.skipIf(!hasRedis)('a private Redis', () => {
  test('ends with the queue, and nothing of it stays', async () => {
    const dataDir = await directory()
    const bench = await startBench({ engine: { engine: 'auto', searchPath: process.env.PATH ?? '' }, dataDir })
    const pid = await pidIn(dataDir)
    expect(isAlive(pid)).toBe(true)
    await closes(bench.queue)
    expect(isAlive(pid)).toBe(false)
    expect(await readdir(dataDir)).toEqual([])
  })

  test('ends with the queue though it is frozen', async () => {
    const dataDir = await directory()
    const bench = await startBench({ engine: { engine: 'auto', searchPath: process.env.PATH ?? '' }, dataDir })
    const pid = await pidIn(dataDir)
    process.kill(pid, 'SIGSTOP')
    await closes(bench.queue)
    expect(isAlive(pid)).toBe(false)
  })

  test('outlives the Ctrl-C of a terminal, and lets its process end by itself after closing', async () => {
    const dataDir = await directory()
    const { child, said } = startDaemon({ engine: 'auto', dataDir })
    await said('polled 2')
    const pid = await pidIn(dataDir)
    // What a terminal does: the signal goes to the whole process group.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await said('interrupted')
    await said('polled 6')
    expect(await pidIn(dataDir)).toBe(pid)
    expect(isAlive(pid)).toBe(true)
    child.stdin?.write('close\n')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(isAlive(pid)).toBe(false)
  })

  test('left by a killed daemon is ended by the next', async () => {
    const dataDir = await directory()
    const { child, said } = startDaemon({ engine: 'auto', dataDir })
    await said('polled 2')
    const left = await pidIn(dataDir)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isAlive(left)).toBe(true)

    const bench = await startBench({ engine: { engine: 'auto', searchPath: process.env.PATH ?? '' }, dataDir })
    expect(isAlive(left)).toBe(false)
    await bench.polls.more('a', 2)
    await bench.queue[Symbol.asyncDispose]()
    expect(await readdir(dataDir)).toEqual([])
  })

  test('is not taken for a process that only has its number', async () => {
    const dataDir = await directory()
    const bystander = spawn('sleep', ['60'])
    onTestFinished(() => void bystander.kill())
    await mkdir(join(dataDir, 'queue-test'))
    await writeFile(join(dataDir, 'queue-test', 'redis.pid'), `${bystander.pid}\n`)
    const bench = await startBench({ engine: { engine: 'auto', searchPath: process.env.PATH ?? '' }, dataDir })
    await bench.queue[Symbol.asyncDispose]()
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
    expect(isAlive(bystander.pid ?? 0)).toBe(true)
  })
})

describe('the embedded engine', () => {
  test('ends within its time though a run is stuck, and nothing of it stays', async () => {
    const dataDir = await directory()
    const bench = await startBench({ engine: { engine: 'embedded' }, dataDir, run: () => new Promise(() => {}) })
    await until(() => bench.queue.health().venues[0]?.lastJobAgeMs !== null)
    await closes(bench.queue)
    expect(await readdir(dataDir)).toEqual([])
  })

  test('lets its process end by itself after closing', async () => {
    const { child, said } = startDaemon({ engine: 'embedded', dataDir: await directory() })
    await said('polled 2')
    child.stdin?.write('close\n')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })
})
