import { describe, expect, test } from 'vitest'
import { MAX_PAGES, MAX_RESTARTS } from '../../../src/venues/derive/pages.ts'
import { idOf, NOW, order, SUBACCOUNT, trade } from './examples.ts'
import {
  createFakeVenue,
  failure,
  failureOf,
  lookContext,
  orderPage,
  type Script,
  type Scripts,
  tradePage,
} from './fake-venue.ts'

const WINDOW = { from: NOW - 600_000.5, to: NOW + 0.5 }
const ended = (n: number) => order(n, { order_status: 'filled', filled_amount: '1.5' })

async function lookBackAt(scripts: Scripts) {
  const venue = createFakeVenue(scripts)
  const read = await venue.account.lookBack(WINDOW, lookContext())
  const ids = read.sightings.map(({ venueOrderId }) => venueOrderId)
  const pages = venue.asked.filter(({ method }) => method.endsWith('order_history')).map(({ params }) => params.page)
  return { ...venue, read, ids, pages }
}

/** A list of one order a page that answers a page above its last with the last one again. */
const clamped =
  (count: number): Script =>
  ({ params }) =>
    orderPage([ended(Math.min(Number(params.page), count))], count, count)

describe('a look back', () => {
  test('asks for ended orders and executions with both ends of the window', async () => {
    const { read, asked, methods } = await lookBackAt({
      get_order_history: () => orderPage([ended(1)]),
      get_trade_history: () => tradePage([trade(1, 1), trade(2, 1, { batch_status: 'SettlingError' })]),
    })
    expect(methods()).toEqual(['get_order_history', 'get_trade_history'])
    const bounds = { from_timestamp: NOW - 600_001, to_timestamp: NOW + 1 }
    for (const { params } of asked) {
      expect(params).toEqual({ subaccount_id: SUBACCOUNT, ...bounds, page: 1, page_size: 1_000 })
    }
    expect(read).toMatchObject({ complete: true, venueTime: NOW, quarantined: [] })
    expect(read.sightings).toMatchObject([{ venueOrderId: idOf(1), claim: { is: 'filled' } }])
    expect(read.fills.map(({ reversed }) => reversed)).toEqual([false, true])
  })

  test('of an empty window is complete', async () => {
    expect((await lookBackAt({})).read).toMatchObject({ sightings: [], fills: [], complete: true })
  })

  test('reads every page that is announced and none above', async () => {
    const { read, ids, pages } = await lookBackAt({ get_order_history: clamped(3) })
    expect(pages).toEqual([1, 2, 3])
    expect(ids).toEqual([idOf(1), idOf(2), idOf(3)])
    expect(read.complete).toBe(true)
  })

  test('takes the rows of a trade of two own orders for two executions', async () => {
    const both = [trade(1, 1), trade(1, 2, { direction: 'sell' })]
    const { read } = await lookBackAt({ get_trade_history: () => tradePage(both) })
    expect(read.fills.map(({ venueOrderId }) => venueOrderId)).toEqual([idOf(1), idOf(2)])
    expect(read.complete).toBe(true)
  })
})

describe('a list that moves while it is read', () => {
  const moving: readonly [string, (nth: number) => ReturnType<Script>, number[], boolean][] = [
    ['grows once', (nth) => (nth < 2 ? orderPage([ended(1)], 2, 2) : clampedAt(nth - 1, 3)), [1, 2, 1, 2, 3], true],
    ['shrinks once', (nth) => (nth < 2 ? orderPage([ended(1)], 3, 3) : clampedAt(nth - 1, 2)), [1, 2, 1, 2], true],
    ['grows on every page', (nth) => orderPage([ended(nth)], nth + 1, nth + 1), [1, 2, 1, 2, 1, 2], false],
    ['grows by count alone', (nth) => orderPage([ended(nth)], nth + 1, 2), [1, 2, 1, 2, 1, 2], false],
    ['grows by pages alone', (nth) => orderPage([ended(nth)], 2, nth + 1), [1, 2, 1, 2, 1, 2], false],
    ['shifts a row once', (nth) => (nth < 3 ? orderPage([ended(1)], 2, 2) : clampedAt(nth - 2, 2)), [1, 2, 1, 2], true],
    ['shifts rows for ever', () => orderPage([ended(1)], 2, 2), [1, 2, 1, 2, 1, 2], false],
  ]
  const clampedAt = (page: number, count: number) =>
    orderPage([ended(Math.max(1, Math.min(page, count)))], count, count)

  test.each(moving)('and %s is begun again, but not for ever', async (_, answer, pages, complete) => {
    const grown = await lookBackAt({
      get_order_history: ({ params }, nth) => {
        const first = answer(nth)
        return complete && nth > 2 ? answerOf(Number(params.page), first) : first
      },
    })
    expect(grown.pages).toEqual(pages)
    expect(grown.read.complete).toBe(complete)
    expect(grown.pages.filter((page) => page === 1).length).toBeLessThanOrEqual(MAX_RESTARTS + 1)
    if (!complete) expect(grown.read.quarantined).toMatchObject([{ where: 'private/get_order_history' }])
  })

  /** What a list that stands still again answers for a page. */
  function answerOf(page: number, like: ReturnType<Script>) {
    const { count } = JSON.parse(String(like.body)).result.pagination
    return clampedAt(page, count)
  }
})

describe('a list that is not all there', () => {
  test.each([
    ['rows are missing', () => orderPage([ended(1)], 2, 1), '1 rows where 2 were announced'],
    ['rows are too many', () => orderPage([ended(1), ended(2)], 1, 1), '2 rows where 1 were announced'],
    ['rows came without a page', () => orderPage([ended(1)], 0, 0), '1 rows where 0 were announced'],
    ['a row came twice', () => orderPage([ended(1), ended(1)], 2, 1), 'a row came twice'],
  ])('because %s leaves the watermark', async (_, answer, problem) => {
    const { read, ids } = await lookBackAt({ get_order_history: answer })
    expect(read.complete).toBe(false)
    expect(ids).toContain(idOf(1))
    expect(read.quarantined).toMatchObject([{ where: 'private/get_order_history', problem }])
  })

  test('because a later page failed keeps the pages before it', async () => {
    const { read, ids } = await lookBackAt({
      get_order_history: (asked, nth) => (nth === 2 ? { status: 503 } : clamped(3)(asked, nth)),
    })
    expect(ids).toEqual([idOf(1)])
    expect(read).toMatchObject({ complete: false, quarantined: [{ problem: 'page 2 failed: later' }] })
  })

  test(`because it has more than ${MAX_PAGES} pages is read so far`, async () => {
    const venue = createFakeVenue({ get_order_history: clamped(MAX_PAGES + 1) })
    const reading = venue.account.lookBack(WINDOW, lookContext())
    await venue.clock.advance(60_000)
    const read = await reading
    expect(read.sightings).toHaveLength(MAX_PAGES)
    expect(read.complete).toBe(false)
  })

  test('because executions failed keeps the orders', async () => {
    const { read, ids } = await lookBackAt({
      get_order_history: () => orderPage([ended(1)]),
      get_trade_history: () => ({ status: 500 }),
    })
    expect(ids).toEqual([idOf(1)])
    expect(read).toMatchObject({ complete: false, fills: [], quarantined: [{ where: 'private/get_trade_history' }] })
  })
})

describe('a look back that cannot be had', () => {
  test.each([
    ['the first page failed', { get_order_history: () => ({ status: 503 }) }, 'later'],
    ['the first page is garbage', { get_order_history: () => ({ body: '{"result":{"orders":[]}}' }) }, 'broken'],
    ['a later page is refused', pageTwo(14030), 'refused'],
    ['a later page is limited', pageTwo(-32000), 'limited'],
    ['executions are refused', { get_trade_history: () => failure(14031) }, 'refused'],
    [
      'an order is of another subaccount',
      { get_order_history: () => orderPage([{ ...ended(1), subaccount_id: 7 }]) },
      'broken',
    ],
    [
      'a trade is of another subaccount',
      { get_trade_history: () => tradePage([trade(1, 1, { subaccount_id: 7 })]) },
      'broken',
    ],
  ] satisfies [string, Scripts, string][])('because %s fails', async (_, scripts, kind) => {
    expect(await failureOf(lookBackAt(scripts))).toMatchObject({ failure: kind })
  })

  function pageTwo(code: number): Scripts {
    return { get_order_history: (asked, nth) => (nth === 2 ? failure(code) : clamped(3)(asked, nth)) }
  }
})

test('a row that cannot be read is shown and holds nothing up', async () => {
  const { read, ids } = await lookBackAt({
    get_order_history: () => orderPage([ended(1), { ...ended(2), amount: 'NaN' }]),
    get_trade_history: () => tradePage([trade(1, 1), trade(2, 1, { trade_price: {} })]),
  })
  expect(ids).toEqual([idOf(1)])
  expect(read.fills).toHaveLength(1)
  expect(read.complete).toBe(true)
  expect(read.quarantined.map(({ where }) => where)).toEqual(['private/get_order_history', 'private/get_trade_history'])
})
