import { describe, expect, test } from 'vitest'
import { qfexSignature } from '../../src/sandbox/qfex-auth.ts'
import { connect, createWorld, qfexAuth, qfexGet, qfexKeys, rowsOf, subscribed } from './harness.ts'

const LIMIT = { symbol: 'AAPL-USD', side: 'buy', type: 'limit', quantity: '0.3', price: '231.5' } as const
const ORDER_FIELDS = [
  ...['order_id', 'symbol', 'status', 'quantity', 'price', 'take_profit', 'stop_loss', 'side', 'type', 'time_in_force'],
  ...['user_id', 'client_order_id', 'quantity_remaining', 'update_time', 'trade_id'],
]

describe('logging in', () => {
  test('the signature is the published one', () => {
    const signature = '9a892254ce0416371a78a4352130b7825a2f5fb442b12ddfa7c2f5202ef045dc'
    expect(qfexSignature('qfex_secret_test', 'c0ffee', 1_760_545_414)).toBe(signature)
  })

  test('all three success replies are in use', async () => {
    const world = createWorld()
    const replies = new Set<string>()
    for (let login = 0; login < 30; login++) {
      const line = await connect(world)
      await line.say(qfexAuth(world))
      replies.add(line.texts[0] ?? '')
    }
    const forms = ['{"type":"auth","result":"success"}', '{"authenticated":true}', '{"type":"authenticated"}']
    expect(replies).toEqual(new Set(forms))
  })

  test('a wrong signature is not authenticated and the socket ends', async () => {
    const world = createWorld()
    const line = await connect(world)
    await line.say(qfexAuth(world, { signature: '00'.repeat(32) }))
    expect(line.received).toEqual([{ authenticated: false }])
    expect(line.closed).toEqual([{ code: 1008, httpStatus: null }])
  })

  test('a nonce is good once, a time within five minutes', async () => {
    const world = createWorld()
    const again = qfexAuth(world)
    const first = await connect(world)
    await first.say(again)
    const second = await connect(world)
    await second.say(again)
    expect(second.received).toMatchObject([{ err: { error_code: 'PermissionDenied', message: 'nonce reused' } }])
    world.sandbox.skew('qfex', 301_000)
    const third = await connect(world)
    await third.say(qfexAuth(world))
    expect(third.received).toMatchObject([{ err: { message: 'stale' } }])
  })

  test('who does not log in within a minute is put out', async () => {
    const world = createWorld()
    const line = await connect(world)
    await world.clock.advance(59_000)
    expect(line.closed).toEqual([])
    await world.clock.advance(1_100)
    expect(line.closed).toEqual([{ code: 1008, httpStatus: null }])
  })

  test('the api_key of older samples is refused, a second login too', async () => {
    const world = createWorld()
    const line = await connect(world)
    await line.say({ type: 'auth', params: { api_key: 'qfex_pub_xxxxx' } })
    expect(line.news()).toMatchObject([{ err: { error_code: 'InvalidParameter' } }])
    await line.say(qfexAuth(world))
    line.news()
    await line.say(qfexAuth(world))
    expect(line.news()).toMatchObject([{ err: { error_code: 'AlreadyAuthenticated' } }])
  })
})

describe('the trade socket', () => {
  test('each channel is acknowledged by itself', async () => {
    const world = createWorld()
    const line = await connect(world)
    await line.say(qfexAuth(world))
    line.news()
    await line.say({ type: 'subscribe', params: { channels: ['order_responses', 'fills'] } })
    expect(line.news()).toEqual([{ subscribed: 'order_responses' }, { subscribed: 'fills' }])
    await line.say({ type: 'unsubscribe', params: { channels: ['fills'] } })
    expect(line.news()).toEqual([{ unsubscribed: 'fills' }])
  })

  test('a fill comes as an order_response and as a fill_response of one trade, reckoned in binary', async () => {
    const world = createWorld()
    const line = await subscribed(world)
    const order = world.sandbox.market.place('qfex-main', LIMIT)
    const trade = world.sandbox.market.fill(order, '0.2')
    await world.clock.advance(50)
    const [opened, ...filled] = line.news()
    expect(Object.keys(Object(opened?.order_response))).toEqual(ORDER_FIELDS)
    expect(opened).toMatchObject({ order_response: { status: 'ACK', user_id: qfexKeys(world).userId, trade_id: null } })
    const frames = Object.assign({}, ...filled)
    expect(frames).toMatchObject({
      order_response: { status: 'FILLED', quantity_remaining: 0.09999999999999998, trade_id: trade.id },
      fill_response: { trade_id: trade.id, quantity: 0.2, remaining_quantity: 0.09999999999999998 },
    })
  })

  test('orders and TWAPs are listed under one key, stops among the orders', async () => {
    const world = createWorld()
    const { market } = world.sandbox
    market.place('qfex-main', LIMIT)
    market.place('qfex-main', { ...LIMIT, type: 'stop_market', price: null, triggerPrice: '220.5' })
    market.place('qfex-main', { ...LIMIT, type: 'twap', price: null, slices: 3 })
    market.fillRest(market.place('qfex-main', { ...LIMIT, type: 'market', price: null }))
    const line = await subscribed(world)
    await line.say({ type: 'get_user_orders', params: { limit: 1000, offset: 0 } })
    expect(line.news()).toMatchObject([
      {
        all_orders_response: {
          orders: [{ type: 'LIMIT' }, { type: 'STOP_LOSS', price: 220.5 }],
          twaps: [{ status: 'ACTIVE', total_quantity: 0.3, total_num_orders: 3, order_interval_secs: 30 }],
        },
      },
    ])
  })

  test('limit, offset and symbol choose a part', async () => {
    const world = createWorld()
    for (let n = 0; n < 5; n++) world.sandbox.market.place('qfex-main', LIMIT)
    const line = await subscribed(world)
    const ids = world.sandbox.market.open('qfex-main').map(({ id }) => id)
    await line.say({ type: 'get_user_orders', params: { limit: 2, offset: 1 } })
    expect(line.news()).toMatchObject([
      { all_orders_response: { orders: [{ order_id: ids[1] }, { order_id: ids[2] }] } },
    ])
    await line.say({ type: 'get_user_orders', params: { symbol: 'GOOG-USD' } })
    expect(line.news()).toEqual([{ all_orders_response: { orders: [], twaps: [] } }])
  })

  test('get_order finds what is open and nothing else, under the same key', async () => {
    const world = createWorld()
    const order = world.sandbox.market.place('qfex-main', LIMIT)
    const line = await subscribed(world)
    const ask = { type: 'get_order', params: { symbol: order.symbol, order_id: order.id } }
    await line.say(ask)
    expect(line.news()).toMatchObject([{ all_orders_response: { orders: [{ order_id: order.id }], stop_orders: [] } }])
    world.sandbox.market.cancel(order)
    await world.clock.advance(50)
    line.news()
    await line.say(ask)
    expect(line.news()).toEqual([{ all_orders_response: { orders: [], stop_orders: [] } }])
  })

  test('a cancelled stop forgets its numbers', async () => {
    const world = createWorld()
    const line = await subscribed(world)
    const stop = { ...LIMIT, type: 'stop_market', price: null, triggerPrice: '220.5' } as const
    world.sandbox.market.cancel(world.sandbox.market.place('qfex-main', stop))
    await world.clock.advance(50)
    const cancelled = { status: 'CANCELLED', quantity: 0, quantity_remaining: 0, price: 0 }
    expect(line.news()[1]).toMatchObject({ order_response: cancelled })
  })

  test.each([
    'add_order',
    'modify_order',
    'cancel_order',
    'cancel_all_orders',
    'close_position',
    'cancel_on_disconnect',
  ])('%s is refused and held against whoever sent it', async (type) => {
    const world = createWorld()
    const line = await subscribed(world)
    await line.say({ type, params: { symbol: 'AAPL-USD' } })
    const err = { error_code: 'PermissionDenied', incoming_message: { type, params: { symbol: 'AAPL-USD' } } }
    expect(line.news()).toMatchObject([{ err }])
    expect(world.sandbox.violations()).toMatchObject([{ venue: 'qfex', account: 'qfex-main' }])
  })

  test('the user is limited by weight, and told how long to wait', async () => {
    const world = createWorld()
    const line = await subscribed(world)
    for (let n = 0; n < 2_500; n++) void line.say({ type: 'get_user_orders', params: {} })
    await world.clock.advance(1_000)
    const limited = line.news().filter((message) => 'err' in message)
    expect(limited.length).toBeGreaterThan(50)
    expect(limited[0]).toMatchObject({
      err: { error_code: 'RateLimited', message: expect.stringMatching(/^retry after \d+ms$/) },
    })
  })

  test('the venue pings, and text that is no JSON is an error', async () => {
    const world = createWorld()
    const line = await subscribed(world)
    await world.clock.advance(41_000)
    expect(line.beats()).toBe(2)
    await line.say('{"type":')
    expect(line.news()).toMatchObject([{ err: { error_code: 'InvalidJSONFormat' } }])
  })
})

describe('REST', () => {
  test('history tells how orders ended, refusals too, newest first', async () => {
    const world = createWorld()
    const { market } = world.sandbox
    const filled = market.place('qfex-main', LIMIT)
    market.fillRest(filled)
    market.place('qfex-main', LIMIT)
    market.cancel(market.place('qfex-main', { ...LIMIT, timeInForce: 'ioc' }), 'ioc_remainder')
    market.reject('qfex-main', LIMIT, 'FAILED_MARGIN_CHECK')
    const rows = rowsOf(await qfexGet(world, '/user/historic-orders?limit=1000'))
    expect(rows.map((row) => row.terminal_status)).toEqual(['FAILED_MARGIN_CHECK', 'IOC_CANCELLED', 'FILLED'])
    expect(rows[2]).toMatchObject({
      order_id: filled.id,
      filled_qty: 0.3,
      avg_price: expect.closeTo(231.5),
      execution_state: 'FULLY_FILLED',
    })
    expect(rows[2]?.status_ts).toMatch(/^2026-01-01T00:00:00\.000\d{3}Z$/)
  })

  test('a window, a client id and an offset choose a part; nothing is null', async () => {
    const world = createWorld()
    const { market } = world.sandbox
    for (const clientOrderId of ['a', 'b', 'c']) market.cancel(market.place('qfex-main', { ...LIMIT, clientOrderId }))
    const find = (query: string) => qfexGet(world, `/user/historic-orders?${query}`)
    expect(rowsOf(await find('client_order_id=b'))).toMatchObject([{ client_order_id: 'b' }])
    expect(rowsOf(await find('limit=1&offset=1'))).toMatchObject([{ client_order_id: 'b' }])
    expect((await find('end=2025-12-31T00:00:00Z')).body).toEqual({ data: null, count: 0 })
    expect((await find('start=2026-01-01T00:00:00.000Z&end=2026-01-01T00:00:00.000Z')).body).toMatchObject({ count: 3 })
    expect((await find('limit=1001')).status).toBe(422)
  })

  test('trades carry the id of the fill and a time in seconds', async () => {
    const world = createWorld()
    const order = world.sandbox.market.place('qfex-main', LIMIT)
    const trade = world.sandbox.market.fill(order, '0.1')
    const rows = rowsOf(await qfexGet(world, `/user/trade?exchange_order_id=${order.id}`))
    expect(rows).toMatchObject([{ id: trade.id, order_id: order.id, quantity: 0.1, order_timestamp: trade.atUs / 1e6 }])
  })

  test('ended TWAPs are a list of their own', async () => {
    const world = createWorld()
    const twap = world.sandbox.market.place('qfex-main', { ...LIMIT, type: 'twap', price: null, slices: 2 })
    world.sandbox.market.slice(twap)
    world.sandbox.market.cancel(twap)
    const rows = rowsOf(await qfexGet(world, '/user/historic-twaps'))
    expect(rows).toMatchObject([{ twap_id: twap.id, status: 'CANCELLED', filled_quantity: 0.15, filled_num_orders: 1 }])
  })

  test('reference data is public, everything else is not', async () => {
    const world = createWorld()
    const refdata = await qfexGet(world, '/refdata', { 'x-qfex-hmac-signature': '' })
    expect(rowsOf(refdata)[0]).toMatchObject({ symbol: 'AAPL-USD', lot_size: '0.001', tick_size: '0.01' })
    const refused = await qfexGet(world, '/user/trade', { 'x-qfex-hmac-signature': '00' })
    expect(refused).toMatchObject({ status: 401, body: { title: 'Unauthorized', status: 401 } })
  })
})
