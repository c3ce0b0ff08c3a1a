import { describe, expect, test } from 'vitest'
import { personalHash, signerOf } from '../../src/sandbox/derive-keys.ts'
import type { OrderSpec } from '../../src/sandbox/placing.ts'
import {
  connect,
  connectDerive,
  createWorld,
  deriveCall,
  deriveClaim,
  deriveKeys,
  type Line,
  personalSign,
  recordOf,
  rowsIn,
  subscribedDerive,
  type World,
} from './harness.ts'

const LIMIT: OrderSpec = { symbol: 'ETH-PERP', side: 'buy', type: 'limit', quantity: '2', price: '4000' }
const STOP: OrderSpec = { ...LIMIT, side: 'sell', type: 'stop_limit', price: '3800', triggerPrice: '3810' }
const TWAP: OrderSpec = { ...LIMIT, type: 'twap', price: null, slices: 2 }
const HARDHAT = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const STRANGER = `0x${'11'.repeat(32)}`

const ordersOf = async (world: World, method: string, params = {}, account = 'derive-main') => {
  const { result } = (await deriveCall(world, `private/${method}`, params, { account })).body
  return rowsIn(Array.isArray(result) ? result : recordOf(result).orders)
}
const pageOf = async (world: World, method: string, params: object = {}, account = 'derive-main') => {
  const result = recordOf((await deriveCall(world, `private/${method}`, { ...params }, { account })).body.result)
  return { rows: rowsIn(result.orders ?? result.trades), pagination: result.pagination, of: result.subaccount_id }
}
const channelOf = (message: Record<string, unknown>) => recordOf(recordOf(message.params)).channel
const framesOf = (messages: Record<string, unknown>[], kind: 'orders' | 'trades') =>
  messages
    .filter((message) => String(channelOf(message)).endsWith(kind))
    .flatMap((message) => rowsIn(recordOf(message.params).data))

describe('who may read', () => {
  test('the published signature gives away its signer, one of another text does not', () => {
    const signature = personalSign('1700000000000', HARDHAT)
    expect(signature).toBe(
      '0x5191adf09347810ecd7ffe7e1124d2230441afc321529ea4d20be982c612af684fac942dac02748949bdba4cf9d968c3cdc0c7a837a52d9c2fb7b4743708b4691c',
    )
    const signer = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
    expect(signerOf('1700000000000', signature)).toBe(signer)
    expect(signerOf('1700000000001', signature)).not.toBe(signer)
    expect(signerOf('1700000000000', `0x${'00'.repeat(65)}`)).toBeNull()
    expect(personalHash('a')).toHaveLength(32)
  })

  test.each([
    ['an empty signature', { 'X-DeriveSignature': '' }, 14014],
    ['another wallet', { 'X-DeriveWallet': `0x${'22'.repeat(20)}` }, 14000],
    ['garbage', { 'X-DeriveSignature': '0x1234' }, 14014],
    [
      'a key that is not registered',
      { 'X-DeriveTimestamp': '5', 'X-DeriveSignature': personalSign('5', STRANGER) },
      14026,
    ],
    ['a signature of another time', { 'X-DeriveTimestamp': '1700000000000' }, 14026],
  ])('refused: %s', async (_, headers, code) => {
    const { status, body } = await deriveCall(createWorld(), 'private/get_open_orders', {}, { headers })
    expect([status, body]).toMatchObject([200, { error: { code } }])
  })

  test('a session key is good at any time, the headers of the older protocol are not read', async () => {
    const world = createWorld()
    const headers = { 'X-DeriveTimestamp': '5', 'X-DeriveSignature': personalSign('5', deriveKeys(world).sessionKey) }
    expect((await deriveCall(world, 'private/get_open_orders', {}, { headers })).body).toHaveProperty('result')
    const { wallet, timestamp, signature } = deriveClaim(world)
    const older = { 'X-LyraWallet': wallet, 'X-LyraTimestamp': timestamp, 'X-LyraSignature': signature }
    const bare = await world.sandbox.edge('derive').http({
      method: 'POST',
      path: '/v3/private/get_open_orders',
      query: '',
      headers: {
        'user-agent': 'test',
        ...Object.fromEntries(Object.entries(older).map(([k, v]) => [k.toLowerCase(), v])),
      },
      body: JSON.stringify({ subaccount_id: deriveKeys(world).subaccountId }),
    })
    expect(bare.reply).toMatchObject({ text: expect.stringContaining('14021') })
  })

  test('who does not name itself is not let in, and only POST is', async () => {
    const world = createWorld()
    const unnamed = await deriveCall(world, 'private/get_open_orders', {}, { headers: { 'user-agent': '' } })
    const got = await deriveCall(world, 'private/get_open_orders', {}, { verb: 'GET' })
    expect([unnamed.status, got.status]).toEqual([403, 405])
  })

  test.each([
    [{ subaccount_id: '86815' }, -32602, /expected i64/],
    [{ subaccount_id: 9_145 }, 14020, null],
    [{ subaccount_id: 5 }, 14001, null],
    [{ subaccount_id: null }, 14025, null],
  ])('%o is not a subaccount to read', async (params, code, words) => {
    const { error } = (await deriveCall(createWorld(), 'private/get_open_orders', params)).body
    expect(error).toMatchObject({ code })
    if (words !== null) expect(recordOf(error).data).toMatch(words)
  })

  test('trading is refused and written down, unknown reads are refused alone', async () => {
    const world = createWorld()
    const traded = await deriveCall(world, 'private/cancel_all')
    expect(traded.body).toMatchObject({ error: { code: 14031 } })
    expect((await deriveCall(world, 'private/get_positions')).body).toMatchObject({ error: { code: -32601 } })
    const line = await subscribedDerive(world)
    await line.say({ id: 3, method: 'private/set_cancel_on_disconnect', params: { wallet: deriveKeys(world).wallet } })
    expect(world.sandbox.violations().map(({ what, venue }) => `${venue} ${what}`)).toEqual([
      'derive private/cancel_all',
      'derive private/set_cancel_on_disconnect',
    ])
  })
})

describe('the three lists', () => {
  test('each shows its own, of one subaccount', async () => {
    const world = createWorld()
    const { market } = world.sandbox
    const [limit, stop, twap] = [LIMIT, STOP, TWAP].map((spec) => market.place('derive-main', spec).id)
    market.place('derive-alt', LIMIT)
    expect(await ordersOf(world, 'get_open_orders')).toMatchObject([
      { order_id: limit, order_status: 'open', subaccount_id: 86_815, limit_price: '4000', amount: '2' },
    ])
    expect(await ordersOf(world, 'get_trigger_orders')).toMatchObject([
      { order_id: stop, order_status: 'untriggered', trigger_type: 'stoploss', trigger_price: '3810' },
    ])
    const algo = await deriveCall(world, 'private/get_algo_orders')
    expect(algo.body.result).toMatchObject([{ order_id: twap, order_status: 'algo_active', algo_num_slices: 2 }])
    expect(await ordersOf(world, 'get_open_orders', {}, 'derive-alt')).toMatchObject([{ subaccount_id: 86_816 }])
  })

  test('a trigger order that fires moves from one to another and keeps its id; before, no lookup finds it', async () => {
    const world = createWorld()
    const stop = world.sandbox.market.place('derive-main', STOP)
    const lookup = () => deriveCall(world, 'private/get_order', { order_id: stop.id })
    expect((await lookup()).body).toMatchObject({ error: { code: 11006, message: 'Does not exist' } })
    world.sandbox.market.trigger(stop)
    expect(await ordersOf(world, 'get_trigger_orders')).toEqual([])
    expect(await ordersOf(world, 'get_open_orders')).toMatchObject([{ order_id: stop.id, order_status: 'open' }])
    expect((await lookup()).body).toMatchObject({ result: { order_id: stop.id, trigger_price: '3810' } })
    expect(() => world.sandbox.market.trigger(stop)).toThrow('has fired')
  })

  test('slices of a TWAP fill the TWAP itself', async () => {
    const world = createWorld()
    const twap = world.sandbox.market.place('derive-main', TWAP)
    expect(world.sandbox.market.slice(twap)).toBe(twap)
    expect(await ordersOf(world, 'get_algo_orders')).toMatchObject([
      { filled_amount: '1', algo_slices_completed: 1, order_type: 'market' },
    ])
    world.sandbox.market.cancel(twap, 'completed_short')
    const [row] = (await pageOf(world, 'get_order_history')).rows
    expect(row).toMatchObject({ order_status: 'cancelled', cancel_reason: 'algo_completed', filled_amount: '1' })
  })
})

describe('how orders end', () => {
  test.each([
    ['user', 'cancelled', 'user_request'],
    ['expired', 'expired', ''],
    ['margin', 'cancelled', 'insufficient_margin'],
    ['mmp', 'cancelled', 'mmp_trigger'],
    ['disconnect', 'cancelled', 'cancel_on_disconnect'],
    ['ioc_remainder', 'cancelled', 'ioc_or_market_partial_fill'],
    ['trigger_failed', 'cancelled', 'trigger_failed'],
  ] as const)('%s is %s, %s', async (reason, order_status, cancel_reason) => {
    const world = createWorld()
    const order = world.sandbox.market.place('derive-main', LIMIT)
    world.sandbox.market.fill(order, '0.5', '3999')
    world.sandbox.market.cancel(order, reason)
    const { result } = (await deriveCall(world, 'private/get_order', { order_id: order.id })).body
    expect(result).toMatchObject({ order_status, cancel_reason, filled_amount: '0.5', average_price: '3999' })
    const [past] = (await pageOf(world, 'get_order_history')).rows
    expect(past).toEqual({ ...recordOf(result), signature: '' })
  })

  test('an order whose time is over expires by itself', async () => {
    const world = createWorld()
    world.sandbox.market.place('derive-main', { ...LIMIT, expiresInMs: 30_000 })
    expect(await ordersOf(world, 'get_open_orders')).toHaveLength(1)
    await world.clock.advance(30_000)
    expect(await ordersOf(world, 'get_open_orders')).toEqual([])
    expect((await pageOf(world, 'get_order_history')).rows).toMatchObject([{ order_status: 'expired' }])
  })

  test('history is read page by page, and above the last page comes the last one again', async () => {
    const world = createWorld()
    const { market } = world.sandbox
    expect(await pageOf(world, 'get_order_history', { page: 3 })).toMatchObject({
      rows: [],
      pagination: { count: 0, num_pages: 0 },
    })
    const ids = Array.from({ length: 5 }, () => market.place('derive-main', LIMIT))
    for (const order of ids) market.cancel(order)
    const page = async (n: number) =>
      (await pageOf(world, 'get_order_history', { page: n, page_size: 2 })).rows.map(({ order_id }) => order_id)
    const newest = ids.map(({ id }) => id).reverse()
    expect([await page(1), await page(3), await page(9)]).toEqual([
      newest.slice(0, 2),
      newest.slice(4),
      newest.slice(4),
    ])
  })

  test('a window is in milliseconds and includes both ends', async () => {
    const world = createWorld()
    const order = world.sandbox.market.place('derive-main', LIMIT)
    await world.clock.advance(5_000)
    world.sandbox.market.fillRest(order)
    const at = Math.floor((order.endedUs ?? 0) / 1_000)
    const count = async (params: object, method = 'get_order_history') =>
      (await pageOf(world, method, params)).rows.length
    expect(await count({ from_timestamp: at, to_timestamp: at })).toBe(1)
    expect(await count({ from_timestamp: at + 1 })).toBe(0)
    expect(await count({ to_timestamp: at - 1 }, 'get_trade_history')).toBe(0)
    expect(await count({ from_timestamp: at, order_id: order.id }, 'get_trade_history')).toBe(1)
  })

  test('a wallet is read as a whole, or one subaccount of it, never both', async () => {
    const world = createWorld()
    for (const id of ['derive-main', 'derive-alt']) world.sandbox.market.cancel(world.sandbox.market.place(id, LIMIT))
    const { wallet } = deriveKeys(world)
    expect((await pageOf(world, 'get_order_history', { wallet, subaccount_id: null })).rows).toHaveLength(2)
    const both = await deriveCall(world, 'private/get_order_history', { wallet })
    expect(both.body).toMatchObject({ error: { code: -32602 } })
    const listed = await deriveCall(world, 'private/get_subaccounts', { wallet })
    expect(listed.body.result).toMatchObject({ subaccount_ids: [86_815, 86_816] })
  })

  test('a trade goes through its batch, and one that fails is taken back from its order', async () => {
    const world = createWorld()
    const order = world.sandbox.market.place('derive-main', LIMIT)
    const kept = world.sandbox.market.fill(order, '0.5')
    const lost = world.sandbox.market.fill(order, '0.25')
    const statuses = async () =>
      Object.fromEntries((await pageOf(world, 'get_trade_history')).rows.map((row) => [row.trade_id, row.batch_status]))
    expect(await statuses()).toEqual({ [kept.id]: null, [lost.id]: null })
    expect((await statuses())[kept.id]).toBe('Settling')
    expect((await statuses())[kept.id]).toBe('Settled')
    world.sandbox.market.reverse(order)
    expect((await statuses())[lost.id]).toMatch(/^(Batching|Executing|Proving|Settling|Settled)Error$/)
    expect(await ordersOf(world, 'get_open_orders')).toMatchObject([{ filled_amount: '0.5', order_status: 'open' }])
    expect(() => world.sandbox.market.reverse(order, lost.id)).toThrow('no such trade')
  })
})

describe('the socket', () => {
  test('one carries two subaccounts, and each channel has its own word', async () => {
    const world = createWorld()
    const line = await connectDerive(world)
    await line.say({ id: 'a', method: 'public/login', params: deriveClaim(world) })
    await line.say({
      id: 2,
      method: 'subscribe',
      params: { channels: ['86815.orders', '86816.orders', '9145.orders', 'x'] },
    })
    await line.say({ id: 3, method: 'subscribe', params: { channels: ['86815.orders'] } })
    expect(line.news()).toEqual([
      { id: 'a', result: [86_815, 86_816] },
      {
        id: 2,
        result: {
          status: {
            '86815.orders': 'ok',
            '86816.orders': 'ok',
            '9145.orders': 'Private channel subscription failed',
            x: 'Invalid channel',
          },
          current_subscriptions: ['86815.orders', '86816.orders'],
        },
      },
      { id: 3, result: { status: { '86815.orders': 'already subscribed' }, current_subscriptions: expect.any(Array) } },
    ])
    world.sandbox.market.place('derive-alt', LIMIT)
    await world.clock.advance(50)
    expect(framesOf(line.news(), 'orders')).toMatchObject([{ subaccount_id: 86_816, order_status: 'open' }])
    world.sandbox.closeSockets('derive', 'derive-alt')
    await world.clock.advance(50)
    expect(line.closed).toHaveLength(1)
  })

  test('a wrong key logs in to nothing, and nothing private is subscribed', async () => {
    const world = createWorld()
    const line = await connectDerive(world)
    const signature = personalSign('1', STRANGER)
    const params = { wallet: deriveKeys(world).wallet, timestamp: 1, signature }
    await line.say({ id: 1, method: 'public/login', params })
    await line.say({ id: 2, method: 'subscribe', params: { channels: ['86815.orders'] } })
    await line.say({ id: 3, method: 'private/get_open_orders', params: { subaccount_id: 86_815 } })
    await line.say({ id: 4, method: 'public/get_time' })
    expect(line.news()).toMatchObject([
      { id: 1, error: { code: 14026 } },
      { id: 2, result: { current_subscriptions: [] } },
      { id: 3, error: { code: 14021 } },
      { id: 4, result: expect.any(Number) },
    ])
  })

  test('what happens to an order is told, a fill in both channels', async () => {
    const world = createWorld()
    const line = await subscribedDerive(world)
    const order = world.sandbox.market.place('derive-main', LIMIT)
    const trade = world.sandbox.market.fill(order, '0.5')
    world.sandbox.market.cancel(order)
    await world.clock.advance(50)
    const news = line.news()
    expect(news.every(({ method }) => method === 'subscription')).toBe(true)
    const states = framesOf(news, 'orders').map((row) => [row.order_status, row.filled_amount, row.cancel_reason])
    expect(states).toEqual([
      ['open', '0', ''],
      ['open', '0.5', ''],
      ['cancelled', '0.5', 'user_request'],
    ])
    expect(framesOf(news, 'trades')).toMatchObject([{ trade_id: trade.id, trade_amount: '0.5', batch_status: null }])
  })

  test('a replacement is told with what it replaces, which ended by request', async () => {
    const world = createWorld()
    const line = await subscribedDerive(world)
    const first = world.sandbox.market.place('derive-main', LIMIT)
    const next = world.sandbox.market.replace(first, { price: '4001' })
    await world.clock.advance(50)
    const rows = framesOf(line.news(), 'orders').slice(1)
    expect(rows).toHaveLength(2)
    expect(rows.find(({ order_id }) => order_id === first.id)).toMatchObject({ cancel_reason: 'user_request' })
    expect(rows.find(({ order_id }) => order_id === next.id)).toMatchObject({
      replaced_order_id: first.id,
      order_status: 'open',
      limit_price: '4001',
    })
  })

  test('a fifth socket is turned away, and a path that is none', async () => {
    const world = createWorld()
    const lines: Line[] = []
    for (let n = 0; n < 5; n++) lines.push(await connectDerive(world))
    expect(lines.map(({ closed }) => closed.length)).toEqual([0, 0, 0, 0, 1])
    expect(lines[4]?.received).toMatchObject([{ error: { code: -32100 } }])
    lines[0]?.terminate()
    await world.clock.advance(50)
    expect((await connectDerive(world)).closed).toEqual([])
    expect((await connect(world, 'wss://api.derive.xyz/ws')).closed).toEqual([{ code: null, httpStatus: 404 }])
  })

  test('a wallet has its requests of five seconds, over the socket and HTTP, until its tier is raised', async () => {
    const world = createWorld()
    const line = await subscribedDerive(world)
    await world.clock.advance(5_000)
    const ask = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await line.say({ id: n, method: 'private/get_open_orders', params: { subaccount_id: 86_815 } })
      }
      return line.news().filter(({ error }) => error !== undefined).length
    }
    expect(await ask(25)).toBe(0)
    expect(await ask(1)).toBe(1)
    const limited = await deriveCall(world, 'private/get_open_orders')
    expect(limited.body).toMatchObject({ error: { code: -32000, message: 'Rate limit exceeded' } })
    world.sandbox.knobs.deriveRequests = 100
    expect(await ask(60)).toBe(0)
    await line.say({ id: 'limits', method: 'public/getRateLimits' })
    expect(line.news()).toMatchObject([{ result: { remaining_non_matching: { remainingPoints: expect.any(Number) } } }])
  })
})

describe('protocol v2', () => {
  const v2 = 'derive-v2'

  test('one method lists by status, page by page, in the older shape', async () => {
    const world = createWorld()
    const { market } = world.sandbox
    const open = market.place(v2, LIMIT)
    market.place(v2, STOP)
    const gone = [1, 2, 3].map(() => market.place(v2, LIMIT))
    for (const order of gone) market.cancel(order)
    market.fillRest(market.place(v2, LIMIT))
    const list = (params: object) => pageOf(world, 'get_orders', params, v2)
    const live = await list({ status: 'open' })
    expect(live).toMatchObject({ rows: [{ order_id: open.id }], of: 9_145, pagination: { count: 1, num_pages: 1 } })
    expect(typeof live.rows[0]?.nonce).toBe('number')
    expect(live.rows[0]).not.toHaveProperty('algo_type')
    expect((await list({ status: 'untriggered' })).rows).toMatchObject([{ order_status: 'untriggered' }])
    expect((await list({ status: 'filled' })).rows).toHaveLength(1)
    const second = await list({ status: 'cancelled', page: 2, page_size: 2 })
    expect(second).toMatchObject({ rows: [{ order_id: gone[0]?.id }], pagination: { count: 3, num_pages: 2 } })
    expect((await list({ status: 'cancelled', page: 7, page_size: 2 })).rows).toEqual(second.rows)
    expect((await list({})).rows).toHaveLength(6)
    expect((await deriveCall(world, 'private/get_orders', { status: 'algo' }, { account: v2 })).body).toHaveProperty(
      'error',
    )
  })

  test('it has no methods of the newer one, and no frames', async () => {
    const world = createWorld()
    const missing = await deriveCall(world, 'private/get_open_orders', {}, { account: v2 })
    expect(missing.body).toMatchObject({ error: { code: -32601 } })
    const line = await subscribedDerive(world, deriveKeys(world, v2))
    world.sandbox.market.place(v2, LIMIT)
    await world.clock.advance(50)
    expect(line.news()).toEqual([])
  })
})
