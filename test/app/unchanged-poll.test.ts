/** What a poll costs that shows nothing new: the rows it writes do not grow with the orders it shows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { decimal } from '../../src/core/decimal.ts'
import type { Sighting } from '../../src/core/report.ts'
import { openStore } from '../../src/store/commit.ts'
import { createAccountSync } from '../../src/sync/account.ts'
import type { SnapshotRead, VenueAccount } from '../../src/venues/venue.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { aSighting } from '../support/orders.ts'

const ORDERS = 10_000
const EVERY_MS = 10_000

/** A venue that shows what it is told to; its clock goes with each look. */
function scriptedVenue(show: () => Sighting[]): VenueAccount {
  let looks = 0
  const snapshot = async (): Promise<SnapshotRead[]> => [
    {
      scope: { of: 'account', kinds: ['order', 'algo', 'trigger'] },
      coverage: { proves: 'absence' },
      sightings: show(),
      alsoPresent: [],
      sameSession: false,
      venueTime: 1_760_000_000_000 + ++looks * EVERY_MS,
      quarantined: [],
    },
  ]
  return {
    id: 'main',
    venue: 'revolut-x',
    identity: 'scripted',
    lookups: 'any',
    history: true,
    streams: false,
    looksThroughSession: false,
    snapshot,
    lookup: async () => ({ is: 'silent' }),
    lookBack: async () => ({ sightings: [], fills: [], complete: true, venueTime: null, quarantined: [] }),
    venueNow: () => null,
  }
}

/** Counts rows as SQLite itself writes them, whoever writes and whether a value changes or not. */
function countWrites(path: string): { take(): Record<string, number> } {
  const db = new Database(path)
  onTestFinished(() => void db.close())
  const names = z.array(z.object({ name: z.string() }))
  const tables = names.parse(db.prepare("select name from sqlite_master where type = 'table'").all())
  db.exec('create table writes (at text)')
  for (const { name } of tables.filter(({ name }) => !/^(sqlite_|__)/.test(name))) {
    for (const what of ['insert', 'update', 'delete']) {
      db.exec(
        `create trigger count_${what}_${name} after ${what} on ${name} begin insert into writes values ('${name}'); end`,
      )
    }
  }
  const counts = z.array(z.object({ at: z.string(), n: z.number() }))
  return {
    take() {
      const rows = counts.parse(db.prepare('select at, count(*) as n from writes group by at').all())
      db.exec('delete from writes')
      return Object.fromEntries(rows.map(({ at, n }) => [at, n]))
    },
  }
}

function createWorld(show: () => Sighting[]) {
  const dir = mkdtempSync(join(tmpdir(), 'ordersync-unchanged-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'orders.db')
  const clock = createFakeClock({ wall: 1_760_000_000_000 })
  const store = openStore({ path, clock, owner: { pid: process.pid, host: 'here' }, newLogId: () => 'log' })
  onTestFinished(() => store[Symbol.dispose]())
  const venue = scriptedVenue(show)
  const { id, identity } = venue
  const account = { id, venue: venue.venue, environment: 'test', identity, enabled: true, trackSince: null }
  store.transact((tx) => tx.registerAccounts([account], clock.wall()))
  const sync = createAccountSync({
    settings: {
      account: id,
      venue: venue.venue,
      pollEveryMs: EVERY_MS,
      pollWhileStreamingMs: EVERY_MS,
      historyEveryMs: 86_400_000,
      historyOverlapMs: 0,
      confirmations: 2,
      graceMs: 30_000,
      giveUpAfterMs: 86_400_000,
      settleMs: 2_000,
    },
    venue,
    store,
    clock,
    chance: () => 0.5,
    log: pino({ level: 'silent' }),
    meter: { polled: () => {}, recorded: () => {} },
    session: () => null,
  })
  const poll = async () => {
    await clock.advance(EVERY_MS)
    await sync.tick()
  }
  return { store, poll, writes: countWrites(path) }
}

const order = (at: number, filled = '0.5'): Sighting =>
  aSighting({
    id: `order-${at}`,
    word: 'partially_filled',
    filled,
    clock: 1_760_000_000_000 + at,
    details: { legs: [at] },
    stated: { clientOrderId: `client-${at}`, price: decimal(`100.${at}1`), openedAt: 1_760_000_000_000 + at },
  })

test(`an unchanged poll of ${ORDERS} open orders writes no order and no event`, async () => {
  const shown = Array.from({ length: ORDERS }, (_, at) => order(at))
  // New objects every time, and in another order: nothing may depend on either.
  let looks = 0
  const world = createWorld(() => {
    const turned = looks++ % shown.length
    return structuredClone([...shown.slice(turned), ...shown.slice(0, turned)])
  })
  await world.poll()
  const first = world.writes.take()
  expect(first).toMatchObject({ orders: ORDERS, order_events: 2 * ORDERS })
  expect(world.store.meta().lastSeq).toBe(2 * ORDERS)

  for (let polls = 0; polls < 3; polls++) {
    await world.poll()
    const { accounts = 0, scopes = 0, ...others } = world.writes.take()
    expect(others).toEqual({})
    // What tells that it was polled at all.
    expect(accounts).toBeGreaterThan(0)
    expect(accounts + scopes).toBeLessThan(8)
  }
  expect(world.store.accounts()[0]).toMatchObject({ openOrders: ORDERS, missing: 0, state: 'ok' })
})

test('of one changed order among many the poll writes that one', async () => {
  const shown = Array.from({ length: 500 }, (_, at) => order(at))
  const world = createWorld(() => shown)
  await world.poll()
  world.writes.take()
  shown[250] = { ...order(250, '0.75'), venueClock: decimal('1760000010000') }
  await world.poll()
  expect(world.writes.take()).toMatchObject({ orders: 1, order_events: 1 })
})
