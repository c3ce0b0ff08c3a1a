import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DatabaseView, fromDatabase } from '../../src/monitor/from-database.ts'
import { createMeter } from '../../src/monitor/meter.ts'
import { openStore, type Store } from '../../src/store/commit.ts'
import { readHolder } from '../../src/store/lock.ts'
import { walBytes } from '../../src/store/open.ts'
import { openReader, type StoreReader } from '../../src/store/read.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

let dir: string
let clock: FakeClock
let store: Store
let reader: StoreReader & Disposable
let logged: string[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ordersync-monitor-'))
  const path = join(dir, 'orders.db')
  clock = createFakeClock({ wall: 1_000_000 })
  logged = []
  store = openStore({ path, clock, owner: { pid: process.pid, host: 'here' }, newLogId: () => 'log-1' })
  const account = { venue: 'qfex', environment: 'production', enabled: true, trackSince: null } as const
  store.transact((tx) =>
    tx.registerAccounts(
      [
        { ...account, id: 'read', identity: 'a' },
        { ...account, id: 'waiting', identity: 'b' },
        { ...account, id: 'resting', identity: 'c', enabled: false },
      ],
      clock.wall(),
    ),
  )
  store.transact((tx) => tx.patchAccount('read', { streamState: 'live', lastPollAt: 999_000, lastCompleteAt: 998_000 }))
  reader = openReader(path)
})
afterEach(() => {
  reader[Symbol.dispose]()
  store[Symbol.dispose]()
  rmSync(dir, { recursive: true, force: true })
})

const tell = (view: Partial<DatabaseView> = {}) =>
  fromDatabase(
    {
      accounts: reader.accounts,
      lastSeq: () => reader.meta().lastSeq,
      walBytes: () => walBytes(join(dir, 'orders.db')),
      lockHeld: () => readHolder(join(dir, 'orders.db')) !== null,
      engine: () => ({ name: 'redis', reachable: true }),
      ...view,
    },
    { clock, log: pino({}, { write: (line: string) => void logged.push(line) }) },
  )

test('health is what the database says of accounts and lock', () => {
  const health = tell().health()
  expect(health).toMatchObject({ database: 'open', lock: 'held', engine: { name: 'redis', reachable: true } })
  expect(health.accounts.map(({ account, enabled, attempted }) => [account, enabled, attempted])).toEqual([
    ['read', true, true],
    ['resting', false, false],
    ['waiting', true, false],
  ])
  store[Symbol.dispose]()
  expect(tell().health().lock).toBe('not_held')
})

test('a daemon counts only its own attempts', () => {
  const { accounts } = tell({ attempted: (account) => account === 'waiting' }).health()
  expect(accounts.filter(({ attempted }) => attempted).map(({ account }) => account)).toEqual(['waiting'])
})

test('metrics are of the accounts that are configured, with ages that are never negative', () => {
  const { metrics } = tell()
  const { accounts, database, totals } = metrics.snapshot()
  expect(
    accounts.map(({ account, streamState, lastCompleteAgeMs }) => [account, streamState, lastCompleteAgeMs]),
  ).toEqual([
    ['read', 'live', 2_000],
    ['resting', 'none', null],
    ['waiting', 'none', null],
  ])
  expect(database?.lastSeq).toBe(0)
  expect(database?.walBytes).toBeGreaterThan(0)
  expect(totals).toBeNull()
  clock.jumpWall(-500_000)
  expect(metrics.snapshot().accounts[0]?.lastCompleteAgeMs).toBe(0)
  store.transact((tx) => tx.registerAccounts([], clock.wall()))
  expect(metrics.snapshot().accounts).toEqual([])
})

test('a database that cannot be read is closed, said once in the log, and counts go on', () => {
  let broken = true
  const meter = createMeter()
  meter.recorded('read', 'opened', 'stream')
  const { health, metrics } = tell({
    totals: meter.totals,
    accounts: () => {
      if (broken) throw new Error('disk I/O error')
      return reader.accounts()
    },
  })
  expect(health()).toEqual({ database: 'closed', lock: 'not_held', accounts: [], engine: null })
  expect(metrics.snapshot()).toEqual({ accounts: [], database: null, totals: meter.totals() })
  expect(logged.filter((line) => line.includes('database not readable'))).toHaveLength(1)
  broken = false
  expect(health().database).toBe('open')
  broken = true
  expect(health().database).toBe('closed')
  expect(logged.filter((line) => line.includes('database not readable'))).toHaveLength(2)
})
