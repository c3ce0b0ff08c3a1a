import { describe, expect, test } from 'vitest'
import type { Claim } from '../../../src/core/report.ts'
import { mapOrder, mapTrade, type Seen } from '../../../src/venues/revolut-x/map.ts'
import { DETAILS, FILLS, PAGES } from './examples.ts'
import { idOf, NOW, row, trade } from './fake-venue.ts'

function seen(raw: unknown): Seen {
  const order = mapOrder(raw)
  if (!order.ok) throw new Error(order.problem)
  return order.value
}

const sighting = (raw: unknown) => seen(raw).sighting

const trigger = (fields: Record<string, unknown> = {}) => ({
  trigger_price: '118000.00',
  type: 'limit',
  trigger_direction: 'le',
  limit_price: '117900.00',
  time_in_force: 'gtc',
  execution_instructions: ['allow_taker'],
  ...fields,
})

describe('the examples of the specification', () => {
  test('a resting limit buy states its price and money, and only estimates its quantity', () => {
    expect(sighting(DETAILS.OrderDetails.data)).toEqual({
      kind: 'order',
      venueOrderId: '7a52e92e-8639-4fe1-abaa-68d3a2d5234b',
      partition: null,
      word: 'new',
      claim: { is: 'open' },
      stated: {
        symbol: 'BTC/USD',
        base: 'BTC',
        quote: 'USD',
        side: 'buy',
        type: 'limit',
        clientOrderId: '984a4d8a-2a9b-4950-822f-2a40037f02bd',
        openedAt: 1785309833816,
        timeInForce: 'gtc',
        postOnly: false,
        quoteQuantity: '240',
        price: '120000',
      },
      estimatedQuantity: '0.002',
      filled: '0',
      venueClock: '1785313433816',
      averageFillPrice: null,
      fee: '0',
      feeAsset: 'USD',
      details: { leaves_quantity: '0.002', filled_amount: '0', estimated_quantity: '0.002' },
    })
  })

  test('take profit with stop loss is an oco whose legs are details', () => {
    const { kind, stated, details } = sighting(DETAILS.TpslOrder.data)
    expect({ kind, ...stated }).toMatchObject({ kind: 'order', type: 'oco', side: 'sell', quantity: '0.002' })
    expect(stated).not.toHaveProperty('price')
    expect(stated).not.toHaveProperty('triggerPrice')
    expect(details).toMatchObject({
      type: 'tpsl',
      take_profit: { trigger_price: '125000', limit_price: '124900' },
      stop_loss: { trigger_price: '115000' },
    })
  })

  test('a conditional buy below the market waits for a better price', () => {
    expect(sighting(DETAILS.ConditionalOrder.data).stated).toMatchObject({
      type: 'take_profit_limit',
      triggerPrice: '118000',
      price: '117900',
      quoteQuantity: '353.7',
      postOnly: false,
    })
  })

  test('a triggered order that was cancelled is over at its last update', () => {
    const { claim, stated, details } = sighting(DETAILS.TriggeredOrder.data)
    expect(claim).toEqual({ is: 'cancelled', reason: 'user', at: 1785313433816 })
    expect(stated).toMatchObject({ postOnly: true })
    expect(stated).not.toHaveProperty('parentOrderId')
    expect(details).toMatchObject({
      triggered_by: { reason: 'conditional', conditional: { trigger_price: '121000.00' } },
    })
  })

  test('a filled order keeps what is to follow it in its details', () => {
    const { claim, filled, averageFillPrice, details } = sighting(DETAILS.OrderWithOnFill.data)
    expect({ claim, filled, averageFillPrice }).toEqual({
      claim: { is: 'filled', at: 1785313433816 },
      filled: '0.1',
      averageFillPrice: '120000',
    })
    expect(details).toMatchObject({ on_fill: { id: '794b48be-9f32-46b4-a9cc-38ca8ea227ac' } })
  })

  test('a TWAP is an algo that names its slices, and a slice its parent', () => {
    const parent = seen(DETAILS.TwapOrderDetails.data)
    expect(parent.sighting).toMatchObject({
      kind: 'algo',
      claim: { is: 'open' },
      filled: '0.02',
      stated: { type: 'twap', price: '120000', quoteQuantity: '12000' },
      details: { twap: { total_slices: 10, completed_slices: 2 } },
    })
    expect(parent.linkedIds).toEqual(['c3f6a1d8-0b52-4e34-b0a9-9d2f6f5b1c47', 'd41f2b90-7a63-4d18-91c6-8b0f2a4e5f13'])
    expect(sighting(DETAILS.TwapTriggeredOrder.data)).toMatchObject({
      kind: 'order',
      venueOrderId: parent.linkedIds[0],
      claim: { is: 'filled' },
      filled: '0.01',
      stated: { type: 'limit', parentOrderId: parent.sighting.venueOrderId },
    })
  })

  test.each(Object.entries(PAGES).flatMap(([name, { data }]) => data.map((raw) => ({ name, raw }))))(
    'the row of $name decodes to the order it is',
    ({ raw }) => {
      const { venueOrderId, word, stated, claim } = sighting(raw)
      expect({ venueOrderId, word, symbol: stated.symbol, side: stated.side }).toEqual({
        venueOrderId: raw.id,
        word: raw.status,
        symbol: raw.symbol,
        side: raw.side,
      })
      expect(claim.is).toBe(raw.status === 'filled' ? 'filled' : 'open')
    },
  )

  test('filled with nothing filled is believed as an ending and not as a quantity', () => {
    const [raw] = PAGES.HistoricalOrdersPaginatedResponseExample.data
    expect(raw.filled_quantity).toBe('0')
    expect(sighting(raw)).toMatchObject({ claim: { is: 'filled', at: 1785313433816 }, filled: null })
  })

  test('a trade is a fill of the order it names', () => {
    const [raw] = FILLS.data
    const order = sighting(row(1, { id: raw.oid }))
    expect(mapTrade(raw, order)).toEqual({
      ok: true,
      value: {
        kind: 'order',
        venueOrderId: '2affb2ac-4cf7-4bbf-b7b2-fc1e885bdc2c',
        tradeId: 'ad3e8787ab623ba5a1dfea53819be6f9',
        quantity: '0.001',
        price: '119900',
        fee: null,
        feeAsset: null,
        venueTime: 1785309833816,
        reversed: false,
      },
    })
  })
})

test('the names of the older page mean the same order', () => {
  const old = {
    venue_order_id: idOf(1),
    client_order_id: 'c-1',
    symbol: 'ETH/EUR',
    side: 'sell',
    state: 'partially_filled',
    type: 'limit',
    created_at: '2026-08-19T10:00:00.123456Z',
    updated_at: '2026-08-19T10:00:01',
    base_size: '2.50',
    quote_size: '5000',
    price: '2000.10',
    filled_size: '0.5',
    filled_value: '1000.05',
    average_filled_price: '2000.1',
    execution_instructions: ['post_only'],
    time_in_force: 'gtc',
    legs: [{ kind: 'exit', signature: 'do not keep' }],
  }
  expect(sighting(old)).toEqual({
    kind: 'order',
    venueOrderId: idOf(1),
    partition: null,
    word: 'partially_filled',
    claim: { is: 'open' },
    stated: {
      symbol: 'ETH/EUR',
      base: 'ETH',
      quote: 'EUR',
      side: 'sell',
      type: 'limit',
      clientOrderId: 'c-1',
      openedAt: Date.UTC(2026, 7, 19, 10, 0, 0, 123),
      timeInForce: 'gtc',
      postOnly: true,
      quantity: '2.5',
      price: '2000.1',
    },
    filled: '0.5',
    venueClock: String(Date.UTC(2026, 7, 19, 10, 0, 1)),
    averageFillPrice: '2000.1',
    details: { legs: [{ kind: 'exit', signature: '[redacted]' }], filled_amount: '1000.05', estimated_amount: '5000' },
  })
  expect(sighting({ ...old, updated_at: '2026-08-19 12:00:00.123456+02:00' }).venueClock).toBe(
    `${Date.UTC(2026, 7, 19, 10, 0, 0, 123)}.456`,
  )
})

const at = NOW - 30_000
const CLAIMS: readonly [string, Record<string, unknown>, Claim][] = [
  ['pending_new', {}, { is: 'open' }],
  ['new', {}, { is: 'open' }],
  ['partially_filled', {}, { is: 'open' }],
  ['filled', {}, { is: 'filled', at }],
  ['cancelled', {}, { is: 'cancelled', reason: 'user', at }],
  ['canceled', {}, { is: 'cancelled', reason: 'user', at }],
  ['cancelled', { time_in_force: 'ioc' }, { is: 'cancelled', reason: 'ioc_remainder', at }],
  ['cancelled', { time_in_force: 'fok' }, { is: 'cancelled', reason: 'ioc_remainder', at }],
  ['cancelled', { type: 'market' }, { is: 'cancelled', reason: 'ioc_remainder', at }],
  ['cancelled', { updated_date: null }, { is: 'cancelled', reason: 'user', at: null }],
  ['rejected', { reject_reason: 'no money' }, { is: 'rejected', at }],
  ['replaced', {}, { is: 'cancelled', reason: 'replaced', at }],
  ['triggered', {}, { is: 'unrecognised' }],
  ['FILLED', {}, { is: 'unrecognised' }],
  ['constructor', {}, { is: 'unrecognised' }],
]

test.each(CLAIMS)('%s %o claims %o', (status, fields, claim) => {
  const today = sighting(row(1, { status, ...fields }))
  const { status: _, ...rest } = row(1, fields)
  expect(today.claim).toEqual(claim)
  expect(today.word).toBe(status)
  expect(sighting({ ...rest, state: status })).toEqual(today)
})

test('a cancel keeps its fills, and what is left of it is no fill', () => {
  expect(sighting(row(1, { status: 'cancelled', filled_quantity: '0.4', leaves_quantity: '1.1' })).filled).toBe('0.4')
  expect(sighting(row(1, { status: 'cancelled', filled_quantity: null, leaves_quantity: '1.1' })).filled).toBeNull()
})

test.each([
  ['limit', 'buy', {}, { type: 'limit', price: '120000' }],
  ['market', 'buy', {}, { type: 'market', price: null }],
  ['conditional', 'buy', { conditional: trigger() }, { type: 'take_profit_limit', triggerPrice: '118000' }],
  ['conditional', 'buy', { conditional: trigger({ trigger_direction: 'ge' }) }, { type: 'stop_limit' }],
  ['conditional', 'sell', { conditional: trigger() }, { type: 'stop_limit' }],
  ['conditional', 'sell', { conditional: trigger({ trigger_direction: 'ge' }) }, { type: 'take_profit_limit' }],
  ['conditional', 'sell', { conditional: trigger({ type: 'market' }) }, { type: 'stop_market' }],
  ['conditional', 'sell', { conditional: trigger({ trigger_direction: 'eq' }) }, { type: 'other' }],
  ['conditional', 'sell', {}, { type: 'other' }],
  ['tpsl', 'sell', { take_profit: trigger({ trigger_direction: 'ge' }) }, { type: 'take_profit_limit' }],
  ['tpsl', 'sell', { stop_loss: trigger({ type: 'market' }) }, { type: 'stop_market', triggerPrice: '118000' }],
  ['tpsl', 'sell', { stop_loss: trigger(), take_profit: trigger() }, { type: 'oco' }],
  ['twap', 'buy', { price: undefined, twap: { type: 'market', period: 300 } }, { type: 'twap' }],
  ['somethingnew', 'buy', {}, { type: 'other' }],
])('%s %s %o is %o', (type, side, fields, stated) => {
  const order = sighting(row(1, { type, side, ...fields }))
  expect(order.stated).toMatchObject(stated)
  expect(order.kind).toBe(type === 'twap' ? 'algo' : 'order')
})

test('the estimate of a buy drifts without any stated fact changing', () => {
  const before = sighting(row(1, { side: 'buy', amount: '180000', quantity: '1.5' }))
  const after = sighting(row(1, { side: 'buy', amount: '180000', quantity: '1.4973' }))
  expect(after.stated).toEqual(before.stated)
  expect(after.stated).not.toHaveProperty('quantity')
  expect([before.estimatedQuantity, after.estimatedQuantity]).toEqual(['1.5', '1.4973'])
  expect(after.details).toMatchObject({ estimated_quantity: '1.4973' })
})

test('a sale states its quantity, and the money it may bring is an estimate', () => {
  const order = sighting(row(1, { amount: '180000' }))
  expect(order.stated).toMatchObject({ quantity: '1.5' })
  expect(order.stated).not.toHaveProperty('quoteQuantity')
  expect(order).not.toHaveProperty('estimatedQuantity')
})

test('a replacement names its predecessor, and an order never itself', () => {
  expect(sighting(row(2, { previous_order_id: idOf(1) })).stated.replaces).toBe(idOf(1))
  expect(sighting(row(2, { previous_order_id: idOf(2) })).stated).not.toHaveProperty('replaces')
  expect(sighting(row(2, { previous_order_id: '' })).stated).not.toHaveProperty('replaces')
})

test('a scalar nobody asked about is kept under its own name, and a signature is not', () => {
  const { details } = sighting(
    row(1, { desk: 'seven', priority: 3, nested: { a: 1 }, nonce: 'x', time_in_force: 'gfs' }),
  )
  expect(details).toMatchObject({ desk: 'seven', priority: 3, time_in_force: 'gfs' })
  expect(details).not.toHaveProperty('nested')
  expect(details.nonce).toBe('[redacted]')
})

test.each([
  [{ oid: idOf(2) }, 'oid: another order'],
  [{ qc: 'USD' }, 'qc: not the base currency'],
  [{ q: '0' }, 'q: zero'],
  [{ q: '-1' }, 'q: negative'],
  [{ tid: '' }, 'tid: '],
  [{ tdt: 1785309833 }, 'tdt: not a time'],
])('a trade with %o is no fill', (fields, problem) => {
  const fill = mapTrade(trade(1, 1, fields), sighting(row(1)))
  expect(fill).toMatchObject({ ok: false })
  expect(fill.ok ? '' : fill.problem).toContain(problem)
})
