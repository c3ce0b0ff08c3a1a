import { expect, test } from 'vitest'
import { setGate } from '../../src/sandbox/knobs.ts'
import { knowable } from '../../src/sandbox/knowable.ts'
import type { OrderSpec } from '../../src/sandbox/placing.ts'
import { createWorld, dexpalGet, dexpalKeys, rowsOf, type World } from './harness.ts'

const LIMIT: OrderSpec = { symbol: 'BTC/USD', side: 'buy', type: 'limit', quantity: '0.5', price: '118000', address: 0 }
const HISTORY = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }

const place = (world: World, changes: Partial<OrderSpec> = {}) =>
  world.sandbox.market.place('vela', { ...LIMIT, ...changes })
const list = async (world: World, query = {}) => rowsOf(await dexpalGet(world, 'orders', query))
const gate = (world: World, n: number, as: 'attributed' | 'unattributed' | 'unknown') =>
  setGate(world.sandbox.knobs, dexpalKeys(world), n, as)

test('a pending order has the fields of the page, in numbers', async () => {
  const world = createWorld()
  const order = place(world, { takeProfit: '125000' })
  const [row] = await list(world)
  const [address = ''] = dexpalKeys(world).addresses
  expect(order.id).toMatch(/^vela:0x[0-9a-f]{40}:\d+$/)
  expect(String(row?.orderId).toLowerCase()).toBe(order.id)
  expect(String(row?.address).toLowerCase()).toBe(address.toLowerCase())
  expect(row).toMatchObject({
    exchange: 'vela',
    side: 'long',
    baseAsset: 'BTC',
    quoteAsset: 'USD',
    limitPrice: 118_000,
    positionSizeToken: 0.5,
    leverage: 10,
    createdAt: '2026-01-01T00:00:00.000Z',
    orderType: 'limit',
    timeInForce: 'gtc',
    triggerOrders: [{ action: 'takeProfit', triggerPrice: 125_000, amountPercent: 100 }],
  })
  expect(Math.abs(Number(row?.positionSizeUsd) / 59_000 - 1)).toBeLessThan(0.002)
})

test('a fill shows as a smaller size, a complete one as nothing at all', async () => {
  const world = createWorld()
  const order = place(world)
  world.sandbox.market.fill(order, '0.2')
  expect(await list(world)).toMatchObject([{ positionSizeToken: 0.3 }])
  world.sandbox.market.amend(order, { quantity: '0.9', price: '117500' })
  expect(await list(world)).toMatchObject([{ positionSizeToken: 0.7, limitPrice: 117_500 }])
  world.sandbox.market.fillRest(order)
  expect(await list(world)).toEqual([])
})

test('money is reckoned anew while the order stands still, and addresses come in any case', async () => {
  const world = createWorld()
  place(world)
  const seen = { usd: new Set(), address: new Set<string>(), token: new Set() }
  for (let look = 0; look < 12; look++) {
    const [row] = await list(world)
    seen.usd.add(row?.positionSizeUsd)
    seen.address.add(String(row?.address))
    seen.token.add(row?.positionSizeToken)
  }
  expect(seen.usd.size).toBeGreaterThan(3)
  expect([seen.address.size, new Set([...seen.address].map((text) => text.toLowerCase())).size]).toEqual([2, 1])
  expect(seen.token.size).toBe(1)
})

test('only the addresses asked for are shown, in whatever case they are asked for', async () => {
  const world = createWorld()
  for (const address of [0, 1, 2]) place(world, { address })
  const [first = '', second = ''] = dexpalKeys(world).addresses
  expect(await list(world)).toHaveLength(3)
  expect(
    await list(world, { addr: `${first.toUpperCase().replace('0X', '0x')},${second.toLowerCase()}` }),
  ).toHaveLength(2)
  expect(await list(world, { addr: `0x${'77'.repeat(20)}` })).toEqual([])
})

test('without the affiliate’s code there is an empty list, and an address nobody knows is a 404', async () => {
  const world = createWorld()
  place(world)
  place(world, { address: 1 })
  gate(world, 0, 'unattributed')
  expect(await list(world)).toHaveLength(1)
  gate(world, 1, 'unattributed')
  expect(await list(world)).toEqual([])
  gate(world, 1, 'unknown')
  expect(await dexpalGet(world, 'orders')).toMatchObject({
    status: 404,
    body: { success: false, error: 'Resource does not exist' },
  })
  gate(world, 0, 'attributed')
  gate(world, 1, 'attributed')
  expect(await list(world)).toHaveLength(2)
})

test('an order that is good for a time says until when, and then expires', async () => {
  const world = createWorld()
  const order = place(world, { timeInForce: 'gtt', expiresInMs: 15_000 })
  expect(await list(world)).toMatchObject([{ timeInForce: 'gtt', expiresAt: '2026-01-01T00:00:15.000Z' }])
  await world.clock.advance(10_000)
  expect(await list(world)).toEqual([])
  expect(order.states.at(-1)).toMatchObject({ status: 'cancelled', reason: 'expired' })
})

test.each([
  [
    { type: 'stop_market', price: null, triggerPrice: '110000' },
    { orderType: 'stopMarket', stopPrice: 110_000 },
  ],
  [
    { type: 'stop_limit', triggerPrice: '110000' },
    { orderType: 'stopLimit', limitPrice: 118_000 },
  ],
  [
    { type: 'take_profit_market', price: null, triggerPrice: '130000', reduceOnly: true },
    { orderFlags: ['reduceOnly'] },
  ],
  [
    { postOnly: true, side: 'sell' },
    { orderFlags: ['postOnly'], side: 'short' },
  ],
  [{ type: 'twap', price: null, slices: 4, intervalMs: 15_000 }, { twapConfig: { intervals: 4, intervalSecs: 15 } }],
] as const)('%o is listed as %o', async (spec, row) => {
  const world = createWorld()
  place(world, spec)
  expect(await list(world)).toMatchObject([row])
})

test.each([
  ['no key', { authorization: '' }, {}, 401, 'Invalid or missing API key'],
  ['another key', { authorization: 'Bearer dxp_1' }, {}, 401, 'Invalid or missing API key'],
  ['no address', {}, { addr: '' }, 400, 'Missing required parameter: addr'],
] as const)('refused: %s', async (_, changes, query, status, error) => {
  const reply = await dexpalGet(createWorld(), 'orders', query, changes)
  expect(reply).toMatchObject({ status, body: { success: false, error } })
})

test('too many requests are refused with the wait in the words alone', async () => {
  const world = createWorld()
  const edge = world.sandbox.edge('dexpal')
  const { apiKey, addresses } = dexpalKeys(world)
  const headers = { authorization: `Bearer ${apiKey}` }
  const ask = () =>
    edge.http({ method: 'GET', path: '/dexpal/v1/users/orders', query: `addr=${addresses[0]}`, headers, body: '' })
      .reply
  const replies = Array.from({ length: 121 }, ask)
  expect(replies.slice(0, 120)).toSatisfy((all: unknown[]) => all.every((reply) => Object(reply).status === 200))
  expect(replies[120]).toMatchObject({ status: 429, text: expect.stringMatching(/Try again in 1 seconds\./) })
  expect(replies[120]).not.toHaveProperty('headers.retry-after')
})

test('a failure can come under status 200, and a 429 says its own wait', async () => {
  const world = createWorld()
  world.sandbox.faults.add({ kind: 'success_false', venue: 'dexpal' })
  expect(await dexpalGet(world, 'orders')).toMatchObject({ status: 200, body: { success: false } })
  world.sandbox.faults.add({ kind: 'http_status', status: 429, retryAfterMs: 12_000, venue: 'dexpal' })
  const { body } = await dexpalGet(world, 'orders')
  expect(body.error).toBe('Rate limit exceeded. Try again in 12 seconds.')
})

test('history has positions, and names orders only where the partner does', async () => {
  const world = createWorld()
  const order = place(world)
  world.sandbox.market.fill(order, '0.1')
  world.sandbox.market.fillRest(order)
  const events = async (query = {}) => rowsOf(await dexpalGet(world, 'history', { ...HISTORY, ...query }))
  const positions = await events()
  expect(positions.map(({ eventType }) => eventType)).toEqual(['positionIncreased', 'positionOpened'])
  expect(positions.some((event) => 'orderId' in event)).toBe(false)
  world.sandbox.knobs.dexpalNamesEndings = true
  expect(await events()).toContainEqual(expect.objectContaining({ eventType: 'orderFilled', orderId: order.id }))
  const page = await dexpalGet(world, 'history', { ...HISTORY, limit: '2', offset: '2' })
  expect(page.body).toMatchObject({ pagination: { limit: 2, offset: 2, total: 3, hasMore: false } })
  expect(await events({ to: '2026-01-01T00:00:00Z', from: '2025-01-01T00:00:00Z' })).toHaveLength(3)
  expect(await events({ from: '2026-01-01T01:00:00Z' })).toEqual([])
  expect((await dexpalGet(world, 'history', { from: 'yesterday', to: HISTORY.to })).status).toBe(400)
})

test('who asks to change something is a trader', async () => {
  const world = createWorld()
  expect((await dexpalGet(world, 'orders', {}, { method: 'POST' })).status).toBe(405)
  expect(world.sandbox.violations()).toMatchObject([{ venue: 'dexpal', account: 'vela' }])
})

test('what a mirror can know of an order is less than the truth', () => {
  const world = createWorld()
  const { sandbox } = world
  const account = dexpalKeys(world)
  const order = place(world)
  sandbox.market.fill(order, '0.2')
  expect(knowable(sandbox, account, order)).toMatchObject({
    statuses: ['open'],
    filled: '0',
    quantity: '0.3',
    side: 'buy',
  })
  sandbox.market.fillRest(order)
  expect(knowable(sandbox, account, order)).toMatchObject({ statuses: ['unknown', 'open'], mustHaveRow: false })
  const stop = place(world, { type: 'stop_market', price: null, triggerPrice: '110000' })
  expect(knowable(sandbox, account, order).statuses).toEqual(['unknown'])
  expect(knowable(sandbox, account, stop)).toMatchObject({ side: null, mustHaveRow: true })
  gate(world, 0, 'unattributed')
  expect(knowable(sandbox, account, stop)).toMatchObject({ statuses: ['open', 'unknown'], mustHaveRow: false })
})
