import { describe, expect, test } from 'vitest'
import { idOf, NOW, order, type Row, SUBACCOUNT, TRIGGER, TWAP } from './examples.ts'
import { createFakeVenue, failure, failureOf, look, orders, result, type Script, type Scripts } from './fake-venue.ts'

const LISTS = ['get_trigger_orders', 'get_algo_orders', 'get_open_orders'] as const

const listing = (trigger: readonly Row[], algo: readonly Row[], open: readonly Row[]): Scripts => ({
  get_trigger_orders: () => orders(trigger),
  get_algo_orders: () => result(algo),
  get_open_orders: () => orders(open),
})

async function lookAt(scripts: Scripts) {
  const venue = createFakeVenue(scripts)
  const read = await look(venue)
  return { ...venue, read, ids: read.sightings.map(({ venueOrderId }) => venueOrderId) }
}

describe('the open orders', () => {
  test('are the union of three lists, read in the order in which orders move', async () => {
    const { read, ids, methods } = await lookAt(listing([order(1, TRIGGER)], [order(2, TWAP)], [order(3), order(4)]))
    expect(methods()).toEqual(LISTS)
    expect(ids).toEqual([idOf(1), idOf(2), idOf(3), idOf(4)])
    expect(read).toMatchObject({
      scope: { of: 'account', kinds: ['order'] },
      coverage: { proves: 'absence' },
      sameSession: false,
      venueTime: NOW,
      alsoPresent: [],
      quarantined: [],
    })
  })

  test('of an empty account prove absence', async () => {
    expect((await lookAt({})).read).toMatchObject({ coverage: { proves: 'absence' }, sightings: [] })
  })

  test('with a trigger that fired between two requests count it once, as it is on the book, and are not torn', async () => {
    const fired = order(1, { ...TRIGGER, order_status: 'open', last_update_timestamp: NOW })
    const { read } = await lookAt(listing([order(1, TRIGGER)], [], [fired]))
    expect(read.sightings).toMatchObject([{ word: 'open', venueClock: String(NOW) }])
    expect(read.coverage).toEqual({ proves: 'absence' })
  })

  test('of equal age in two lists go by the later list', async () => {
    const { read } = await lookAt(listing([order(1, TRIGGER)], [], [order(1)]))
    expect(read.sightings).toMatchObject([{ word: 'open' }])
  })

  test('with an older row in the later list go by the newer row', async () => {
    const older = order(1, { last_update_timestamp: NOW - 40_000 })
    const { read } = await lookAt(listing([order(1, TRIGGER)], [], [older]))
    expect(read.sightings).toMatchObject([{ word: 'untriggered' }])
  })

  test('with the same id twice in one list are torn, and the newer row stands', async () => {
    const newer = order(1, { filled_amount: '0.75', last_update_timestamp: NOW })
    const { read } = await lookAt(listing([], [], [newer, order(1)]))
    expect(read.sightings).toMatchObject([{ filled: '0.75' }])
    expect(read.coverage).toEqual({ proves: 'presence', because: 'an order was listed twice' })
  })

  test('with an unreadable row keep its id and every other row', async () => {
    const { read, ids } = await lookAt(listing([], [], [order(1), order(2, { direction: 'sideways' })]))
    expect(ids).toEqual([idOf(1)])
    expect(read.alsoPresent).toEqual([{ kind: 'order', venueOrderId: idOf(2) }])
    expect(read.coverage).toEqual({ proves: 'absence' })
    expect(read.quarantined).toMatchObject([{ where: 'private/get_open_orders', problem: 'direction: invalid_value' }])
    expect(read.quarantined[0]?.sample).not.toMatch(/5a5a|1795176000|0x1111/)
  })

  test.each([null, 'text', 7, [], {}, order(1, { order_id: null }), order(1, { order_id: '' })])(
    'with a row whose id nobody can read prove presence only (%#)',
    async (row) => {
      const { read } = await lookAt({ get_algo_orders: () => result([row]), get_open_orders: () => orders([order(2)]) })
      expect(read.coverage).toEqual({ proves: 'presence', because: 'a row without a legible id' })
      expect(read.sightings).toHaveLength(1)
    },
  )

  test.each(LISTS)('without %s for a while prove presence only, and say why', async (name) => {
    const down: Script = () => ({ status: 503, body: 'down' })
    const { read, ids } = await lookAt({ ...listing([order(1)], [order(2)], [order(3)]), [name]: down })
    expect(ids).toHaveLength(2)
    expect(read.coverage).toEqual({ proves: 'presence', because: `private/${name} failed: later` })
    expect(read.quarantined).toMatchObject([{ where: `private/${name}`, problem: `private/${name}: HTTP 503` }])
  })

  test('without a method that this venue does not have prove presence only', async () => {
    const { read } = await lookAt({ get_algo_orders: () => failure(-32601) })
    expect(read.coverage.proves).toBe('presence')
  })

  test('without any list fail', async () => {
    const down: Script = () => ({ status: 503 })
    const error = await failureOf(lookAt({ get_trigger_orders: down, get_algo_orders: down, get_open_orders: down }))
    expect(error).toMatchObject({ failure: 'later', message: 'private/get_trigger_orders: HTTP 503' })
  })

  test.each(LISTS)('with %s refused, limited or garbage fail as a whole', async (name) => {
    for (const [script, kind] of [
      [() => failure(14030), 'refused'],
      [() => failure(-32000), 'limited'],
      [() => ({ body: '<html>' }), 'broken'],
      [() => result({ orders: 'many' }), 'broken'],
      [() => result(null), 'broken'],
    ] as const) {
      expect(await failureOf(lookAt({ [name]: script }))).toMatchObject({ failure: kind })
    }
  })

  test.each([
    ['the list', { get_open_orders: () => result({ subaccount_id: 7, orders: [] }) }],
    ['a row', { get_open_orders: () => orders([order(1), order(2, { subaccount_id: 7 })]) }],
    ['an algo row', { get_algo_orders: () => result([order(1, { subaccount_id: SUBACCOUNT + 1 })]) }],
    ['an unreadable row', { get_open_orders: () => orders([{ subaccount_id: 7 }]) }],
  ])('with %s of another subaccount fail as a whole', async (_, scripts) => {
    expect(await failureOf(lookAt(scripts))).toMatchObject({
      failure: 'broken',
      message: expect.stringContaining('of another subaccount'),
    })
  })

  test('take a terminal word for an ending and a strange one for open', async () => {
    const { read } = await lookAt(
      listing([], [], [order(1, { order_status: 'filled' }), order(2, { order_status: '?' })]),
    )
    expect(read.sightings.map(({ claim }) => claim.is)).toEqual(['filled', 'unrecognised'])
  })
})
