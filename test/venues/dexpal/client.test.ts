import { describe, expect, test } from 'vitest'
import { MAX_ADDRESSES_A_REQUEST, MAX_URL_CHARS } from '../../../src/venues/dexpal/address.ts'
import { budgetKey } from '../../../src/venues/dexpal/client.ts'
import { MAX_SPLITS, MAX_STRANGERS_A_LOOK } from '../../../src/venues/dexpal/snapshot.ts'
import { VenueError } from '../../../src/venues/errors.ts'
import { EXAMPLE } from './examples.ts'
import {
  API_KEY,
  createFakeVenue,
  failure,
  holding,
  idOf,
  json,
  list,
  lookContext,
  lower,
  NOW,
  row,
  type Script,
  walletOf,
} from './fake-venue.ts'

const wallets = (count: number) => Array.from({ length: count }, (_, n) => walletOf(n + 1))

async function look(script: Script, addresses = wallets(1)) {
  const venue = createFakeVenue(script, { addresses })
  const reads = await venue.account.snapshot(lookContext())
  return { ...venue, reads, proofs: reads.map(({ coverage }) => coverage.proves) }
}

const partitionsOf = (reads: Awaited<ReturnType<typeof look>>['reads']) =>
  reads.map(({ scope }) => (scope.of === 'partition' ? scope.partition : scope.of))

async function failureOf(run: Promise<unknown>): Promise<VenueError> {
  const error = await run.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof VenueError) return error
  throw new Error(`no VenueError but ${String(error)}`)
}

describe('an account', () => {
  test('is its host and its addresses, and never its key', () => {
    const { account } = createFakeVenue(() => list([]), { addresses: [walletOf(1), lower(walletOf(1)), 'So1anaAbc'] })
    expect(account).toMatchObject({
      identity: 'partner.example',
      partitions: [lower(walletOf(1)), 'So1anaAbc'],
      history: false,
      hasHints: true,
      lookups: 'none',
      streams: false,
      emptyIsAmbiguous: true,
    })
    expect(JSON.stringify(account)).not.toContain(API_KEY)
  })

  test('shares its budget with every other of the same key at the same host', () => {
    const settings = { id: 'a', restUrl: 'https://partner.example', apiKey: 'k', addresses: [], rateShare: 1 }
    expect(budgetKey({ ...settings, id: 'b' })).toBe(budgetKey(settings))
    expect(budgetKey({ ...settings, apiKey: 'other' })).not.toBe(budgetKey(settings))
    expect(budgetKey({ ...settings, restUrl: 'https://other.example' })).not.toBe(budgetKey(settings))
  })

  test('answers no question about one order', async () => {
    const { account, asked } = createFakeVenue(() => list([]))
    const question = { kind: 'order', venueOrderId: idOf(1), symbol: 'BTC/USD', clientOrderId: null } as const
    const answer = await account.lookup({ ...question, firstSeenAt: NOW, since: null }, lookContext())
    expect([answer, asked]).toEqual([{ is: 'silent' }, []])
  })
})

describe('one address', () => {
  test('is read with the key, and proves what it shows and what it does not', async () => {
    const { reads, asked } = await look(() => list([row(1), row(2)]))
    expect(reads).toMatchObject([
      {
        scope: { of: 'partition', partition: lower(walletOf(1)), kinds: ['order'] },
        coverage: { proves: 'absence' },
        sightings: [{ venueOrderId: idOf(1) }, { venueOrderId: idOf(2) }],
        sameSession: false,
      },
    ])
    expect(asked.map(({ url }) => url)).toEqual([`https://partner.example/dexpal/v1/users/orders?addr=${walletOf(1)}`])
    expect(asked[0]?.headers.authorization).toBe(`Bearer ${API_KEY}`)
  })

  test('the example of the page is read whole', async () => {
    const { reads } = await look(() => json(EXAMPLE), [EXAMPLE.data[0].address])
    expect(reads).toMatchObject([{ coverage: { proves: 'absence' }, sightings: [{}], quarantined: [] }])
  })

  const doubts: readonly [string, unknown[], Record<string, unknown>, string, number][] = [
    ['a row without an id', [row(1), row(2, { orderId: null })], {}, 'a row without a legible id', 1],
    ['an order listed twice', [row(1), row(1, { leverage: 3 })], {}, 'an order was listed twice', 1],
    ['more rows elsewhere', [row(1)], { pagination: { hasMore: true } }, 'the answer is not the whole list', 1],
    ['a larger total', [row(1)], { pagination: { total: 2 } }, 'the answer is not the whole list', 1],
    ['a row without an address', [row(1), row(2, { address: 7 })], {}, 'a row without a legible address', 1],
    ['a row that is none', [row(1), 'x'], {}, 'a row without a legible address', 1],
  ]
  test.each(doubts)('%s proves presence only', async (_, rows, envelope, because, seen) => {
    const { reads } = await look(() => list(rows, envelope))
    expect(reads).toMatchObject([{ coverage: { proves: 'presence', because } }])
    expect(reads[0]?.sightings).toHaveLength(seen)
  })

  test('of two rows of one order the later stands', async () => {
    const { reads } = await look(() => list([row(1), row(1, { limitPrice: 7 })]))
    expect(reads[0]?.sightings.map(({ stated }) => stated.price)).toEqual(['7'])
  })

  test('a bad row is present all the same, and is kept for a look without its secrets', async () => {
    const { reads } = await look(() => list([row(1), row(2, { side: 'up', signature: 'canary' })]))
    expect(reads).toMatchObject([
      {
        coverage: { proves: 'absence' },
        alsoPresent: [{ kind: 'order', venueOrderId: idOf(2) }],
        quarantined: [{ where: 'orders[]' }],
      },
    ])
    expect(JSON.stringify(reads[0]?.quarantined)).not.toContain('canary')
  })

  test('the time of the read is the venue’s: its header, else its envelope', async () => {
    const date = new Date(NOW - 5_000).toUTCString()
    const timestamp = new Date(NOW - 9_000).toISOString()
    expect((await look(() => list([], { timestamp }, { date }))).reads[0]?.venueTime).toBe(NOW - 5_000)
    expect((await look(() => list([], { timestamp }))).reads[0]?.venueTime).toBe(NOW - 9_000)
    expect((await look(() => list([], { timestamp: 'now' }))).reads[0]?.venueTime).toBeNull()
    expect((await look(() => list([]))).reads[0]?.venueTime).toBeNull()
  })
})

describe('addresses', () => {
  test('of 0x are one whatever their case, in both directions', async () => {
    const flipped = row(1, { address: lower(walletOf(1)), orderId: `vela:0x${walletOf(1).slice(2).toUpperCase()}:1` })
    const { reads } = await look(() => list([flipped]))
    expect(reads[0]?.sightings.map(({ venueOrderId }) => venueOrderId)).toEqual([idOf(1)])
    const other = await look(() => list([row(1)]), [lower(walletOf(1))])
    expect(other.reads[0]?.sightings.map(({ partition }) => partition)).toEqual([lower(walletOf(1))])
  })

  test('of other chains are told apart by it', async () => {
    const address = 'So11111111111111111111111111111111111111112'
    const rows = [row(1, { address, orderId: `x:${address}:1` })]
    expect(partitionsOf((await look(() => list(rows), [address])).reads)).toEqual([address])
    expect((await failureOf(look(() => list(rows), [lower(address)]))).failure).toBe('broken')
  })

  test('that nobody asked for fail the read', async () => {
    const error = await failureOf(look(() => list([row(1), row(2, {}, 2)])))
    expect([error.failure, error.message]).toEqual(['broken', 'a row of an address that was not asked for'])
  })

  test('are read together, one scope each, those without orders too', async () => {
    const rows = [row(1, {}, 1), row(2, {}, 3)]
    const { reads, asked } = await look(holding(rows), wallets(3))
    expect(asked).toHaveLength(1)
    expect(partitionsOf(reads)).toEqual(wallets(3).map(lower))
    expect(reads.map(({ sightings }) => sightings.map(({ venueOrderId }) => venueOrderId))).toEqual([
      [idOf(1, 1)],
      [],
      [idOf(2, 3)],
    ])
  })

  test('a doubt is of its own address alone, but where nobody knows whose it is', async () => {
    const script = (fields: Record<string, unknown>) => () => list([row(1), row(2, fields, 2)])
    expect((await look(script({ orderId: '' }), wallets(3))).proofs).toEqual(['absence', 'presence', 'absence'])
    const anybodys = await look(script({ address: null }), wallets(3))
    expect(anybodys.proofs).toEqual(['presence', 'presence', 'presence'])
    expect(anybodys.reads.map(({ alsoPresent }) => alsoPresent.map(({ venueOrderId }) => venueOrderId))).toEqual(
      [1, 2, 3].map(() => [idOf(2, 2)]),
    )
  })

  test('an order under two addresses is torn in both', async () => {
    const script = () => list([row(1), row(1, { orderId: row(1).orderId }, 2)])
    expect((await look(script, wallets(3))).proofs).toEqual(['presence', 'presence', 'absence'])
  })

  test.each([1, 44, 45, 46, 90, 200])('%i go into as few requests as the URL allows', async (count) => {
    const { asked, reads } = await look(holding([]), wallets(count))
    const room = MAX_URL_CHARS - 'https://partner.example/dexpal/v1/users/orders?addr='.length
    const each = Math.floor((room + 1) / 43)
    expect(each).toBeLessThan(MAX_ADDRESSES_A_REQUEST)
    expect(asked).toHaveLength(Math.ceil(count / each))
    expect(Math.max(...asked.map(({ url }) => url.length))).toBeLessThanOrEqual(MAX_URL_CHARS)
    expect(asked.flatMap(({ addresses }) => addresses)).toEqual(wallets(count))
    expect(partitionsOf(reads)).toEqual(wallets(count).map(lower))
  })

  test('that are short are at most fifty a request', async () => {
    const short = Array.from({ length: 120 }, (_, n) => `So1ana${String(n).padStart(14, 'A')}`)
    const { asked } = await look(holding([]), short)
    expect(asked.map(({ addresses }) => addresses.length)).toEqual([50, 50, 20])
  })

  test('leave room for a long path of the partner, and one at least always goes', async () => {
    const restUrl = `https://partner.example/${'x'.repeat(2_000)}`
    const { account, asked } = createFakeVenue(holding([]), { addresses: wallets(3), restUrl })
    await account.snapshot(lookContext())
    expect(asked.map(({ addresses }) => addresses.length)).toEqual([1, 1, 1])
  })
})

describe('several requests', () => {
  const failing =
    (which: number, answer: ReturnType<Script>): Script =>
    (asked, nth) =>
      nth === which ? answer : list([row(nth, {}, Number(asked.addresses[0]?.slice(-3)))])

  test('of which one fails leave its addresses out', async () => {
    const { reads, asked } = await look(failing(2, failure(503)), wallets(100))
    expect(asked).toHaveLength(3)
    const left = asked[1]?.addresses.map(lower) ?? []
    expect(partitionsOf(reads)).toEqual(
      wallets(100)
        .map(lower)
        .filter((address) => !left.includes(address)),
    )
  })

  test('of which one is another’s answer leave its addresses out', async () => {
    const { reads } = await look(failing(1, list([row(1, {}, 500)])), wallets(100))
    expect(reads).toHaveLength(100 - 45)
  })

  test('that all fail throw the first failure', async () => {
    const run = look((_, nth) => (nth === 1 ? failure(500, 'first') : failure(503, 'later')), wallets(100))
    expect((await failureOf(run)).message).toContain('first')
  })

  test('end at a limit, and begin elsewhere the next time', async () => {
    const { account, asked, clock } = createFakeVenue(
      (_, nth) => (nth === 2 ? failure(429, 'in 3 seconds') : list([])),
      {
        addresses: wallets(100),
      },
    )
    expect(await account.snapshot(lookContext())).toHaveLength(45)
    expect(asked).toHaveLength(2)
    const again = account.snapshot(lookContext())
    await clock.advance(3_000)
    expect(await again).toHaveLength(100)
    expect(asked[2]?.addresses).toEqual(asked[1]?.addresses)
  })
})

describe('an unknown address', () => {
  const unknown =
    (...which: string[]): Script =>
    ({ addresses }) =>
      addresses.some((address) => which.includes(address)) ? failure(404, 'Resource does not exist') : list([])

  test('alone proves nothing and is no word about the key', async () => {
    const error = await failureOf(look(unknown(walletOf(1))))
    expect([error.failure, error.message]).toEqual([
      'not_found',
      '404 on GET /dexpal/v1/users/orders: Resource does not exist',
    ])
  })

  test('is found among others, and is asked about alone from then on', async () => {
    const { account, asked } = createFakeVenue(unknown(walletOf(7)), { addresses: wallets(40) })
    const others = wallets(40)
      .filter((address) => address !== walletOf(7))
      .map(lower)
    expect(partitionsOf(await account.snapshot(lookContext())).sort()).toEqual(others.sort())
    const first = asked.length
    expect(first).toBeLessThanOrEqual(2 * MAX_SPLITS + 1)
    expect(await account.snapshot(lookContext())).toHaveLength(39)
    expect(
      asked
        .slice(first)
        .map(({ addresses }) => addresses.length)
        .sort(),
    ).toEqual([1, 39])
  })

  test('that becomes known is asked about with the others again', async () => {
    let isKnown = false
    const script: Script = (asked, nth) => (isKnown ? list([]) : unknown(walletOf(2))(asked, nth))
    const { account, asked } = createFakeVenue(script, { addresses: wallets(3) })
    expect(await account.snapshot(lookContext())).toHaveLength(2)
    isKnown = true
    expect(await account.snapshot(lookContext())).toHaveLength(3)
    const before = asked.length
    expect(await account.snapshot(lookContext())).toHaveLength(3)
    expect(asked.length - before).toBe(1)
  })

  test('many of them cost a bounded number of requests', async () => {
    const { account, asked, clock } = createFakeVenue(unknown(...wallets(45)), { addresses: wallets(45) })
    for (let looks = 0; looks < 40; looks++) {
      const before = asked.length
      await clock.advance(60_000)
      await account.snapshot(lookContext()).catch(() => null)
      expect(asked.length - before).toBeLessThanOrEqual(2 * MAX_SPLITS + 1 + MAX_STRANGERS_A_LOOK)
    }
    expect(new Set(asked.slice(-45).flatMap(({ addresses }) => addresses)).size).toBe(45)
  })

  test('a page that is not the venue’s finds nobody', async () => {
    const { account, asked } = createFakeVenue(() => ({ status: 404, body: '<html>' }), { addresses: wallets(9) })
    expect((await failureOf(account.snapshot(lookContext()))).failure).toBe('later')
    expect(asked).toHaveLength(1)
  })
})

describe('failures', () => {
  test.each([
    [400, 'misused', 'never'],
    [401, 'refused', 'later'],
    [403, 'later', 'later'],
    [404, 'not_found', 'never'],
    [405, 'misused', 'never'],
    [429, 'limited', { afterMs: 30_000 }],
    [500, 'later', 'later'],
    [503, 'later', 'later'],
    [302, 'broken', 'later'],
  ])('%i is %s', async (status, failed, retry) => {
    const error = await failureOf(look(() => failure(status)))
    expect({ failure: error.failure, retry: error.retry }).toEqual({ failure: failed, retry })
    expect(error.message).toBe(`${status} on GET /dexpal/v1/users/orders: Words of the venue`)
  })

  test('a success that failed is later, in the words of the venue', async () => {
    for (const data of [undefined, null, [], [row(1)]]) {
      const error = await failureOf(look(() => json({ success: false, data, error: { message: 'Index is behind' } })))
      expect([error.failure, error.message]).toEqual(['later', expect.stringContaining('Index is behind')])
    }
  })

  test.each([
    { body: 'not json' },
    { body: '' },
    json([]),
    json([row(1)]),
    json({}),
    json({ data: [] }),
    json({ success: 'true', data: [] }),
    json({ success: true }),
    json({ success: true, data: null }),
    json({ success: true, data: {} }),
    { status: 204, body: '' },
  ])('an answer that is no list fails the read (%#)', async (answer) => {
    expect((await failureOf(look(() => answer))).failure).toBe('broken')
  })

  const waits: readonly [string, Record<string, string>, number][] = [
    ['Rate limit exceeded. Try again in 30 seconds.', {}, 30_000],
    ['Rate limit exceeded. Try again in 45 seconds.', { 'retry-after': '2' }, 45_000],
    ['try again in 2 minutes', {}, 120_000],
    ['retry in 1500ms', {}, 1_500],
    ['wait 2.5s', {}, 2_500],
    ['Try again in 0 seconds', {}, 1_000],
    ['Try again in 9999999 seconds', {}, 600_000],
    ['120 requests per minute', {}, 30_000],
    ['Slow down', { 'retry-after': '7' }, 7_000],
    ['Slow down', { 'retry-after': 'Fri, 21 Aug 2026 10:00:00 GMT' }, 30_000],
    ['Slow down', {}, 30_000],
  ]
  test.each(waits)('%s: nothing leaves for so long', async (words, headers, afterMs) => {
    const { account, asked, clock } = createFakeVenue((_, nth) => (nth === 1 ? failure(429, words, headers) : list([])))
    const error = await failureOf(account.snapshot(lookContext()))
    expect({ failure: error.failure, retry: error.retry }).toEqual({ failure: 'limited', retry: { afterMs } })
    const again = account.snapshot(lookContext())
    await clock.advance(afterMs - 1)
    expect(asked).toHaveLength(1)
    await clock.advance(1)
    await again
    expect(asked).toHaveLength(2)
  })

  test('no secret of the account comes back in an error, whatever the venue quotes', async () => {
    const error = await failureOf(look(() => failure(401, `bad key ${API_KEY} ${'long '.repeat(1_000)}`)))
    expect(error.message).not.toContain(API_KEY)
    expect(error.message.length).toBeLessThan(400)
  })

  test('a share of the limit is not exceeded', async () => {
    const { account, asked, clock } = createFakeVenue(() => list([]), { rateShare: 0.25 })
    const reads = Promise.all(Array.from({ length: 31 }, () => account.snapshot(lookContext())))
    await clock.advance(59_000)
    expect(asked).toHaveLength(30)
    await clock.advance(1_000)
    await reads
    expect(asked).toHaveLength(31)
  })

  test('a look that is cut off says so', async () => {
    const { account } = createFakeVenue(() => list([]))
    const context = { ...lookContext(), signal: AbortSignal.abort(new Error('cut')) }
    await expect(account.snapshot(context)).rejects.toThrow('cut')
  })
})
