import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { openStore, type Store } from '../../../src/store/commit.ts'
import type { HttpTransport } from '../../../src/venues/http.ts'
import { createWorker, type Worker } from '../../../src/worker.ts'
import { createFakeClock } from '../../support/fake-clock.ts'
import { API_KEY, failure, holding, list, lower, NOW, row, type Script, walletOf } from './fake-venue.ts'

const GIVE_UP_MS = 3_600_000
const POLL_MS = 10_000

const running: { worker: Worker; store: Store }[] = []
afterEach(async () => {
  for (const { worker, store } of running.splice(0)) {
    await worker[Symbol.asyncDispose]()
    store[Symbol.dispose]()
  }
})

/** A daemon at work on two addresses of a partner that answers by `script`. */
function createDaemon(begin: Script, restUrl = 'https://partner.example') {
  const clock = createFakeClock({ wall: NOW })
  let script = begin
  let asked = 0
  const http: HttpTransport = async ({ method, url, headers }) => {
    const { pathname: path, searchParams: query } = new URL(url)
    const addresses = (query.get('addr') ?? '').split(',')
    const answer = script({ method, path, query, addresses, headers, url }, ++asked)
    return {
      status: 200,
      body: '',
      ...answer,
      headers: { date: new Date(clock.wall()).toUTCString(), ...answer.headers },
    }
  }
  const store = openStore({ path: ':memory:', clock, owner: { pid: 1, host: 'here' }, newLogId: () => 'log' })
  const sync = {
    account: 'vela',
    venue: 'dexpal',
    pollEveryMs: POLL_MS,
    pollWhileStreamingMs: POLL_MS,
    historyEveryMs: 300_000,
    historyOverlapMs: 600_000,
    confirmations: 2,
    graceMs: 30_000,
    giveUpAfterMs: GIVE_UP_MS,
    settleMs: 2_000,
  } as const
  const addresses = [walletOf(1), walletOf(2)]
  const venue = { venue: 'dexpal', id: 'vela', restUrl, apiKey: API_KEY, addresses, rateShare: 1 } as const
  const worker = createWorker([{ venue, sync, environment: 'test', enabled: true, trackSince: null }], {
    store,
    clock,
    chance: () => 0.5,
    log: pino({ level: 'silent' }),
    meter: { polled: () => {}, recorded: () => {} },
    http,
    socket: () => {
      throw new Error('this venue has no socket')
    },
  })
  running.push({ worker, store })
  return {
    answer(next: Script) {
      script = next
    },
    async polls(count: number) {
      for (let n = 0; n < count; n++) {
        await worker.tick('vela')
        await clock.advance(POLL_MS)
      }
    },
    account: () => store.accounts()[0],
    log: () =>
      store.read
        .events({ after: 0 })
        .events.map(({ type, reason, evidence, venue_order_id }) =>
          [type, ...(reason === null ? [] : [reason]), evidence, venue_order_id.split(':')[2]].join(' '),
        ),
    missing: () =>
      store.read.orders({ account: 'vela' }).orders.filter(({ missing_since }) => missing_since !== null).length,
    verified: () => store.read.verify(),
  }
}

const ALL = [row(1), row(2), row(3, {}, 2)]
const OPENED = ['opened first_sync snapshot 1', 'opened first_sync snapshot 2', 'opened first_sync snapshot 3']

test('an address that shows nothing any more is blind until it shows a row', async () => {
  const daemon = createDaemon(holding(ALL))
  await daemon.polls(2)
  expect(daemon.account()).toMatchObject({
    state: 'ok',
    identity: `partner.example ${lower(walletOf(1))},${lower(walletOf(2))}`,
  })
  daemon.answer(holding([row(3, {}, 2)]))
  await daemon.polls(20)
  expect([daemon.account()?.state, daemon.missing(), daemon.log()]).toEqual(['blind', 0, OPENED])
  daemon.answer(holding([row(1), row(3, {}, 2)]))
  await daemon.polls(1)
  expect([daemon.account()?.state, daemon.missing()]).toEqual(['ok', 1])
  await daemon.polls(5)
  expect(daemon.log()).toEqual([...OPENED, 'vanished unproven inferred 2'])
})

test('blindness is given up after its time, and then the ordinary course runs', async () => {
  const daemon = createDaemon(holding(ALL))
  await daemon.polls(1)
  daemon.answer(() => list([]))
  await daemon.polls(GIVE_UP_MS / POLL_MS)
  expect([daemon.account()?.state, daemon.log()]).toEqual(['blind', OPENED])
  await daemon.polls(1)
  expect([daemon.account()?.state, daemon.missing()]).toEqual(['ok', 3])
  await daemon.polls(5)
  expect(daemon.log().slice(3).sort()).toEqual([1, 2, 3].map((n) => `vanished unproven inferred ${n}`))
})

test('an order that is listed again reappears, and a smaller one was amended, never filled', async () => {
  const daemon = createDaemon(holding(ALL))
  await daemon.polls(1)
  daemon.answer(holding([row(1, { positionSizeToken: 0.001 }), row(3, {}, 2)]))
  await daemon.polls(6)
  daemon.answer(holding(ALL.slice(1)))
  await daemon.polls(1)
  expect(daemon.log().slice(3)).toEqual(['amended snapshot 1', 'vanished unproven inferred 2', 'reappeared snapshot 2'])
})

test('an order past its expiry is expired when it is gone, by the clock of the venue', async () => {
  const expiring = (n: number, ms: number) =>
    row(n, { timeInForce: 'gtt', expiresAt: new Date(NOW + ms).toISOString() })
  const daemon = createDaemon(holding([expiring(1, 15_000), expiring(2, 86_400_000), row(4)]))
  await daemon.polls(1)
  daemon.answer(holding([row(4)]))
  await daemon.polls(6)
  expect(daemon.log().slice(3).sort()).toEqual(['cancelled expired inferred 1', 'vanished unproven inferred 2'])
})

test('an event of the history that names an order ends it, and one about a position does not', async () => {
  const daemon = createDaemon(holding(ALL))
  await daemon.polls(1)
  const events = [
    { ...row(1), event: 'orderFilled', createdAt: new Date(NOW + 5_000).toISOString() },
    { ...row(2), event: 'positionClosed', createdAt: new Date(NOW + 5_000).toISOString() },
  ]
  daemon.answer((asked, nth) =>
    asked.path.endsWith('/history')
      ? list(asked.addresses.includes(walletOf(1)) ? events : [])
      : holding([row(4)])(asked, nth),
  )
  await daemon.polls(6)
  expect(daemon.log()).toContain('filled history 1')
  expect(daemon.log()).toContain('vanished unproven inferred 2')
})

test('a history that is not there harms nothing', async () => {
  const daemon = createDaemon((asked, nth) =>
    asked.path.endsWith('/history') ? failure(404) : holding(ALL)(asked, nth),
  )
  await daemon.polls(40)
  expect([daemon.account()?.state, daemon.account()?.historyThrough]).toEqual(['ok', null])
})

test('an address that could not be read is said to be, and is no absence', async () => {
  const daemon = createDaemon(holding(ALL), `https://partner.example/${'x'.repeat(1_950)}`)
  await daemon.polls(1)
  const before = daemon.account()?.lastCompleteAt
  daemon.answer((asked, nth) => (asked.addresses.includes(walletOf(2)) ? failure(500) : holding(ALL)(asked, nth)))
  await daemon.polls(10)
  expect(daemon.account()).toMatchObject({
    state: 'degraded',
    lastError: '1 of 2 addresses could not be read',
    lastCompleteAt: before,
  })
  expect([daemon.missing(), daemon.log()]).toEqual([0, OPENED])
  daemon.answer(holding(ALL))
  await daemon.polls(1)
  expect(daemon.account()).toMatchObject({ state: 'ok', lastError: null })
})

test('what was written holds together', async () => {
  const daemon = createDaemon(holding(ALL))
  await daemon.polls(1)
  daemon.answer(holding([row(2, { limitPrice: 1 }), row(9, {}, 2)]))
  await daemon.polls(8)
  expect(daemon.log()).toHaveLength(3 + 2 + 2)
  expect(daemon.log()).toContain('opened snapshot 9')
  expect(daemon.verified().problems).toEqual([])
  expect(daemon.missing()).toBe(2)
})
