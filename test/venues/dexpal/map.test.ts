import { describe, expect, test } from 'vitest'
import type { Sighting } from '../../../src/core/report.ts'
import { mapEnding, mapOrder } from '../../../src/venues/dexpal/map.ts'
import { EXAMPLE, FIELDS } from './examples.ts'
import { idOf, lower, row, walletOf } from './fake-venue.ts'

function sighting(raw: unknown): Sighting {
  const order = mapOrder(raw)
  if (!order.ok) throw new Error(order.problem)
  return order.value
}

describe('the example of the page', () => {
  test('is a resting limit order of its address', () => {
    expect(sighting(EXAMPLE.data[0])).toEqual({
      kind: 'order',
      venueOrderId: 'vela:0x1a2b3c4d5e6f7890abcdef1234567890abcdef12:85',
      partition: '0x1a2b3c4d5e6f7890abcdef1234567890abcdef12',
      word: null,
      claim: { is: 'open' },
      stated: {
        symbol: 'BTC/USD',
        base: 'BTC',
        quote: 'USD',
        side: 'buy',
        positionSide: 'long',
        type: 'limit',
        quantity: '0.00493',
        price: '40500',
        openedAt: Date.UTC(2024, 8, 5, 19, 48, 5),
      },
      filled: null,
      venueClock: null,
      details: {
        address: '0x1a2b3c4d5e6f7890abcdef1234567890abcdef12',
        exchange: 'vela',
        assetType: 'crypto',
        positionSizeUsd: 200,
        collateralUsd: 20,
        leverage: 10,
        feeFundingUsd: 0,
        closingFeeUsd: 0,
        chainId: 42161,
        triggerOrders: [
          { action: 'takeProfit', triggerPrice: 45000, amountPercent: 100, createdAt: '2024-09-05T19:48:05Z' },
        ],
      },
    })
  })
})

describe('every field of the page has its place', () => {
  const full = row(85, {
    side: 'short',
    baseAsset: 'ETH',
    quoteAsset: 'USDC',
    assetType: 'forex',
    limitPrice: 1.5,
    positionSizeUsd: 201,
    positionSizeToken: 2.5,
    collateralUsd: 21,
    leverage: 11,
    feeFundingUsd: 0.25,
    closingFeeUsd: 0.35,
    chainId: 42162,
    createdAt: '2026-08-01T10:00:00.5+02:00',
    triggerOrders: [{ action: 'stopLoss' }],
    orderType: 'oco',
    orderFlags: ['postOnly'],
    timeInForce: 'gtt',
    expiresAt: '2026-09-01T00:00:00Z',
    stopPrice: 3.5,
    trailAmount: 4.5,
    trailType: 'percent',
    activationPrice: 5.5,
    triggerPriceType: 'mark',
    twapConfig: { intervals: 6 },
    linkedOrderId: `vela:${walletOf(2)}:86`,
    isSystemGenerated: true,
    accountId: 'sub-1',
  })
  const places: Record<string, (order: Sighting) => unknown> = {
    orderId: ({ venueOrderId }) => venueOrderId === idOf(85),
    address: ({ partition, details }) => partition === lower(walletOf(1)) && details.address === partition,
    exchange: ({ details }) => details.exchange === 'vela',
    side: ({ stated }) => stated.side === 'sell' && stated.positionSide === 'short',
    baseAsset: ({ stated }) => stated.base === 'ETH' && stated.symbol === 'ETH/USDC',
    quoteAsset: ({ stated }) => stated.quote === 'USDC',
    assetType: ({ details }) => details.assetType === 'forex',
    limitPrice: ({ stated }) => stated.price === '1.5',
    positionSizeUsd: ({ details }) => details.positionSizeUsd === 201,
    positionSizeToken: ({ stated }) => stated.quantity === '2.5',
    collateralUsd: ({ details }) => details.collateralUsd === 21,
    leverage: ({ details }) => details.leverage === 11,
    feeFundingUsd: ({ details }) => details.feeFundingUsd === 0.25,
    closingFeeUsd: ({ details }) => details.closingFeeUsd === 0.35,
    chainId: ({ details }) => details.chainId === 42162,
    createdAt: ({ stated }) => stated.openedAt === Date.UTC(2026, 7, 1, 8, 0, 0, 500),
    triggerOrders: ({ details }) => JSON.stringify(details.triggerOrders) === '[{"action":"stopLoss"}]',
    orderType: ({ stated, details }) => stated.type === 'oco' && details.orderType === 'oco',
    orderFlags: ({ stated }) => stated.postOnly === true && stated.reduceOnly === false,
    timeInForce: ({ stated }) => stated.timeInForce === 'gtt',
    expiresAt: ({ details }) => details.expires_at === Date.UTC(2026, 8, 1),
    stopPrice: ({ stated }) => stated.triggerPrice === '3.5',
    trailAmount: ({ details }) => details.trailAmount === 4.5,
    trailType: ({ details }) => details.trailType === 'percent',
    activationPrice: ({ details }) => details.activationPrice === '5.5',
    triggerPriceType: ({ details }) => details.triggerPriceType === 'mark',
    twapConfig: ({ details }) => JSON.stringify(details.twapConfig) === '{"intervals":6}',
    linkedOrderId: ({ details }) => details.linkedOrderId === idOf(86, 2),
    isSystemGenerated: ({ details }) => details.isSystemGenerated === true,
    accountId: ({ details }) => details.accountId === 'sub-1',
  }

  test.each(FIELDS)('%s', (name) => {
    expect(places[name]?.(sighting(full))).toBe(true)
  })

  test('and no place is left without a field', () => {
    expect(Object.keys(places).sort()).toEqual([...FIELDS].sort())
  })
})

describe('an order id', () => {
  test.each([
    [`vela:${walletOf(1)}:85`, idOf(85)],
    [`Vela:${walletOf(1)}:A:b:0xAB`, `Vela:${lower(walletOf(1))}:A:b:0xAB`],
    ['gmx:So11111111111111111111111111111111111111112:9', 'gmx:So11111111111111111111111111111111111111112:9'],
    ['vela:cosmos1ABCdef:9', 'vela:cosmos1ABCdef:9'],
    ['plain-ID', 'plain-ID'],
    ['vela:0xABC', 'vela:0xABC'],
  ])('%s is %s', (orderId, expected) => {
    expect(sighting(row(1, { orderId })).venueOrderId).toBe(expected)
  })
})

describe('side and flags', () => {
  const cases: readonly [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['long', { side: 'long' }, { side: 'buy', positionSide: 'long' }],
    ['short', { side: 'short' }, { side: 'sell', positionSide: 'short' }],
    ['no flags', {}, { reduceOnly: undefined, postOnly: undefined, side: 'buy' }],
    ['an empty list of flags', { orderFlags: [] }, { reduceOnly: false, postOnly: false, side: 'buy' }],
    ['reduce-only', { orderFlags: ['reduceOnly'] }, { side: null, positionSide: 'long', reduceOnly: true }],
    ['reduce-only short', { side: 'short', orderFlags: ['reduceOnly'] }, { side: null, positionSide: 'short' }],
    ['post-only', { orderFlags: ['postOnly'] }, { postOnly: true, reduceOnly: false, side: 'buy' }],
    ['a stop without flags', { orderType: 'stopMarket' }, { side: null, positionSide: 'long' }],
    ['a stop with an empty list', { orderType: 'stopLimit', orderFlags: [] }, { side: null, reduceOnly: undefined }],
    ['a stop with a flag', { orderType: 'stopLimit', orderFlags: ['ioc'] }, { side: 'buy', reduceOnly: false }],
    ['a trailing stop without flags', { orderType: 'trailingStop' }, { side: null }],
    ['a take-profit without flags', { orderType: 'takeProfit' }, { side: null }],
    ['a pair without flags', { orderType: 'oco' }, { side: null }],
    ['an iceberg without flags', { orderType: 'iceberg' }, { side: 'buy' }],
    ['no time in force', {}, { timeInForce: undefined }],
    ['good till cancelled', { timeInForce: 'gtc' }, { timeInForce: 'gtc' }],
    ['a flag for it', { orderFlags: ['ioc'] }, { timeInForce: 'ioc' }],
    ['fill or kill', { orderFlags: ['fok'] }, { timeInForce: 'fok' }],
    ['its own field before a flag', { orderFlags: ['ioc'], timeInForce: 'gtc' }, { timeInForce: 'gtc' }],
    ['an unknown word', { timeInForce: 'day-ish' }, { timeInForce: undefined }],
  ]
  test.each(cases)('%s', (_, fields, stated) => {
    const read = sighting(row(1, fields)).stated
    const said = Object.fromEntries(Object.keys(stated).map((name) => [name, Reflect.get(read, name)]))
    expect(said).toEqual(stated)
  })
})

describe('types and prices', () => {
  test.each([
    [undefined, 'limit'],
    ['limit', 'limit'],
    ['market', 'market'],
    ['stopMarket', 'stop_market'],
    ['stopLimit', 'stop_limit'],
    ['trailingStop', 'trailing_stop'],
    ['twap', 'twap'],
    ['takeProfit', 'take_profit_limit'],
    ['oco', 'oco'],
    ['iceberg', 'iceberg'],
    ['ladder', 'other'],
    ['scale', 'other'],
    ['oto', 'other'],
    ['a word nobody knows', 'other'],
    ['constructor', 'other'],
  ])('%s is %s', (orderType, type) => {
    const order = sighting(row(1, { orderType }))
    expect(order.stated.type).toBe(type)
    expect(order.kind).toBe('order')
    expect(order.details.orderType).toBe(type === 'other' || type === 'oco' ? orderType : undefined)
  })

  test('a take-profit without a price fills at market', () => {
    expect(sighting(row(1, { orderType: 'takeProfit', limitPrice: 0 })).stated.type).toBe('take_profit_market')
  })

  test('a market order has no price, and zero is none', () => {
    const market = sighting(row(1, { orderType: 'market' }))
    expect([market.stated.price, market.details.limitPrice]).toEqual([null, '40500.5'])
    const zero = sighting(row(1, { limitPrice: 0, positionSizeToken: 0, stopPrice: 0, activationPrice: 7 }))
    expect(zero.stated).toMatchObject({ price: null, quantity: null, triggerPrice: '7' })
  })

  test('an expiry is one of good-till-time orders, or of those that say nothing else', () => {
    const expiresAt = '2026-09-01T00:00:00'
    const at = Date.UTC(2026, 8, 1)
    expect(sighting(row(1, { expiresAt })).details.expires_at).toBe(at)
    expect(sighting(row(1, { expiresAt, timeInForce: 'gtc' })).details).toMatchObject({ expiresAt: at })
    expect(sighting(row(1, { expiresAt, timeInForce: 'gtc' })).details.expires_at).toBeUndefined()
    expect(sighting(row(1, { timeInForce: 'gtt' })).details.expires_at).toBeUndefined()
    expect(sighting(row(1, { expires_at: 5 })).details.expires_at).toBeUndefined()
  })

  test('secrets do not reach the details', () => {
    const { details } = sighting(row(1, { signature: 'canary', twapConfig: { nonce: 'canary' } }))
    expect(JSON.stringify(details)).not.toContain('canary')
  })

  test('an address of 64 digits is an address, not a key', () => {
    const address = `0x${'aB'.repeat(32)}`
    expect(sighting(row(1, { address, orderId: `x:${address}:1` }))).toMatchObject({
      partition: lower(address),
      venueOrderId: `x:${lower(address)}:1`,
      details: { address: lower(address) },
    })
  })
})

describe('an event of the history', () => {
  const event = (fields: Record<string, unknown> = {}) => ({
    orderId: `vela:${walletOf(1)}:1`,
    address: walletOf(1),
    baseAsset: 'BTC',
    quoteAsset: 'USD',
    createdAt: '2026-08-02T00:00:00Z',
    ...fields,
  })
  const at = Date.UTC(2026, 7, 2)
  const cases: readonly [Record<string, unknown>, unknown][] = [
    [{ event: 'orderFilled' }, { is: 'filled', at }],
    [{ status: 'filled' }, { is: 'filled', at }],
    [{ eventType: 'order_cancelled' }, { is: 'cancelled', reason: 'user', at }],
    [{ type: 'Canceled' }, { is: 'cancelled', reason: 'user', at }],
    [{ action: 'order expired' }, { is: 'cancelled', reason: 'expired', at }],
    [{ status: 'rejected' }, { is: 'cancelled', reason: 'rejected', at }],
    [
      { event: 'orderCancelled', status: 'cancelled' },
      { is: 'cancelled', reason: 'user', at },
    ],
    [{ event: 'orderFilled', status: 'cancelled' }, null],
    [{ event: 'positionClosed' }, null],
    [{ event: 'closed' }, null],
    [{ event: 'opened' }, null],
    [{ event: 'liquidated' }, null],
    [{ event: 'partiallyFilled' }, null],
    [{ event: 'orderFilled', orderId: null }, null],
    [{ event: 'orderFilled', orderId: undefined }, null],
    [{ event: 'orderFilled', createdAt: 'yesterday' }, null],
    [{ event: 7 }, null],
    [{}, null],
  ]
  test.each(cases)('%j', (fields, claim) => {
    const ending = mapEnding(event(fields))
    expect(ending?.claim ?? null).toEqual(claim)
    if (ending !== null) expect(ending).toMatchObject({ venueOrderId: idOf(1), filled: null })
  })
})
