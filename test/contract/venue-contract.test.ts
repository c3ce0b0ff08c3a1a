/** What the accounts of every venue must do alike in front of the sandbox. */
import { describe, expect, test } from 'vitest'
import { assertNever } from '../../src/core/assert-never.ts'
import { sum } from '../../src/core/decimal.ts'
import { orderKey } from '../../src/core/order.ts'
import type { Scope, Sighting } from '../../src/core/report.ts'
import type { Fault, FaultEffect } from '../../src/sandbox/faults.ts'
import { knowable } from '../../src/sandbox/knowable.ts'
import { defaultAccounts } from '../../src/sandbox/sandbox.ts'
import { stateOf, type TrueOrder } from '../../src/sandbox/truth.ts'
import { VenueError } from '../../src/venues/errors.ts'
import type { Question, SnapshotRead } from '../../src/venues/venue.ts'
import { settle } from '../support/fake-clock.ts'
import { type Bench, openBench, outcomeOf } from './harness.ts'

const SEED = 'contract'
/** Every venue by every protocol; one that joins the sandbox is under the contract from then on. */
const ACCOUNTS = defaultAccounts(SEED)
const TRADING_MS = 4 * 60_000

const keyOf = ({ kind, id }: TrueOrder) => orderKey({ kind, venueOrderId: id })

const openOf = ({ sandbox, account }: Bench): TrueOrder[] =>
  sandbox.truth(account.id).filter((order) => order.rests && stateOf(order).status === 'open')

const endedOf = ({ sandbox, account }: Bench): TrueOrder[] =>
  sandbox.truth(account.id).filter((order) => ['filled', 'cancelled'].includes(stateOf(order).status))

const questionOf = ({ clock }: Bench, order: TrueOrder): Question => ({
  kind: order.kind,
  venueOrderId: order.id,
  symbol: order.symbol,
  clientOrderId: order.clientOrderId,
  firstSeenAt: clock.wall(),
  since: Math.floor(order.openedUs / 1_000),
})

/** Everything a sighting states with authority must be the truth, digit for digit, or what its venue makes of it. */
function untruthsIn({ sandbox }: Bench, { stated, filled, claim }: Sighting, order: TrueOrder): string[] {
  const account = sandbox.accounts.find(({ id }) => id === order.account)
  if (account === undefined) throw new Error(`the sandbox has no account ${order.account}`)
  const known = knowable(sandbox, account, order)
  const { status, price, ...really } = stateOf(order)
  const reallyFilled = known.filled ?? really.filled
  const pairs: [string, unknown, unknown][] = [
    ['claim', claim.is, status],
    ['symbol', stated.symbol, order.symbol],
    ['side', stated.side ?? known.side, known.side],
    ['filled', filled ?? reallyFilled, reallyFilled],
  ]
  // What has ended may have forgotten its terms, and a TWAP or a trigger has its price in words of its own.
  if (status === 'open' && order.type === 'limit') {
    const quantity = known.quantity ?? really.quantity
    pairs.push(['quantity', stated.quantity ?? quantity, quantity], ['price', stated.price ?? price, price])
  }
  return pairs.flatMap(([name, said, truly]) =>
    said === truly ? [] : [`${order.type} ${order.id} ${name}: ${said}, really ${truly}`],
  )
}

function isIn(scope: Scope, { symbol, address }: TrueOrder): boolean {
  switch (scope.of) {
    case 'account':
      return true
    case 'symbol':
      return scope.symbol === symbol
    case 'partition':
      return scope.partition === address?.toLowerCase()
    default:
      return assertNever(scope)
  }
}

/** Open orders that a read which proves absence does not show. */
function wronglyAbsent(bench: Bench, reads: readonly SnapshotRead[]): string[] {
  const open = openOf(bench)
  return reads.flatMap(({ scope, coverage, sightings, alsoPresent }) => {
    if (coverage.proves === 'presence') return []
    const present = new Set([...sightings, ...alsoPresent].map(orderKey))
    const expected = open.filter((order) => scope.kinds.includes(order.kind) && isIn(scope, order))
    return expected.filter((order) => !present.has(keyOf(order))).map((order) => `${order.type} ${order.id}`)
  })
}

const isLookedBackAt = ({ account }: Bench): boolean => account.history || (account.hasHints ?? false)

/** What a mirror can notice. A list that lies without a trace is the reconciler's to survive. */
const NOTICEABLE: readonly FaultEffect[] = [
  { kind: 'garbage_body' },
  { kind: 'cut_body' },
  { kind: 'wrong_type' },
  { kind: 'missing_field' },
  { kind: 'unknown_status' },
  { kind: 'extra_field' },
  { kind: 'repeat_row' },
  { kind: 'no_answer' },
  { kind: 'slow', ms: 4_000 },
  { kind: 'dead' },
  { kind: 'close_socket' },
  { kind: 'http_status', status: 403 },
  { kind: 'http_status', status: 404 },
  { kind: 'http_status', status: 429, retryAfterMs: 2_000 },
  { kind: 'http_status', status: 500 },
  { kind: 'http_status', status: 503 },
]

function canStrike({ kind }: FaultEffect, { account }: Bench): boolean {
  switch (kind) {
    case 'close_socket':
      // It closes as it says something.
      return account.looksThroughSession
    case 'unknown_status':
      // A DexPal partner lists what is pending and has no word for it.
      return account.venue !== 'dexpal'
    default:
      return true
  }
}

describe.each(ACCOUNTS)('$id', ({ id, venue, ...keys }) => {
  test('shows everything open, and nothing of it wrong by a digit', async () => {
    const bench = await openBench(id, SEED)
    await bench.trade(TRADING_MS)
    const reads = await bench.within(bench.account.snapshot(bench.context()))
    expect(reads.flatMap(({ quarantined }) => quarantined)).toEqual([])
    expect(reads.every(({ coverage }) => coverage.proves !== 'presence')).toBe(true)
    const open = new Map(openOf(bench).map((order) => [keyOf(order), order]))
    expect(open.size).toBeGreaterThan(3)
    const shown = reads.flatMap(({ sightings }) => sightings)
    expect(shown.map(orderKey).toSorted()).toEqual([...open.keys()].toSorted())
    const untruths = shown.flatMap((sighting) => {
      const order = open.get(orderKey(sighting))
      return order === undefined ? [] : untruthsIn(bench, sighting, order)
    })
    expect(untruths).toEqual([])
  })

  test('names every ending in its history, or says that it has none', async () => {
    const bench = await openBench(id, SEED)
    const from = bench.clock.wall()
    await bench.trade(TRADING_MS)
    const read = await bench.within(
      outcomeOf(bench.account.lookBack({ from, to: bench.clock.wall() }, bench.context())),
    )
    if (read instanceof VenueError) {
      // Where there is nothing to look back at, nobody may ask.
      expect({ failure: read.failure, asked: isLookedBackAt(bench) }).toEqual({ failure: 'misused', asked: false })
      return
    }
    const ended = new Map(endedOf(bench).map((order) => [keyOf(order), order]))
    expect(ended.size).toBeGreaterThan(20)
    const told = read.sightings.filter(({ claim }) => claim.is === 'filled' || claim.is === 'cancelled')
    const untruths = told.flatMap((sighting) => {
      const order = ended.get(orderKey(sighting))
      return order === undefined ? [`${orderKey(sighting)} has not ended`] : untruthsIn(bench, sighting, order)
    })
    expect(untruths).toEqual([])
    if (!bench.account.history) return
    expect(read).toMatchObject({ complete: true, quarantined: [] })
    const names = new Set(told.map(orderKey))
    expect([...ended.keys()].filter((key) => !names.has(key))).toEqual([])
    for (const [key, order] of ended) {
      if (order.kind !== 'order') continue
      const fills = read.fills.filter((fill) => orderKey(fill) === key && !fill.reversed)
      expect({ key, filled: sum(fills.map(({ quantity }) => quantity)) }).toEqual({
        key,
        filled: stateOf(order).filled,
      })
      expect(new Set(fills.map(({ tradeId }) => tradeId)).size).toBe(fills.length)
    }
  })

  test('answers for an order with that order, and for a stranger with no ending', async () => {
    const bench = await openBench(id, SEED)
    await bench.trade(TRADING_MS)
    const orders = [...openOf(bench).slice(-3), ...endedOf(bench).slice(-6)]
    const unanswered: string[] = []
    for (const order of orders) {
      // Some venues space their questions out.
      await bench.clock.advance(61_000)
      const answer = await bench.within(bench.account.lookup(questionOf(bench, order), bench.context()))
      if (answer.is !== 'found') {
        // A list shows what is open, an ending has to be told.
        if (stateOf(order).status !== 'open' && order.kind === 'order') unanswered.push(keyOf(order))
        continue
      }
      expect(orderKey(answer.sighting)).toBe(keyOf(order))
      expect(untruthsIn(bench, answer.sighting, order)).toEqual([])
      expect(answer.fills.every((fill) => orderKey(fill) === keyOf(order))).toBe(true)
    }
    if (bench.account.lookups === 'any') expect(unanswered).toEqual([])
    const [known] = orders
    if (known === undefined) throw new Error('no orders')
    const stranger = { ...questionOf(bench, known), kind: 'order', venueOrderId: crypto.randomUUID() } as const
    await bench.clock.advance(61_000)
    const answer = await bench.within(bench.account.lookup(stranger, bench.context()))
    expect(answer.is).not.toBe('found')
  })

  test('stops at once when it is told to', async () => {
    const bench = await openBench(id, SEED)
    await bench.trade(30_000)
    const [order] = openOf(bench)
    if (order === undefined) throw new Error('no open order')
    const window = { from: bench.clock.wall() - 60_000, to: bench.clock.wall() }
    const reads = [
      (signal: AbortSignal) => bench.account.snapshot(bench.context({ signal })),
      (signal: AbortSignal) => bench.account.lookBack(window, bench.context({ signal })),
      (signal: AbortSignal) => bench.account.lookup(questionOf(bench, order), bench.context({ signal })),
    ]
    for (const read of reads) {
      await bench.connected()
      bench.sandbox.faults.add({ kind: 'no_answer', venue, forMs: 60_000 })
      const stop = new AbortController()
      let ended: unknown = null
      const work = read(stop.signal).then(
        (value) => {
          ended = { value }
        },
        (error: unknown) => {
          ended = error
        },
      )
      await bench.clock.advance(200)
      const before = ended
      const reason = new VenueError('later', 'told to stop')
      stop.abort(reason)
      await settle()
      await settle()
      // No timer has fired in between: it was the signal that ended it.
      expect([before, ended]).toEqual([before, before ?? expect.any(VenueError)])
      bench.sandbox.faults.clear()
      await bench.within(work)
      await bench.clock.advance(120_000)
    }
  })

  test.each(NOTICEABLE.map((effect) => ({ effect, name: 'status' in effect ? `HTTP ${effect.status}` : effect.kind })))(
    'takes nothing for gone because of $name',
    async ({ effect }) => {
      const bench = await openBench(id, SEED)
      await bench.trade(90_000)
      expect(openOf(bench).length).toBeGreaterThan(3)
      const from = bench.clock.wall() - 90_000
      for (let round = 0; round < 6; round++) {
        await bench.connected()
        const fault: Fault = { ...effect, venue, times: 1 + (round % 3) }
        bench.sandbox.faults.add(fault)
        const reads = await bench.within(outcomeOf(bench.account.snapshot(bench.context())))
        if (!(reads instanceof VenueError)) expect(wronglyAbsent(bench, reads)).toEqual([])
        const past = await bench.within(
          outcomeOf(bench.account.lookBack({ from, to: bench.clock.wall() }, bench.context())),
        )
        if (!(past instanceof VenueError)) expect(falseEndings(bench, past.sightings)).toEqual([])
        const [order] = openOf(bench)
        if (order !== undefined) {
          const answer = await bench.within(outcomeOf(bench.account.lookup(questionOf(bench, order), bench.context())))
          if ('is' in answer && answer.is === 'found') expect(falseEndings(bench, [answer.sighting])).toEqual([])
        }
        bench.sandbox.faults.clear()
        await bench.clock.advance(60_000)
      }
      expect(bench.sandbox.faults.counts()[effect.kind] ?? 0).toBeGreaterThan(canStrike(effect, bench) ? 5 : -1)
      await bench.connected()
      const reads = await bench.within(bench.account.snapshot(bench.context()))
      expect(wronglyAbsent(bench, reads)).toEqual([])
      expect(bench.sandbox.violations()).toEqual([])
    },
  )

  test('is known by what it reads and never by a key', async () => {
    const [first, second] = [await openBench(id, SEED), await openBench(id, SEED)]
    const { identity } = first.account
    await first.trade(30_000)
    await first.within(first.account.snapshot(first.context()))
    expect(first.account.identity).toBe(identity)
    expect(second.account.identity).toBe(identity)
    const secrets = Object.entries(keys).flatMap(([name, value]) =>
      /^(secretKey|apiKey|privateKey|sessionKey)$/.test(name) && typeof value === 'string' ? [value] : [],
    )
    expect(secrets.length).toBeGreaterThan(0)
    for (const secret of secrets) expect(identity).not.toContain(secret)
    expect(first.sandbox.violations()).toEqual([])
  })
})

/** Open orders that somebody says have ended. */
function falseEndings(bench: Bench, sightings: readonly Sighting[]): string[] {
  const open = new Set(openOf(bench).map(keyOf))
  const ended = sightings.filter(({ claim }) => claim.is === 'filled' || claim.is === 'cancelled')
  return ended.map(orderKey).filter((key) => open.has(key))
}
