/** The daemon as a process over real files, a real queue engine and a sandbox of its own: how it runs, dies and heals. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { readHolder } from '../../src/store/lock.ts'
import { openReader } from '../../src/store/read.ts'
import { isAlive, openPlace, type Place, type Settings, until } from '../support/daemon.ts'
import { hasRedis, startRedis } from '../support/redis.ts'
import { differences, readMirror, wrongIn } from './mirror.ts'

vi.setConfig({ testTimeout: 150_000 })

const lastSeq = ({ database }: Place): number => {
  using reader = openReader(database)
  return reader.meta().lastSeq
}

const accountOf = ({ database }: Place, id: string) => {
  using reader = openReader(database)
  return reader.accounts().find(({ account }) => account === id)
}

/** The market stands still, and in the end the database says what happened there, no less and no more. */
async function expectMirrored(place: Place): Promise<void> {
  await place.control('/autopilot', { running: false })
  const truth = await place.truth()
  const left = () => differences(readMirror(place.database), truth)
  let looked = -1
  // Nothing that is missing can come without an event.
  const isDone = () => {
    const seq = lastSeq(place)
    if (seq === looked) return false
    looked = seq
    return left().length === 0
  }
  try {
    await until('everything written down', isDone)
  } catch {
    // Says what is missing.
    expect(left()).toEqual([])
  }
  expect(wrongIn(place.database)).toEqual([])
  expect(await place.control('/violations')).toEqual([])
}

test('runs, answers, keeps a second daemon out, and leaves nothing behind when it is told to end', async () => {
  const place = await openPlace({ seed: 'ends', rate: 10 })
  const daemon = place.start()
  const url = await daemon.url()
  await until('ten events', () => lastSeq(place) >= 10)

  const statusOf = async (path: string, init: RequestInit = {}) => (await fetch(`${url}${path}`, init)).status
  expect(await statusOf('/healthz')).toBe(200)
  expect(await statusOf('/readyz')).toBe(200)
  expect(await statusOf('/queues')).toBe(200)
  expect(await statusOf('/queues', { method: 'POST' })).toBe(405)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toMatch(/^ordersync_lock_held 1$/m)
  expect(Number(/^ordersync_last_seq (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(10)

  const second = await place.start().ended
  expect(second).toMatchObject({ code: 1, stdout: '' })
  expect(second.stderr).toContain(`is owned by process ${daemon.pid} on`)

  const servers = place.servers()
  expect(servers).toHaveLength(hasRedis ? 1 : 0)
  const told = performance.now()
  daemon.signal('SIGTERM')
  expect(await daemon.ended).toMatchObject({ code: 0, signal: null })
  expect(performance.now() - told).toBeLessThan(10_000)
  expect(servers.filter(isAlive)).toEqual([])
  expect(readHolder(place.database)).toBeNull()
  const left = readdirSync(place.dir).filter((name) => /^queue-|\.queue$|-wal$|-shm$/.test(name))
  expect(left).toEqual([])
  await expect(fetch(url)).rejects.toThrow()
  expect(await place.run('verify')).toMatchObject({ code: 0 })
})

test('killed in the middle of trading, again and again, it loses nothing and repeats nothing', async () => {
  const place = await openPlace({ seed: 'killed', rate: 25 })
  let daemon = place.start()
  await daemon.said('running')
  let before: string[] = []
  let servers: number[] = []
  for (let kill = 0; kill < 3; kill++) {
    const seen = before.length
    await until(`events of life ${kill + 1}`, () => lastSeq(place) > seen + 15)
    servers = [...servers, ...place.servers()]
    daemon.signal('SIGKILL')
    expect(await daemon.ended).toMatchObject({ signal: 'SIGKILL' })
    expect(wrongIn(place.database)).toEqual([])
    const ids = readMirror(place.database).events.map(({ event_id }) => event_id)
    // What anybody has read stays, in its place.
    expect(ids.slice(0, seen)).toEqual(before)
    before = ids
    daemon = place.start()
  }
  await daemon.said('running')
  await expectMirrored(place)
  expect(
    readMirror(place.database)
      .events.slice(0, before.length)
      .map(({ event_id }) => event_id),
  ).toEqual(before)
  servers = [...servers, ...place.servers()]
  daemon.signal('SIGTERM')
  expect(await daemon.ended).toMatchObject({ code: 0 })
  expect(servers.filter(isAlive)).toEqual([])
})

test('another program reads each commit whole while it is written', async () => {
  const place = await openPlace({ seed: 'read', rate: 50 })
  const daemon = place.start()
  await daemon.said('running')
  const db = new Database(place.database, { readonly: true })
  const count = z.object({ n: z.number(), last: z.number(), filled: z.number() })
  const look = () =>
    count.parse(
      db
        .prepare(
          `select (select count(*) from order_events) as n, (select last_seq from meta) as last,
             (select count(*) from orders o where filled_quantity <> (select filled_quantity from order_events e
               where e.seq = o.last_seq)) as filled`,
        )
        .get(),
    )
  try {
    const seen = new Set<number>()
    await until('forty states', () => {
      const { n, last, filled } = look()
      expect({ n, filled }).toEqual({ n: last, filled: 0 })
      return seen.add(n).size >= 40
    })
    expect([...seen]).toEqual([...seen].toSorted((a, b) => a - b))
    expect(() => db.exec('delete from order_events')).toThrow(/readonly/)
  } finally {
    db.close()
  }
  await expectMirrored(place)
})

test('a hangup takes accounts in and lets them go', async () => {
  const place = await openPlace({ seed: 'hangup', rate: 10 })
  const late: Settings['accounts'] = []
  place.configure((settings) => {
    late.push(...settings.accounts.filter(({ id }) => id === 'revx-seed'))
    settings.accounts = settings.accounts.filter(({ id }) => id !== 'revx-seed')
  })
  const daemon = place.start()
  await daemon.said('running')
  await until('events', () => lastSeq(place) > 5)
  expect(accountOf(place, 'revx-seed')).toBeUndefined()

  place.configure((settings) => {
    settings.accounts.push(...late)
  })
  daemon.signal('SIGHUP')
  expect(await daemon.said('configuration read again')).toMatchObject({ accounts: 3 })
  await until('the new account read', () => accountOf(place, 'revx-seed')?.lastCompleteAt != null)
  await expectMirrored(place)

  place.configure((settings) => {
    settings.accounts = settings.accounts.filter(({ id }) => id !== 'revx')
  })
  const from = daemon.log.length
  daemon.signal('SIGHUP')
  expect(await daemon.said('configuration read again', from)).toMatchObject({ accounts: 2 })
  expect(accountOf(place, 'revx')).toMatchObject({ state: 'removed' })
  using reader = openReader(place.database)
  expect(reader.openOrders({}).orders.filter(({ account }) => account === 'revx')).toEqual([])
  expect(reader.orders({ account: 'revx' }).orders).not.toEqual([])
})

/** One interval of these accounts, one period of the watchdog, and what a busy machine adds. */
const HEAL_MS = 1_000 + 1_000 + 2_000

test.skipIf(!hasRedis)('an emptied Redis ends no polling', async () => {
  await using redis = await startRedis()
  const place = await openPlace({ seed: 'flush' })
  place.configure((settings) => {
    settings.queue = redis.url
  })
  const daemon = place.start()
  expect(await daemon.said('running')).toMatchObject({ engine: 'redis' })
  await until('a first read', () => accountOf(place, 'revx')?.lastCompleteAt != null)
  const client = redis.client()
  for (let flush = 0; flush < 2; flush++) {
    await client.flushall()
    const at = Date.now()
    const polledAfter = () => accountOf(place, 'revx')?.lastPollAt ?? 0
    await until('polling goes on', () => polledAfter() > at, HEAL_MS)
    await until('schedules of their own', async () => (await client.keys('*:repeat:revx*')).length > 0, HEAL_MS)
  }
  await place.control('/autopilot', { running: true, ratePerSecond: 20 })
  await until('events', () => lastSeq(place) > 10)
  await expectMirrored(place)
})

/** From now on no file of the process grows beyond so many bytes, as on a disk that is full; `unlimited` mends it. */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])
  if (status !== 0) throw new Error(`prlimit: ${stderr}`)
}

// Linux alone can take a running process the room to write, and give it back.
test.skipIf(process.platform !== 'linux')(
  'a full disk half-writes nothing, and once there is room everything comes',
  async () => {
    const place = await openPlace({ seed: 'full', rate: 20 })
    const daemon = place.start()
    await daemon.said('running')
    await until('events', () => lastSeq(place) > 10)
    limitFiles(daemon.pid, 0)
    const full = lastSeq(place)
    await daemon.said('a read was not recorded')
    await until('more to write', async () => (await place.truth()).length > readMirror(place.database).orders.size + 20)
    expect(wrongIn(place.database)).toEqual([])
    // One commit may have been under way when the disk filled up.
    expect(lastSeq(place)).toBeLessThan(full + 20)
    expect(isAlive(daemon.pid)).toBe(true)
    limitFiles(daemon.pid, 'unlimited')
    await expectMirrored(place)
    daemon.signal('SIGTERM')
    expect(await daemon.ended).toMatchObject({ code: 0 })
  },
)

const BUSY_MS = 10_000

test('a stranger who holds the database for ten seconds delays and breaks nothing', async () => {
  const place = await openPlace({ seed: 'busy', rate: 20 })
  const daemon = place.start()
  await daemon.said('running')
  await until('events', () => lastSeq(place) > 10)
  const stranger = new Database(place.database, { timeout: 5_000 })
  stranger.exec('begin immediate')
  const began = performance.now()
  const held = readMirror(place.database)
  try {
    await daemon.said('a read was not recorded')
    await until('ten seconds', () => performance.now() - began >= BUSY_MS)
    expect(readMirror(place.database)).toEqual(held)
  } finally {
    stranger.exec('rollback')
    stranger.close()
  }
  expect((await fetch(`${await daemon.url()}/readyz`)).status).toBe(200)
  await expectMirrored(place)
  daemon.signal('SIGTERM')
  expect(await daemon.ended).toMatchObject({ code: 0 })
})

test('a refused key stops its own account alone, and a hangup with the right one brings it back', async () => {
  const place = await openPlace({ seed: 'refused', rate: 10 })
  const right = readFileSync(join(place.dir, 'revx.pem'), 'utf8')
  // Another key of the right kind: well formed, and not the one the venue knows.
  writeFileSync(join(place.dir, 'revx.pem'), readFileSync(join(place.dir, 'revx-seed.pem')))
  const daemon = place.start()
  await daemon.said('running')
  await until('the refusal written down', () => accountOf(place, 'revx')?.state === 'refused')
  await until('the others read', () => lastSeq(place) > 10)
  for (const id of ['qfex-main', 'revx-seed']) expect(accountOf(place, id)).toMatchObject({ state: 'ok' })
  expect(readMirror(place.database).events.filter(({ account }) => account === 'revx')).toEqual([])
  const status = await place.run('status', '--check')
  expect(status.code).toBe(1)
  expect(status.stdout).toContain('revx is refused')

  writeFileSync(join(place.dir, 'revx.pem'), right)
  daemon.signal('SIGHUP')
  await until('the account well', () => accountOf(place, 'revx')?.state === 'ok')
  await expectMirrored(place)
  expect(statSync(join(place.dir, 'revx.pem')).mode & 0o777).toBe(0o600)
})
