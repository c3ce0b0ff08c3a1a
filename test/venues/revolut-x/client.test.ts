import { describe, expect, test } from 'vitest'
import { VenueError } from '../../../src/venues/errors.ts'
import { MAX_PAGES } from '../../../src/venues/revolut-x/pages.ts'
import { FORBIDDEN_IN_A_ROW } from '../../../src/venues/revolut-x/rest.ts'
import type { Question } from '../../../src/venues/venue.ts'
import { DETAILS, ERRORS } from './examples.ts'
import {
  API_KEY,
  createFakeVenue,
  failure,
  idOf,
  json,
  lookContext,
  NOW,
  page,
  row,
  type Script,
  trade,
} from './fake-venue.ts'

const question = (n: number, fields: Partial<Question> = {}): Question => ({
  kind: 'order',
  venueOrderId: idOf(n),
  symbol: 'BTC/USD',
  clientOrderId: null,
  firstSeenAt: NOW,
  since: null,
  ...fields,
})

async function snapshot(script: Script, protocol: 'orders-active' | 'orders' = 'orders-active') {
  const venue = createFakeVenue(script, { protocol })
  const reads = await venue.account.snapshot(lookContext())
  const [read] = reads
  if (read === undefined || reads.length !== 1) throw new Error('one scope was expected')
  return { ...venue, read, ids: read.sightings.map(({ venueOrderId }) => venueOrderId) }
}

async function failureOf(run: Promise<unknown>): Promise<VenueError> {
  const error = await run.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof VenueError) return error
  throw new Error(`no VenueError but ${String(error)}`)
}

describe('the active list', () => {
  const pages: readonly [string, Script, unknown, number[]][] = [
    ['one page with an empty cursor', () => page([row(1), row(2)]), { proves: 'absence' }, [1, 2]],
    ['one page with a null cursor', () => page([row(1)], null), { proves: 'absence' }, [1]],
    [
      'one page without a cursor',
      () => json({ data: [row(1)], metadata: { timestamp: NOW } }),
      { proves: 'absence' },
      [1],
    ],
    ['no orders', () => page([]), { proves: 'absence' }, []],
    [
      'three pages',
      (_, nth) => page([row(nth)], nth < 3 ? `c${nth}` : ''),
      { proves: 'absence_if_repeated', because: '3 pages in an order nobody documents' },
      [1, 2, 3],
    ],
    [
      'a cursor seen before',
      (_, nth) => page([row(nth)], nth === 2 ? 'b' : 'a'),
      { proves: 'presence', because: 'the cursor came twice' },
      [1, 2, 3],
    ],
    [
      'a failing second page',
      (_, nth) => (nth === 1 ? page([row(1)], 'c') : failure(503)),
      { proves: 'presence', because: 'page 2 failed: later' },
      [1],
    ],
    [
      'a second page that is garbage',
      (_, nth) => (nth === 1 ? page([row(1)], 'c') : { body: '<html>' }),
      { proves: 'presence', because: 'page 2 failed: broken' },
      [1],
    ],
    [
      'no metadata',
      () => json({ data: [row(1)] }),
      { proves: 'presence', because: 'the answer does not say whether it is all' },
      [1],
    ],
    [
      'an order on two pages',
      (_, nth) => page([row(1), row(nth + 1)], nth < 2 ? 'c' : ''),
      { proves: 'presence', because: 'an order was listed twice' },
      [1, 2, 3],
    ],
    [
      'a row without an id',
      () => page([row(1), { ...row(2), id: null }]),
      { proves: 'presence', because: 'a row without a legible id' },
      [1],
    ],
    ['a bad row with an id', () => page([row(1), row(2, { side: 1 })]), { proves: 'absence' }, [1]],
  ]
  test.each(pages)('%s proves what it can', async (_, script, coverage, ids) => {
    const look = await snapshot(script)
    expect(look.read.coverage).toEqual(coverage)
    expect(look.ids).toEqual(ids.map(idOf))
    expect(look.read.scope).toEqual({ of: 'account', kinds: ['order', 'algo'] })
  })

  test('a cursor that never ends is not followed for ever', async () => {
    const look = await snapshot((_, nth) => page([row(nth)], `c${nth}`))
    expect(look.asked).toHaveLength(MAX_PAGES)
    expect(look.read.coverage).toEqual({ proves: 'presence', because: `more than ${MAX_PAGES} pages` })
  })

  test('a bad row is present all the same, and is kept for a look', async () => {
    const { read } = await snapshot(() => page([row(1), row(2, { quantity: [] })]))
    expect(read.alsoPresent).toEqual([{ kind: 'order', venueOrderId: idOf(2) }])
    expect(read.quarantined).toMatchObject([{ where: 'active[]', problem: 'quantity: Invalid input' }])
  })

  test('the time of the read is the venue’s, of its first page', async () => {
    const dated = await snapshot((_, nth) => ({
      ...page([row(nth)], nth < 2 ? 'c' : ''),
      headers: { date: new Date(NOW + nth * 1_000).toUTCString() },
    }))
    expect(dated.read.venueTime).toBe(NOW + 1_000)
    expect((await snapshot(() => page([]))).read.venueTime).toBe(NOW)
    expect((await snapshot(() => json({ data: [], metadata: {} }))).read.venueTime).toBeNull()
  })

  test.each([
    { body: 'not json' },
    { body: '' },
    json([]),
    json({ data: {} }),
    json({}),
    json({ data: [], metadata: 7 }),
  ])('a first page that is no list fails the read (%#)', async (answer) => {
    expect((await failureOf(snapshot(() => answer))).failure).toBe('broken')
  })
})

describe('the list of the older page', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n + 1))

  test.each([
    [0, 'absence'],
    [99, 'absence'],
    [100, 'presence'],
    [101, 'absence'],
    [299, 'absence'],
    [300, 'presence'],
    [301, 'absence'],
    [1_000, 'presence'],
  ])('%i rows prove %s', async (count, proves) => {
    const look = await snapshot(() => json({ data: rows(count) }), 'orders')
    expect(look.read.coverage.proves).toBe(proves)
    expect(look.ids).toHaveLength(count)
    expect(look.asked.map(({ url }) => url)).toEqual(['https://revx.example/api/1.0/orders?limit=300'])
  })

  test('a cursor that the page does not know of proves that there is more', async () => {
    expect((await snapshot(() => page([row(1)], 'more'), 'orders')).read.coverage.proves).toBe('presence')
  })
})

describe('the clock', () => {
  const date = new Date(NOW - 3_600_000).toUTCString()

  test('a request from the future is signed anew by the clock of its refusal, once and at once', async () => {
    const look = await snapshot((_, nth) => (nth === 1 ? failure(409, { date }) : page([row(1)])))
    expect(look.asked.map(({ headers }) => headers['x-revx-timestamp'])).toEqual([String(NOW), String(NOW - 3_600_000)])
    expect(look.asked[0]?.headers['x-revx-signature']).not.toBe(look.asked[1]?.headers['x-revx-signature'])
    expect(look.ids).toEqual([idOf(1)])
  })

  test('a second refusal is skew, and no third request', async () => {
    const { account, asked } = createFakeVenue(() => failure(409, { date }))
    const error = await failureOf(account.snapshot(lookContext()))
    expect({ failure: error.failure, retry: error.retry, asked: asked.length }).toEqual({
      failure: 'skew',
      retry: 'later',
      asked: 2,
    })
  })

  test('a refusal without a time teaches nothing, so it is not repeated, and its body is not believed', async () => {
    const { account, asked } = createFakeVenue(() => failure(409))
    expect((await failureOf(account.snapshot(lookContext()))).failure).toBe('skew')
    expect(asked).toHaveLength(1)
    expect(account.venueNow()).toBeNull()
  })
})

describe('failures', () => {
  test.each([
    [400, 'misused', 'never'],
    [401, 'refused', 'later'],
    [403, 'later', 'later'],
    [404, 'misused', 'never'],
    [405, 'misused', 'never'],
    [409, 'skew', 'later'],
    [429, 'limited', { afterMs: 5_000 }],
    [500, 'later', 'later'],
    [503, 'later', 'later'],
    [302, 'broken', 'later'],
  ])('%i is %s', async (status, failed, retry) => {
    const error = await failureOf(snapshot(() => failure(status)))
    expect({ failure: error.failure, retry: error.retry }).toEqual({ failure: failed, retry })
    expect(error.message).toBe(
      `${status} on GET /api/1.0/orders/active: Words of the venue (error_id 7d85b5e7-d0f0-4696-b7b5-a300d0d03a5e)`,
    )
  })

  test.each(ERRORS)(
    'the example of $status keeps the venue’s words and nothing of its timestamp',
    async ({ status, body }) => {
      const { message } = await failureOf(snapshot(() => json(body, status)))
      expect(message).toContain(body.message)
      expect(message).toContain(body.error_id)
      expect(message).not.toContain(String(body.timestamp))
    },
  )

  test('forbidden is refused when it comes three times in a row', async () => {
    const statuses = [403, 403, 200, 403, 403, 500, 403, 403, 200, 403]
    const { account } = createFakeVenue((_, nth) =>
      statuses[nth - 1] === 200 ? page([]) : failure(statuses[nth - 1] ?? 500),
    )
    const failures: string[] = []
    for (const _ of statuses) {
      failures.push(
        await account.snapshot(lookContext()).then(
          () => 'none',
          (error: unknown) => (error instanceof VenueError ? error.failure : 'another'),
        ),
      )
    }
    expect(FORBIDDEN_IN_A_ROW).toBe(3)
    expect(failures).toEqual([
      'later',
      'later',
      'none',
      'later',
      'later',
      'later',
      'refused',
      'refused',
      'none',
      'later',
    ])
  })

  test.each([
    ['5000', 5_000],
    ['90000', 90_000],
    ['2', 1_000],
    ['999999999', 600_000],
    ['soon', 5_000],
    ['Fri, 21 Aug 2026 10:00:00 GMT', 5_000],
    [null, 5_000],
  ])('Retry-After %s is so many milliseconds, in which nothing leaves', async (header, afterMs) => {
    const headers: Record<string, string> = header === null ? {} : { 'retry-after': header }
    const { account, asked, clock } = createFakeVenue((_, nth) => (nth === 1 ? failure(429, headers) : page([])))
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
    const message = `bad key ${API_KEY}, x-revx-signature: c2lnbmF0dXJlIG9mIGEgY2FuYXJ5 ${'long '.repeat(1_000)}`
    const error = await failureOf(snapshot(() => json({ message, error_id: 'e' }, 401)))
    expect(error.message).not.toContain(API_KEY)
    expect(error.message).not.toContain('c2lnbmF0dXJl')
    expect(error.message.length).toBeLessThan(400)
  })

  test('a share of the limits is not exceeded', async () => {
    const { account, asked, clock } = createFakeVenue(() => page([]), { rateShare: 0.25 })
    const reads = Promise.all(Array.from({ length: 300 }, () => account.snapshot(lookContext())))
    await clock.advance(999)
    expect(asked).toHaveLength(25)
    await clock.advance(58_000)
    expect(asked).toHaveLength(250)
    await clock.advance(10_000)
    await reads
    expect(asked).toHaveLength(300)
  })
})

describe('a lookup', () => {
  const found =
    (detail: unknown, fills: Script = () => json({ data: [] })): Script =>
    (asked, nth) =>
      asked.path.includes('/fills/') ? fills(asked, nth) : json({ data: detail })

  test('finds an ended order with its executions', async () => {
    const script = found(row(1, { status: 'filled', filled_quantity: '1' }), () =>
      json({ data: [trade(1, 1), trade(2, 1)] }),
    )
    const { account, asked } = createFakeVenue(script)
    expect(await account.lookup(question(1), lookContext())).toMatchObject({
      is: 'found',
      sighting: { venueOrderId: idOf(1), claim: { is: 'filled', at: NOW - 30_000 }, filled: '1' },
      fills: [
        { tradeId: 't1', quantity: '0.5', price: '120000.5' },
        { tradeId: 't2', quantity: '0.5' },
      ],
    })
    expect(asked.map(({ path }) => path)).toEqual([`/api/1.0/orders/${idOf(1)}`, `/api/1.0/orders/fills/${idOf(1)}`])
  })

  test('finds an open order without asking for executions it cannot have', async () => {
    const { account, asked } = createFakeVenue(found([row(1)]))
    expect(await account.lookup(question(1), lookContext())).toMatchObject({
      is: 'found',
      sighting: { claim: { is: 'open' } },
      fills: [],
    })
    expect(asked).toHaveLength(1)
  })

  test('tells a fee, and the parent of a slice', async () => {
    const { account } = createFakeVenue(found(DETAILS.TwapTriggeredOrder.data))
    const asked = question(1, { venueOrderId: DETAILS.TwapTriggeredOrder.data.id })
    expect(await account.lookup(asked, lookContext())).toMatchObject({
      sighting: { fee: '0', feeAsset: 'USD', stated: { parentOrderId: DETAILS.TwapOrderDetails.data.id } },
    })
  })

  test('an ending stands where its executions cannot be read', async () => {
    const cases = [() => failure(500), () => json({ data: 7 }), () => failure(404), () => json({ data: [trade(1, 2)] })]
    for (const fills of cases) {
      const { account } = createFakeVenue(found(row(1, { status: 'cancelled', filled_quantity: '0.5' }), fills))
      expect(await account.lookup(question(1), lookContext())).toMatchObject({
        is: 'found',
        sighting: { claim: { is: 'cancelled' }, filled: '0.5' },
        fills: [],
      })
    }
  })

  test('only the venue’s own word means that there is no such order', async () => {
    const typed = createFakeVenue(() => failure(404))
    expect(await typed.account.lookup(question(1), lookContext())).toEqual({ is: 'no_such_order' })
    const proxy = createFakeVenue(() => ({ status: 404, body: '<html>not found</html>' }))
    expect((await failureOf(proxy.account.lookup(question(1), lookContext()))).failure).toBe('later')
  })

  test.each([
    ['another order', row(2)],
    ['an order of another kind', row(1, { type: 'twap' })],
    ['an order that does not parse', row(1, { price: 'dear' })],
    ['two orders', [row(1), row(2)]],
    ['nothing', null],
  ])('an answer with %s proves nothing', async (_, detail) => {
    const { account } = createFakeVenue(found(detail))
    expect((await failureOf(account.lookup(question(1), lookContext()))).failure).toBe('broken')
  })
})
