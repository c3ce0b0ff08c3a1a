import { describe, expect, test } from 'vitest'
import type { OrderKey } from '../../../src/core/order.ts'
import { MAX_URL_CHARS } from '../../../src/venues/dexpal/address.ts'
import { LONGEST_LOOK_MS, MAX_PAGES, PAGE_ROWS } from '../../../src/venues/dexpal/history.ts'
import { createFakeVenue, failure, idOf, list, lookContext, NOW, row, type Script, walletOf } from './fake-venue.ts'

const WINDOW = { from: NOW - 3_600_000, to: NOW }

const event = (n: number, fields: Record<string, unknown> = {}, w = 1) => ({
  ...row(n, {}, w),
  createdAt: '2026-08-19T23:30:00Z',
  event: 'orderFilled',
  ...fields,
})

const stored = (...orders: [n: number, w?: number][]): OrderKey[] =>
  orders.map(([n, w = 1]): OrderKey => `order/${idOf(n, w)}`)

async function lookBack(script: Script, open = stored([1]), addresses = [walletOf(1)]) {
  const venue = createFakeVenue(script, { addresses })
  const read = await venue.account.lookBack(WINDOW, lookContext(open))
  return { ...venue, read, ids: read.sightings.map(({ venueOrderId }) => venueOrderId) }
}

describe('the look at the history', () => {
  test('asks for both ends, the largest page, and the addresses of stored orders alone', async () => {
    const { asked } = await lookBack(() => list([]), stored([1, 2]), [walletOf(1), walletOf(2), walletOf(3)])
    expect(asked.map(({ path, query }) => [path, Object.fromEntries(query)])).toEqual([
      [
        '/dexpal/v1/users/history',
        {
          addr: walletOf(2),
          from: new Date(WINDOW.from).toISOString(),
          to: new Date(WINDOW.to).toISOString(),
          limit: '500',
          offset: '0',
        },
      ],
    ])
  })

  test('asks nothing where nothing is stored', async () => {
    expect((await lookBack(() => list([]), [])).asked).toEqual([])
  })

  test('asks for every address where an id does not say whose it is', async () => {
    const { asked } = await lookBack(() => list([]), ['order/plain'], [walletOf(1), walletOf(2)])
    expect(asked[0]?.addresses).toEqual([walletOf(1), walletOf(2)])
  })

  test('keeps to the URL and to the longest look', async () => {
    const addresses = Array.from({ length: 100 }, (_, n) => walletOf(n))
    const venue = createFakeVenue(() => list([]), { addresses })
    await venue.account.lookBack({ from: 0, to: NOW }, lookContext(['order/plain']))
    expect(Math.max(...venue.asked.map(({ url }) => url.length))).toBeLessThanOrEqual(MAX_URL_CHARS)
    expect(venue.asked.flatMap((asked) => asked.addresses)).toEqual(addresses)
    expect(venue.asked[0]?.query.get('from')).toBe(new Date(NOW - LONGEST_LOOK_MS).toISOString())
  })

  test('tells of stored orders that an event ends by name, and of no others', async () => {
    const rows = [event(1), event(2, { event: 'positionClosed' }), event(3), event(4, { event: 'cancelled' })]
    const { read, ids } = await lookBack(() => list(rows), stored([1], [2], [4]))
    expect(ids).toEqual([idOf(1), idOf(4)])
    expect(read.sightings.map(({ claim }) => claim.is)).toEqual(['filled', 'cancelled'])
    expect(read.fills).toEqual([])
  })

  test('believes neither of two endings of one order', async () => {
    const rows = [event(1), event(1, { event: 'cancelled' }), event(1), event(2), event(2)]
    expect((await lookBack(() => list(rows), stored([1], [2]))).ids).toEqual([idOf(2)])
  })

  test('never moves the watermark', async () => {
    expect((await lookBack(() => list([]))).read.complete).toBe(false)
  })

  test('reads page after page, up to a bound', async () => {
    const full = Array.from({ length: PAGE_ROWS }, (_, n) => event(n + 10))
    const two = await lookBack((_, nth) => list(nth === 1 ? full : [event(1)]))
    expect([two.asked.map(({ query }) => query.get('offset')), two.ids]).toEqual([['0', '500'], [idOf(1)]])
    expect((await lookBack(() => list(full))).asked).toHaveLength(MAX_PAGES)
  })

  test.each([failure(404), failure(401), failure(500), failure(429), { body: 'x' }, list([event(1, {}, 9)])])(
    'a failure says nothing and harms nothing (%#)',
    async (answer) => {
      const { read, asked } = await lookBack(() => answer)
      expect(read).toEqual({ sightings: [], fills: [], complete: false, venueTime: null, quarantined: [] })
      expect(asked).toHaveLength(1)
    },
  )
})
