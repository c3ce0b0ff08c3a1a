import { expect, test } from 'vitest'
import type { Fault } from '../../src/sandbox/faults.ts'
import { VenueError } from '../../src/venues/errors.ts'
import { connect, createWorld, qfexAuth, qfexGet, revolutXGet, rowsOf, subscribed, type World } from './harness.ts'

const LIMIT = { symbol: 'AAPL-USD', side: 'buy', type: 'limit', quantity: '2', price: '231.5' } as const
const SELL = { symbol: 'BTC/USD', side: 'sell', type: 'limit', quantity: '0.5', price: '120000' } as const
const ACTIVE = '/api/1.0/orders/active'

function worldWith(fault: Fault): World {
  const world = createWorld()
  world.sandbox.faults.add(fault)
  return world
}

const placeSome = ({ sandbox }: World, count = 3) => {
  for (let n = 0; n < count; n++) sandbox.market.place('revx', SELL)
}
const activeIds = async (world: World, query = '') =>
  rowsOf(await revolutXGet(world, ACTIVE, query)).map(({ id }) => id)

test('a fault strikes as often as it may, is counted, and is over', async () => {
  const world = worldWith({ kind: 'blind', venue: 'revolut-x', times: 2 })
  placeSome(world)
  const lengths = [await activeIds(world), await activeIds(world), await activeIds(world)].map(({ length }) => length)
  expect(lengths).toEqual([0, 0, 3])
  expect(world.sandbox.faults.counts()).toEqual({ blind: 2 })
  expect(world.sandbox.faults.pending()).toEqual([])
})

test('a fault with a time ends with it, and one of another account or place does not strike', async () => {
  const world = worldWith({ kind: 'blind', venue: 'revolut-x', forMs: 15_000 })
  placeSome(world)
  expect(await activeIds(world)).toHaveLength(0)
  expect(await activeIds(world)).toHaveLength(0)
  expect(await activeIds(world)).toHaveLength(3)
  world.sandbox.faults.add({ kind: 'blind', venue: 'revolut-x', account: 'revx-seed' })
  world.sandbox.faults.add({ kind: 'http_status', status: 500, venue: 'revolut-x', on: 'history' })
  world.sandbox.faults.add({ kind: 'blind', venue: 'qfex' })
  expect(await activeIds(world)).toHaveLength(3)
})

test('the same seed rolls the same faults', async () => {
  const roll = async () => {
    const world = worldWith({ kind: 'blind', venue: 'revolut-x', chance: 0.5, times: 100 })
    placeSome(world)
    const seen: number[] = []
    for (let look = 0; look < 12; look++) seen.push((await activeIds(world)).length)
    return seen
  }
  const first = await roll()
  expect(new Set(first)).toEqual(new Set([0, 3]))
  expect(await roll()).toEqual(first)
})

test('a stale list shows what was open then', async () => {
  const world = createWorld()
  const gone = world.sandbox.market.place('revx', SELL)
  await world.clock.advance(60_000)
  world.sandbox.market.cancel(gone)
  world.sandbox.market.place('revx', SELL)
  world.sandbox.faults.add({ kind: 'stale_list', venue: 'revolut-x', ms: 30_000 })
  expect(await activeIds(world)).toEqual([gone.id])
})

test('a torn page loses the row that moved up', async () => {
  const world = worldWith({ kind: 'torn_page', venue: 'revolut-x' })
  placeSome(world, 4)
  const first = await revolutXGet(world, ACTIVE, 'limit=2')
  const { next_cursor } = Object(first.body.metadata)
  const rest = await activeIds(world, `cursor=${encodeURIComponent(next_cursor)}&limit=2`)
  expect(rest).toHaveLength(1)
})

test('lists can be cut short, repeat a row, or be somebody else’s', async () => {
  const world = worldWith({ kind: 'truncated_list', rows: 2, venue: 'revolut-x' })
  placeSome(world)
  expect(await activeIds(world)).toHaveLength(2)
  world.sandbox.faults.add({ kind: 'repeat_row', venue: 'revolut-x' })
  const repeated = await activeIds(world)
  expect([repeated.length, new Set(repeated).size]).toEqual([4, 3])
  const stranger = world.sandbox.market.place('revx-seed', SELL)
  world.sandbox.faults.add({ kind: 'foreign_list', from: 'revx-seed', venue: 'revolut-x' })
  expect(await activeIds(world)).toEqual([stranger.id])
})

test('a hidden order is in no list, no history, no lookup and no frame, and then it is back', async () => {
  const world = createWorld()
  const order = world.sandbox.market.place('revx', SELL)
  world.sandbox.faults.add({ kind: 'hide_order', venue: 'revolut-x', orderId: order.id, forMs: 25_000 })
  expect(await activeIds(world)).toEqual([])
  expect((await revolutXGet(world, `/api/1.0/orders/${order.id}`)).status).toBe(404)
  await world.clock.advance(10_000)
  expect(await activeIds(world)).toEqual([order.id])
})

test('history that lags does not show the newest endings yet', async () => {
  const world = worldWith({ kind: 'history_lag', venue: 'qfex', ms: 5_000, forMs: 15_000 })
  world.sandbox.market.cancel(world.sandbox.market.place('qfex-main', LIMIT))
  expect((await qfexGet(world, '/user/historic-orders')).body).toEqual({ data: null, count: 0 })
  expect(rowsOf(await qfexGet(world, '/user/historic-orders'))).toHaveLength(1)
})

test('a venue error has the venue’s own body, and its wait', async () => {
  const world = worldWith({ kind: 'http_status', status: 429, retryAfterMs: 5_000, venue: 'revolut-x' })
  const reply = await revolutXGet(world, ACTIVE)
  expect(reply).toMatchObject({
    status: 429,
    headers: { 'retry-after': '5000' },
    body: { message: 'Rate Limit Exceeded' },
  })
  world.sandbox.faults.add({ kind: 'http_status', status: 503, venue: 'qfex' })
  expect(await qfexGet(world, '/refdata')).toMatchObject({ status: 503, body: { status: 503, type: 'about:blank' } })
})

test.each([
  [{ kind: 'garbage_body' }, /^<html>/],
  [{ kind: 'unknown_status' }, /"status":"PENDING_REVIEW"/],
  [{ kind: 'extra_field' }, /"introduced_later":"yes"/],
] as const)('%o changes the body', async (effect, pattern) => {
  const world = worldWith({ ...effect, venue: 'revolut-x' })
  placeSome(world)
  expect((await revolutXGet(world, ACTIVE)).text).toMatch(pattern)
  expect((await revolutXGet(world, ACTIVE)).text).not.toMatch(pattern)
})

test('a cut body is no JSON, a missing field is missing, a wrong type is wrong', async () => {
  const world = worldWith({ kind: 'cut_body', venue: 'revolut-x' })
  placeSome(world, 1)
  const cut = await revolutXGet(world, ACTIVE)
  expect(() => JSON.parse(cut.text)).toThrow(SyntaxError)
  world.sandbox.faults.add({ kind: 'missing_field', field: 'symbol', venue: 'revolut-x' })
  const [without] = rowsOf(await revolutXGet(world, ACTIVE))
  const [good] = rowsOf(await revolutXGet(world, ACTIVE))
  expect(without).toEqual({ ...good, symbol: undefined, status: without?.status })
  world.sandbox.faults.add({ kind: 'wrong_type', venue: 'revolut-x' })
  const [wrong] = rowsOf(await revolutXGet(world, ACTIVE))
  expect(wrong).not.toEqual(good)
})

test('a venue that never answers runs into the time-out, a dead one refuses at once and drops its sockets', async () => {
  const world = worldWith({ kind: 'no_answer', venue: 'revolut-x' })
  await expect(revolutXGet(world, ACTIVE)).rejects.toThrow(VenueError)
  const line = await subscribed(world)
  world.sandbox.faults.add({ kind: 'dead', venue: 'qfex', forMs: 60_000 })
  await world.clock.advance(50)
  expect(line.closed).toEqual([{ code: 1006, httpStatus: null }])
  await expect(qfexGet(world, '/refdata')).rejects.toThrow('connection refused')
  const next = await connect(world)
  expect(next.closed).toEqual([{ code: null, httpStatus: null }])
})

test('frames can be lost, late, doubled or swapped', async () => {
  const frames = async (fault: Fault) => {
    const world = createWorld()
    const line = await subscribed(world)
    world.sandbox.faults.add(fault)
    const first = world.sandbox.market.place('qfex-main', LIMIT)
    const second = world.sandbox.market.place('qfex-main', LIMIT)
    await world.clock.advance(50)
    const names = new Map([
      [first.id, 1],
      [second.id, 2],
    ])
    const ids = () => line.news().map((message) => names.get(Object(message.order_response).order_id))
    const soon = ids()
    await world.clock.advance(1_000)
    return [soon, ids()]
  }
  expect(await frames({ kind: 'drop_frame', venue: 'qfex' })).toEqual([[2], []])
  expect(await frames({ kind: 'delay_frame', venue: 'qfex', ms: 500 })).toEqual([[2], [1]])
  expect(await frames({ kind: 'duplicate_frame', venue: 'qfex' })).toEqual([[1, 1, 2], []])
  expect(await frames({ kind: 'reorder_frames', venue: 'qfex' })).toEqual([[2, 1], []])
})

test('a socket closes instead of the next message, and a handshake can be refused', async () => {
  const world = createWorld()
  const line = await subscribed(world)
  world.sandbox.faults.add({ kind: 'close_socket', venue: 'qfex', on: 'frames', code: 1012 })
  world.sandbox.market.place('qfex-main', LIMIT)
  await world.clock.advance(50)
  expect([line.news(), line.closed]).toEqual([[], [{ code: 1012, httpStatus: null }]])
  world.sandbox.faults.add({ kind: 'http_status', status: 403, venue: 'qfex', on: 'handshake' })
  expect((await connect(world)).closed).toEqual([{ code: null, httpStatus: 403 }])
})

test('a login can be refused, or answered in a form of choice', async () => {
  const world = worldWith({ kind: 'refuse_auth', as: 'err', venue: 'qfex' })
  const refused = await connect(world)
  await refused.say(qfexAuth(world))
  expect(refused.received).toMatchObject([{ err: { error_code: 'PermissionDenied' } }])
  world.sandbox.faults.add({ kind: 'auth_variant', as: 'authenticated_true', venue: 'qfex' })
  const accepted = await connect(world)
  await accepted.say(qfexAuth(world))
  expect(accepted.received).toEqual([{ authenticated: true }])
})
