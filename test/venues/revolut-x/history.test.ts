import { describe, expect, test } from 'vitest'
import { VenueError } from '../../../src/venues/errors.ts'
import { MAX_DETAIL_READS, MAX_FILL_READS, ranges } from '../../../src/venues/revolut-x/history.ts'
import {
  type Asked,
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

const DAY = 86_400_000
const WINDOW = { from: NOW - 600_000, to: NOW }

interface Truth {
  history?: Script
  details?: readonly Record<string, unknown>[]
  fills?: readonly Record<string, unknown>[]
}

/** Answers details and executions from what is true, and the list by its script. */
const venueOf =
  ({ history = () => page([]), details = [], fills = [] }: Truth): Script =>
  (asked, nth) => {
    if (asked.path.endsWith('/historical')) return history(asked, nth)
    const id = asked.path.split('/').at(-1)
    if (asked.path.includes('/fills/')) return json({ data: fills.filter(({ oid }) => oid === id) })
    const detail = details.find((order) => order.id === id)
    return detail === undefined ? failure(404) : json({ data: detail })
  }

const pathsOf = (asked: readonly Asked[]) => asked.map(({ path }) => path.replace('/api/1.0/orders/', ''))

describe('the range of a look back', () => {
  test.each([
    ['minutes', WINDOW, [[NOW - 600_000, NOW]]],
    ['thirty days', { from: NOW - 30 * DAY, to: NOW }, [[NOW - 30 * DAY, NOW]]],
    [
      'more',
      { from: NOW - 61 * DAY, to: NOW },
      [
        [NOW - 61 * DAY, NOW - 31 * DAY],
        [NOW - 31 * DAY, NOW - DAY],
        [NOW - DAY, NOW],
      ],
    ],
    ['an instant', { from: NOW, to: NOW }, [[NOW, NOW]]],
    ['fractions of a ms', { from: NOW - 0.5, to: NOW + 0.5 }, [[NOW - 1, NOW]]],
    ['a window turned round', { from: NOW + 5, to: NOW }, [[NOW, NOW]]],
    ['before the venue was', { from: 0, to: 1 }, [[Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 1)]]],
  ])('%s are asked in pieces that join', (_, window, pieces) => {
    expect(ranges(window).map(({ from, to }) => [from, to])).toEqual(pieces)
  })

  test('both ends always go out, and every day costs a token', async () => {
    const { account, asked, clock } = createFakeVenue(venueOf({}))
    const look = account.lookBack({ from: NOW - 150 * DAY, to: NOW }, lookContext())
    await clock.advance(0)
    // Three ranges of thirty days fit into the hundred tokens of a second, the fourth has to wait.
    expect(asked).toHaveLength(3)
    await clock.advance(2_000)
    expect(await look).toMatchObject({ complete: true, sightings: [] })
    expect(asked.map(({ query }) => Object.fromEntries(query))).toEqual(
      [150, 120, 90, 60, 30].map((days) => ({
        start_date: String(NOW - days * DAY),
        end_date: String(NOW - (days - 30) * DAY),
        limit: '1900',
      })),
    )
  })
})

describe('what has ended', () => {
  test('is read to the last page, and a cancel, a fill and a replacement end at their last update', async () => {
    const pages = [
      page([row(1, { status: 'cancelled' }), row(2, { status: 'replaced' })], 'c1'),
      page([row(3, { status: 'filled', filled_quantity: '0.5', previous_order_id: idOf(2) })]),
    ]
    const script = venueOf({ history: (_, nth) => pages[nth - 1] ?? failure(500), fills: [trade(1, 3)] })
    const { account, asked } = createFakeVenue(script)
    const read = await account.lookBack(WINDOW, lookContext())
    expect(read.sightings.map(({ venueOrderId, claim }) => [venueOrderId, claim])).toEqual([
      [idOf(1), { is: 'cancelled', reason: 'user', at: NOW - 30_000 }],
      [idOf(2), { is: 'cancelled', reason: 'replaced', at: NOW - 30_000 }],
      [idOf(3), { is: 'filled', at: NOW - 30_000 }],
    ])
    expect(read).toMatchObject({ complete: true, venueTime: NOW, fills: [{ tradeId: 't1', venueOrderId: idOf(3) }] })
    expect(asked[1]?.query.get('cursor')).toBe('c1')
    expect(asked[1]?.query.get('end_date')).toBe(String(NOW))
  })

  test.each([
    [
      'a failing page',
      (_: Asked, nth: number) => (nth === 1 ? page([row(1, { status: 'cancelled' })], 'c') : failure(500)),
    ],
    ['a stalled cursor', () => page([row(1, { status: 'cancelled' })], 'c')],
    ['no metadata', () => json({ data: [row(1, { status: 'cancelled' })] })],
  ])('%s leaves the look incomplete, and what it showed is true', async (_, history) => {
    const { account } = createFakeVenue(venueOf({ history }))
    const read = await account.lookBack(WINDOW, lookContext())
    expect(read.complete).toBe(false)
    expect(read.sightings.map(({ venueOrderId }) => venueOrderId)).toEqual([idOf(1)])
  })

  test('a failing second range leaves the first', async () => {
    const history: Script = ({ query }) =>
      query.get('end_date') === String(NOW) ? failure(503) : page([row(1, { status: 'cancelled' })])
    const { account } = createFakeVenue(venueOf({ history }))
    const read = await account.lookBack({ from: NOW - 40 * DAY, to: NOW }, lookContext())
    expect(read).toMatchObject({ complete: false, sightings: [{ venueOrderId: idOf(1) }] })
  })

  test('a failing first page is the failure of the look', async () => {
    const { account } = createFakeVenue(venueOf({ history: () => failure(401) }))
    await expect(account.lookBack(WINDOW, lookContext())).rejects.toMatchObject({ failure: 'refused' })
    await expect(account.lookBack(WINDOW, lookContext())).rejects.toBeInstanceOf(VenueError)
  })

  test('a poisoned row is kept for a look and holds up nothing', async () => {
    const history = () => page([row(1, { status: 'cancelled', price: 'dear' }), row(2, { status: 'cancelled' })])
    const { account } = createFakeVenue(venueOf({ history }))
    const read = await account.lookBack(WINDOW, lookContext())
    expect(read).toMatchObject({ complete: true, sightings: [{ venueOrderId: idOf(2) }] })
    expect(read.quarantined).toMatchObject([{ where: 'historical[]', problem: 'price: not a decimal' }])
  })
})

describe('executions', () => {
  const filled = (n: number, fields = {}) =>
    row(n, { status: 'filled', quantity: '0.5', filled_quantity: '0.5', ...fields })

  test('are asked for once an order, and told every time', async () => {
    const history = () => page([filled(1), row(2, { status: 'cancelled' })])
    const { account, asked } = createFakeVenue(venueOf({ history, fills: [trade(1, 1)] }))
    const first = await account.lookBack(WINDOW, lookContext())
    const second = await account.lookBack(WINDOW, lookContext())
    expect(first.fills).toMatchObject([{ tradeId: 't1', kind: 'order' }])
    expect(second.fills).toEqual(first.fills)
    expect(pathsOf(asked)).toEqual(['historical', `fills/${idOf(1)}`, 'historical'])
  })

  test('that lag behind the order, or change with it, are asked for again', async () => {
    let fields: Record<string, unknown> = { filled_quantity: '1' }
    const { account, asked } = createFakeVenue(
      venueOf({ history: () => page([filled(1, fields)]), fills: [trade(1, 1)] }),
    )
    await account.lookBack(WINDOW, lookContext())
    fields = { filled_quantity: '0.5' }
    await account.lookBack(WINDOW, lookContext())
    fields = { filled_quantity: '0.5', updated_date: NOW }
    await account.lookBack(WINDOW, lookContext())
    expect(pathsOf(asked).filter((path) => path.startsWith('fills'))).toHaveLength(3)
  })

  test('tell how much was filled where the order says filled and nothing', async () => {
    const history = () => page([filled(1, { filled_quantity: '0' })])
    const { account } = createFakeVenue(venueOf({ history, fills: [trade(1, 1)] }))
    expect(await account.lookBack(WINDOW, lookContext())).toMatchObject({
      sightings: [{ claim: { is: 'filled' }, filled: null }],
      fills: [{ quantity: '0.5' }],
    })
  })

  test('that fail hold up no ending, and the rest is left for the next look', async () => {
    const script: Script = (asked, nth) =>
      asked.path.includes('/fills/')
        ? failure(500)
        : venueOf({ history: () => page([filled(1), filled(2)]) })(asked, nth)
    const { account, asked } = createFakeVenue(script)
    const read = await account.lookBack(WINDOW, lookContext())
    expect(read).toMatchObject({ complete: true, fills: [] })
    expect(read.sightings).toHaveLength(2)
    expect(pathsOf(asked)).toEqual(['historical', `fills/${idOf(1)}`])
  })

  test('of many orders are read over several looks', async () => {
    const count = MAX_FILL_READS + 30
    const orders = Array.from({ length: count }, (_, n) => filled(n + 1))
    const fills = Array.from({ length: count }, (_, n) => trade(n + 1, n + 1))
    const { account, clock } = createFakeVenue(venueOf({ history: () => page(orders), fills }))
    const first = account.lookBack(WINDOW, lookContext())
    await clock.advance(10_000)
    const second = account.lookBack(WINDOW, lookContext())
    await clock.advance(10_000)
    expect((await first).fills).toHaveLength(MAX_FILL_READS)
    expect((await second).fills).toHaveLength(count)
  })

  test('a trade that does not parse is kept for a look', async () => {
    const fills = [trade(1, 1), trade(2, 1, { q: 'some' })]
    const { account } = createFakeVenue(venueOf({ history: () => page([filled(1)]), fills }))
    const read = await account.lookBack(WINDOW, lookContext())
    expect(read.fills).toHaveLength(1)
    expect(read.quarantined).toMatchObject([{ where: 'fills[]', problem: 'q: not a decimal' }])
  })
})

describe('slices', () => {
  const parent = (fields: Record<string, unknown> = {}) =>
    row(1, {
      type: 'twap',
      status: 'partially_filled',
      twap: { type: 'market', linked_ids: [idOf(2), idOf(3)] },
      ...fields,
    })
  const slices = [
    row(2, { status: 'filled', filled_quantity: '0.5', type: 'market' }),
    row(3, { status: 'new', triggered_by: { reason: 'twap', twap: { parent_id: idOf(1), slice_index: 2 } } }),
  ]

  test('of an open algo are found through it, and those that ended are asked for once', async () => {
    const { account, asked } = createFakeVenue(venueOf({ details: [parent(), ...slices], fills: [trade(1, 2)] }))
    const context = lookContext([`algo/${idOf(1)}`, `order/${idOf(9)}`])
    const first = await account.lookBack(WINDOW, context)
    const second = await account.lookBack(WINDOW, context)
    expect(first).toMatchObject({
      complete: true,
      sightings: [
        { kind: 'order', venueOrderId: idOf(2), claim: { is: 'filled' }, stated: { parentOrderId: idOf(1) } },
        { kind: 'order', venueOrderId: idOf(3), claim: { is: 'open' }, stated: { parentOrderId: idOf(1) } },
      ],
      fills: [{ venueOrderId: idOf(2), tradeId: 't1' }],
    })
    expect(second).toEqual(first)
    expect(pathsOf(asked)).toEqual([
      'historical',
      idOf(1),
      idOf(2),
      idOf(3),
      `fills/${idOf(2)}`,
      'historical',
      idOf(1),
      idOf(3),
    ])
  })

  test('of an algo that ended between two looks are found through history', async () => {
    const over = parent({ status: 'filled', filled_quantity: '1.5' })
    const { account } = createFakeVenue(
      venueOf({ history: () => page([{ ...over, twap: { type: 'market' } }]), details: [over, ...slices] }),
    )
    const read = await account.lookBack(WINDOW, lookContext())
    expect(read.sightings.map(({ kind, venueOrderId }) => `${kind}/${venueOrderId}`)).toEqual([
      `algo/${idOf(1)}`,
      `order/${idOf(2)}`,
      `order/${idOf(3)}`,
    ])
    // The parent's fills are its slices'.
    expect(read.fills).toEqual([])
  })

  test('that cannot be read leave the look incomplete; those that do not exist do not', async () => {
    const context = lookContext([`algo/${idOf(1)}`])
    const gone = createFakeVenue(venueOf({ details: [parent()] }))
    expect(await gone.account.lookBack(WINDOW, context)).toMatchObject({ complete: true, sightings: [] })
    const down: Script = (asked, nth) =>
      asked.path.endsWith(idOf(3)) ? failure(500) : venueOf({ details: [parent(), ...slices] })(asked, nth)
    expect(await createFakeVenue(down).account.lookBack(WINDOW, context)).toMatchObject({
      complete: false,
      sightings: [{ venueOrderId: idOf(2) }],
    })
  })

  test('that do not parse are kept for a look', async () => {
    const details = [parent(), row(2, { side: 'up' }), row(3)]
    const { account } = createFakeVenue(venueOf({ details }))
    const read = await account.lookBack(WINDOW, lookContext([`algo/${idOf(1)}`]))
    expect(read).toMatchObject({ complete: true, quarantined: [{ where: `order ${idOf(2)}` }] })
    expect(read.sightings).toHaveLength(1)
  })

  test('beyond the bound are left for the looks that follow', async () => {
    const ids = Array.from({ length: MAX_DETAIL_READS + 50 }, (_, n) => n + 2)
    const details = [
      parent({ twap: { type: 'market', linked_ids: ids.map(idOf) } }),
      ...ids.map((n) => row(n, { status: 'cancelled' })),
    ]
    const { account, clock } = createFakeVenue(venueOf({ details }))
    const context = lookContext([`algo/${idOf(1)}`])
    const first = account.lookBack(WINDOW, context)
    await clock.advance(10_000)
    expect(await first).toMatchObject({ complete: false })
    const second = account.lookBack(WINDOW, context)
    await clock.advance(10_000)
    expect((await second).sightings).toHaveLength(ids.length)
    expect(await second).toMatchObject({ complete: true })
  })
})
