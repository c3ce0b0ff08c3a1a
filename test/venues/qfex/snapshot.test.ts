import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { contextOf, createBench, linkTo } from './bench.ts'
import * as example from './examples.ts'

const paging = z.object({ limit: z.number(), offset: z.number(), symbol: z.string().optional() })
const rowsOf = (count: number, change: object = {}, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ ...example.order, order_id: `order-${from + at}`, ...change }))

/** A venue that lists `rows`, never more than `clamp` a page. */
function lookAt(rows: readonly object[], reply: object = {}, options: { clamp?: number; symbols?: string[] } = {}) {
  const bench = createBench()
  const link = linkTo(bench.session, (message) => {
    const { limit, offset, symbol } = paging.parse(message.params)
    const asked = rows.filter((row) => symbol === undefined || Reflect.get(row, 'symbol') === symbol)
    const orders = asked.slice(offset, offset + Math.min(limit, options.clamp ?? limit))
    return [{ all_orders_response: { orders, ...reply } }]
  })
  const context = contextOf(link, { symbols: options.symbols ?? [] })
  return { ...bench, link, reads: bench.account.snapshot(context) }
}

describe('a look at the open orders', () => {
  it('of the seed page: orders, TWAPs, and no word about triggers', async () => {
    const { reads, link } = lookAt([example.order], { twaps: [example.twap] })
    const [read, ...none] = await reads
    expect(none).toEqual([])
    expect(read).toMatchObject({
      scope: { of: 'account', kinds: ['order', 'algo'] },
      coverage: { proves: 'absence' },
      sameSession: true,
      alsoPresent: [],
      quarantined: [],
    })
    expect(read?.sightings.map(({ kind }) => kind)).toEqual(['order', 'algo'])
    expect(read?.sightings[0]?.stated.base).toBe('GOOG')
    expect(link.sent).toEqual([{ type: 'get_user_orders', params: { limit: 1000, offset: 0 } }])
  })

  it('that is empty proves it', async () => {
    expect((await lookAt([]).reads)[0]).toMatchObject({ coverage: { proves: 'absence' }, sightings: [] })
  })

  it('lists a stop as a trigger only where no order has its id', async () => {
    const listed = { ...example.stop, stop_order_id: example.ORDER_ID }
    const [read] = await lookAt([example.order], { stop_orders: [example.stop, listed] }).reads
    expect(read?.scope.kinds).toEqual(['order', 'trigger'])
    expect(read?.sightings.map(({ kind, venueOrderId }) => [kind, venueOrderId])).toEqual([
      ['order', example.ORDER_ID],
      ['trigger', example.stop.stop_order_id],
    ])
  })

  it('shows a row that cannot be read and counts it as present', async () => {
    const [read] = await lookAt([example.order, { ...example.order, order_id: 'b', quantity: 'many' }]).reads
    expect(read).toMatchObject({
      coverage: { proves: 'absence' },
      alsoPresent: [{ kind: 'order', venueOrderId: 'b' }],
      quarantined: [{ where: 'orders[]', problem: expect.stringContaining('quantity') }],
    })
    expect(read?.sightings).toHaveLength(1)
  })

  it.each([
    ['an id that cannot be read', { ...example.order, order_id: 7 }],
    ['the same id twice', example.order],
    ['no row at all', null],
  ])('with %s proves presence only', async (_, row) => {
    const [read] = await lookAt([example.order, row ?? Object(1)]).reads
    expect(read?.coverage.proves).toBe('presence')
    expect(read?.sightings).toHaveLength(1)
  })

  it('takes the newer of two rows of one id, in either order', async () => {
    const newer = { ...example.order, update_time: example.order.update_time + 1, price: 252 }
    for (const rows of [
      [example.order, newer],
      [newer, example.order],
    ]) {
      expect((await lookAt(rows).reads)[0]?.sightings[0]?.stated.price).toBe('252')
    }
  })

  it('of null instead of a list proves nothing, and of no list is no look', async () => {
    expect((await lookAt([], { orders: null }).reads)[0]?.coverage.proves).toBe('presence')
    await expect(lookAt([], { orders: 'none' }).reads).rejects.toMatchObject({ failure: 'broken' })
  })

  it('of two users, or of another than before, fails whole', async () => {
    const other = { ...example.order, order_id: 'b', user_id: 'somebody-else' }
    await expect(lookAt([example.order, other]).reads).rejects.toMatchObject({ failure: 'broken' })
    const bench = createBench()
    bench.session.read(JSON.stringify({ order_response: example.order }))
    const link = linkTo(bench.session, () => [{ all_orders_response: { orders: [other] } }])
    await expect(bench.account.snapshot(contextOf(link))).rejects.toMatchObject({ failure: 'broken' })
  })

  it('of two users teaches nobody, so that the next look is believed', async () => {
    const other = { ...example.order, order_id: 'b', user_id: 'somebody-else' }
    const bench = createBench()
    const lists = [[other, example.order], [example.order]]
    const link = linkTo(bench.session, () => [{ all_orders_response: { orders: lists.shift() } }])
    await expect(bench.account.snapshot(contextOf(link))).rejects.toMatchObject({ failure: 'broken' })
    await expect(bench.account.snapshot(contextOf(link))).resolves.toHaveLength(1)
  })

  it('needs the session', async () => {
    await expect(createBench().account.snapshot(contextOf(null))).rejects.toMatchObject({ failure: 'later' })
  })

  it('is no worse for an unknown status word', async () => {
    const [read] = await lookAt([{ ...example.order, status: 'BRAND_NEW' }]).reads
    expect(read).toMatchObject({ coverage: { proves: 'absence' }, sightings: [{ claim: { is: 'open' } }] })
  })
})

describe('a list that does not fit', () => {
  it('is read by symbol: those known, those seen, those on the pages behind', async () => {
    const rows = [...rowsOf(1000), ...rowsOf(3, { symbol: 'TSLA-USD' }, 1000)]
    const { reads } = lookAt(rows, {}, { symbols: ['AAPL-USD'] })
    const scopes = (await reads).map(({ scope, coverage, sightings }) => [scope, coverage.proves, sightings.length])
    expect(scopes).toEqual([
      [{ kinds: ['order'], of: 'symbol', symbol: 'AAPL-USD' }, 'absence', 0],
      [{ kinds: ['order'], of: 'symbol', symbol: 'GOOG-USD' }, 'absence', 1000],
      [{ kinds: ['order'], of: 'symbol', symbol: 'TSLA-USD' }, 'absence', 3],
    ])
  })

  it('counts TWAPs too, because the limit may', async () => {
    const { reads } = lookAt(rowsOf(999), { twaps: [example.twap] })
    expect((await reads).map(({ scope }) => scope.of)).toEqual(['symbol'])
  })

  it('of one symbol over several pages proves absence only if repeated', async () => {
    const [read] = await lookAt(rowsOf(1005)).reads
    expect(read?.coverage.proves).toBe('absence_if_repeated')
    expect(read?.sightings).toHaveLength(1005)
  })

  it('of a venue that lowered the limit by itself is read to its end', async () => {
    const { reads, link } = lookAt(rowsOf(130), {}, { clamp: 100 })
    const [read] = await reads
    expect(read?.sightings).toHaveLength(130)
    expect(read?.coverage.proves).toBe('absence_if_repeated')
    expect(link.sent.map(({ params }) => paging.parse(params).offset)).toEqual([0, 100])
  })

  it('of a round number of rows is complete once the next page is empty', async () => {
    const { reads, link } = lookAt(rowsOf(100))
    expect((await reads)[0]?.coverage.proves).toBe('absence')
    expect(link.sent).toHaveLength(2)
  })

  it('of a venue that ignores the offset proves presence', async () => {
    const bench = createBench()
    const link = linkTo(bench.session, () => [{ all_orders_response: { orders: rowsOf(100) } }])
    const [read] = await bench.account.snapshot(contextOf(link))
    expect(read?.coverage.proves).toBe('presence')
    expect(read?.sightings).toHaveLength(100)
  })

  it('of a venue that ignores the symbol proves presence', async () => {
    const rows = [...rowsOf(600), ...rowsOf(600, { symbol: 'TSLA-USD' }, 600)]
    const bench = createBench()
    const link = linkTo(bench.session, (message) => {
      const { offset } = paging.parse(message.params)
      return [{ all_orders_response: { orders: rows.slice(offset, offset + 1000) } }]
    })
    for (const read of await bench.account.snapshot(contextOf(link))) expect(read.coverage.proves).toBe('presence')
  })
})
