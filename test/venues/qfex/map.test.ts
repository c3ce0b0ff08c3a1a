import { describe, expect, it } from 'vitest'
import { decimal } from '../../../src/core/decimal.ts'
import {
  framedFill,
  framedOrder,
  historicFill,
  historicOrder,
  type Instrument,
  listedOrder,
  stopOrder,
  twapOrder,
} from '../../../src/venues/qfex/map.ts'
import {
  fillSchema,
  historicOrderSchema,
  orderSchema,
  stopSchema,
  tradeSchema,
  twapSchema,
} from '../../../src/venues/qfex/wire.ts'
import * as example from './examples.ts'

const known: Instrument = { lotSize: decimal('0.001'), base: 'GOOG', quote: 'USD' }
const find = () => known
const blind = () => null
const order = (change: object = {}) => orderSchema.parse({ ...example.order, ...change })
const historic = (change: object = {}) => historicOrderSchema.parse({ ...example.historic, ...change })

describe('an order', () => {
  it('of the seed page, whole', () => {
    expect(listedOrder(order(), find)).toEqual({
      kind: 'order',
      venueOrderId: example.ORDER_ID,
      partition: null,
      word: 'ACK',
      claim: { is: 'open' },
      stated: {
        symbol: 'GOOG-USD',
        base: 'GOOG',
        quote: 'USD',
        clientOrderId: '7a257796-a9c1-49bd-a80b-bcccdc81c103',
        side: 'sell',
        type: 'limit',
        timeInForce: 'gtc',
        postOnly: false,
        quantity: '2.708',
        price: '251.25',
      },
      filled: '0',
      venueClock: '1758208770551.2846',
      details: { take_profit: null, stop_loss: null },
    })
  })

  it.each([
    ['LIMIT', { type: 'limit', postOnly: false, price: '251.25' }],
    ['ALO', { type: 'limit', postOnly: true, price: '251.25' }],
    ['MARKET', { type: 'market', postOnly: false, price: null }],
    ['TAKE_PROFIT', { type: 'take_profit_market', postOnly: false, price: null, triggerPrice: '251.25' }],
    ['STOP_LOSS', { type: 'stop_market', postOnly: false, price: null, triggerPrice: '251.25' }],
    ['STOP_MARKET', { type: 'stop_market', postOnly: false, price: null, triggerPrice: '251.25' }],
    ['SOMETHING', { type: 'other', price: '251.25' }],
  ])('of type %s', (type, stated) => {
    expect(listedOrder(order({ type }), find).stated).toMatchObject(stated)
  })

  it('a stop that says IOC rests all the same', () => {
    const stop = order({ type: 'STOP_LOSS', time_in_force: 'IOC', status: 'CANCELLED' })
    expect(listedOrder(stop, find).stated).not.toHaveProperty('timeInForce')
    expect(framedOrder(stop, find)?.claim).toMatchObject({ reason: 'user' })
  })

  it('an empty client id is none, an absent one is not mentioned', () => {
    expect(listedOrder(order({ client_order_id: '' }), find).stated.clientOrderId).toBeNull()
    expect(listedOrder(order({ client_order_id: undefined }), find).stated).not.toHaveProperty('clientOrderId')
  })

  it('both legs go to the details, and what has no name keeps its own', () => {
    const row = order({ take_profit: 300, stop_loss: 200, leverage: 3, signature: 'x', api_nonce: 'y', nested: {} })
    expect(listedOrder(row, find).details).toEqual({ take_profit: '300', stop_loss: '200', leverage: 3 })
  })

  it('amended under an id that may be new, so it opens nothing', () => {
    expect(framedOrder(order({ status: 'MODIFIED' }), find)).toMatchObject({ neverOpens: true, claim: { is: 'open' } })
    expect(framedOrder(order(), find)).not.toHaveProperty('neverOpens')
  })

  it('the outcome of a request is no sighting', () => {
    expect(framedOrder(order({ status: 'NO_SUCH_ORDER' }), find)).toBeNull()
  })
})

describe('the cumulative fill', () => {
  it.each([
    // quantity, remaining, lot known, filled, claim of a FILLED frame
    [0.3, 0.09999999999999998, true, '0.2', 'open'],
    [0.3, 0.09999999999999998, false, '0.2', 'open'],
    [0.3, 5.551115123125783e-17, true, '0.3', 'filled'],
    [0.3, 5.551115123125783e-17, false, '0.3', 'filled'],
    [0.3, 0.30000000000000004, true, '0', 'open'],
    [0.3, 0.30000000000000004, false, '0', 'open'],
    [0.3, -2.7755575615628914e-17, true, '0.3', 'filled'],
    [0.3, -2.7755575615628914e-17, false, '0.3', 'filled'],
    [10, 7, true, '3', 'open'],
    [10, 0, true, '10', 'filled'],
    [10, 12, true, null, 'open'],
    ['12345678901.123456789', 0, false, '12345678901.123456789', 'filled'],
    [0, 0, true, null, 'filled'],
  ])('%s with %s remaining, lot size known: %s', (quantity, remaining, isKnown, filled, claim) => {
    const row = order({ status: 'FILLED', quantity, quantity_remaining: remaining, trade_id: 't' })
    const sighting = framedOrder(row, isKnown ? find : blind)
    expect(sighting?.filled).toBe(filled)
    expect(sighting?.claim.is).toBe(claim)
  })

  it('less than nothing remaining is no row', () => {
    expect(orderSchema.safeParse({ ...example.order, quantity_remaining: -1 }).success).toBe(false)
  })

  it('the quantity itself is never rounded', () => {
    const row = order({ quantity: '0.30000000000000004', quantity_remaining: '0.30000000000000004' })
    expect(listedOrder(row, find).stated.quantity).toBe('0.30000000000000004')
  })

  it('a closing frame of 0 and 0 says nothing about quantity, fill or price', () => {
    const sighting = framedOrder(orderSchema.parse(example.cancelledStop), find)
    expect(sighting?.claim).toEqual({ is: 'cancelled', reason: 'user', at: 1758208770551 })
    expect(sighting?.filled).toBeNull()
    expect(sighting?.stated).not.toHaveProperty('quantity')
    expect(sighting?.stated.triggerPrice).toBeNull()
  })

  it('a cancel whose remainder was cleared says nothing about the fill, one with a remainder does', () => {
    expect(framedOrder(order({ status: 'CANCELLED', quantity_remaining: 0 }), find)?.filled).toBeNull()
    expect(framedOrder(order({ status: 'CANCELLED', quantity_remaining: 1.708 }), find)?.filled).toBe('1')
  })
})

describe('history', () => {
  it('of a filled order, with all digits of its time', () => {
    const sighting = historicOrder(historic(), find)
    expect(sighting.claim).toEqual({ is: 'filled', at: Date.UTC(2025, 8, 18, 15, 20, 0, 123) })
    expect(sighting.venueClock).toBe(`${Date.UTC(2025, 8, 18, 15, 20, 0, 123)}.456789`)
    expect(sighting).toMatchObject({ filled: '2.708', averageFillPrice: '251.25', word: 'FILLED' })
    expect(sighting.details).toMatchObject({ passive_qty: 2.708, execution_state: 'DONE' })
  })

  it('the sum of its fills carries the error of the addition, and is complete', () => {
    const row = historic({ quantity: 0.3, filled_qty: 0.30000000000000004 })
    expect(historicOrder(row, find)).toMatchObject({ filled: '0.3', claim: { is: 'filled' } })
  })

  it('a cancel keeps its fills', () => {
    const row = historic({ terminal_status: 'CANCELLED', filled_qty: 1.2, avg_price: null })
    expect(historicOrder(row, find)).toMatchObject({ filled: '1.2', claim: { reason: 'user' }, averageFillPrice: null })
  })
})

describe('TWAPs, stops and fills', () => {
  it('a TWAP parent is an algo with fills of its own counting', () => {
    expect(twapOrder(twapSchema.parse(example.twap), 'list', find)).toMatchObject({
      kind: 'algo',
      venueOrderId: example.twap.twap_id,
      claim: { is: 'open' },
      stated: {
        type: 'twap',
        quantity: '5',
        reduceOnly: false,
        openedAt: 1758208700551,
        clientOrderId: 'rebalance-aapl-001',
      },
      filled: '1',
      venueClock: '1758208770551.2846',
      averageFillPrice: '251.25',
      details: { total_num_orders: 5, order_interval_secs: 30 },
    })
  })

  it('a TWAP of history has ISO times', () => {
    const at = Date.UTC(2025, 8, 18, 15, 21, 20, 551)
    expect(twapOrder(twapSchema.parse(example.historicTwap), 'history', find)).toMatchObject({
      claim: { is: 'filled', at },
      stated: { openedAt: Date.UTC(2025, 8, 18, 15, 18, 20, 551) },
    })
  })

  it('a stop has its own names and ISO time', () => {
    expect(stopOrder(stopSchema.parse(example.stop), find)).toMatchObject({
      kind: 'trigger',
      stated: {
        side: 'buy',
        type: 'stop_market',
        price: null,
        triggerPrice: '240.5',
        quantity: '2',
        clientOrderId: null,
      },
      venueClock: `${Date.UTC(2025, 8, 18, 15, 19, 30, 551)}.285`,
    })
  })

  it('the same fill from the stream and from history is the same', () => {
    const streamed = framedFill(fillSchema.parse(example.fill), find)
    expect(streamed).toEqual({
      kind: 'order',
      venueOrderId: example.ORDER_ID,
      tradeId: example.fill.trade_id,
      quantity: '0.5',
      price: '251.25',
      fee: '0.0125',
      feeAsset: null,
      venueTime: 1758208771250,
      reversed: false,
    })
    expect(historicFill(tradeSchema.parse(example.trade), find)).toEqual(streamed)
  })

  it.each([1758208771.25, 1758208771250, 1758208771250000, '2025-09-18T15:19:31.25Z', '2025-09-18 15:19:31.250+00:00'])(
    'the unit of a trade time is told by its size: %s',
    (order_timestamp) => {
      expect(historicFill(tradeSchema.parse({ ...example.trade, order_timestamp }), find).venueTime).toBe(1758208771250)
    },
  )

  it('the last fill is what was left, so its error is taken off', () => {
    expect(framedFill(fillSchema.parse({ ...example.fill, quantity: 0.09999999999999998 }), find).quantity).toBe('0.1')
  })
})
