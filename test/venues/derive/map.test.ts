import { describe, expect, test } from 'vitest'
import { fillOf, orderOf } from '../../../src/venues/derive/map.ts'
import { CLAIMS, REASONS } from '../../../src/venues/derive/statuses.ts'
import { readOrder, readTrade } from '../../../src/venues/derive/wire.ts'
import { parseJson } from '../../../src/venues/json.ts'
import { idOf, NOW, olderOrder, order, type Row, TRIGGER, TWAP, trade } from './examples.ts'

const AT = NOW - 30_000

function sightingOf(raw: unknown) {
  const row = readOrder(raw)
  if (!row.ok) throw new Error(row.problem)
  return orderOf(row.value)
}

function fillFrom(raw: unknown) {
  const row = readTrade(raw)
  if (!row.ok) throw new Error(row.problem)
  return fillOf(row.value)
}

describe('a status', () => {
  const complete = { filled_amount: '1.5' }
  const cancelled = (cancel_reason: string, more: Row = {}) => ({ order_status: 'cancelled', cancel_reason, ...more })
  const ended = (reason: string) => ({ is: 'cancelled', reason, at: AT })
  const filled = { is: 'filled', at: AT }
  const table: readonly [Row, unknown][] = [
    [{ order_status: 'open' }, { is: 'open' }],
    [TRIGGER, { is: 'open' }],
    [TWAP, { is: 'open' }],
    [{ order_status: 'filled', ...complete }, filled],
    [{ order_status: 'expired' }, ended('expired')],
    [{ order_status: 'rejected' }, { is: 'rejected', at: AT }],
    [{ order_status: 'paused' }, { is: 'unrecognised' }],
    [cancelled('user_request'), ended('user')],
    [cancelled('user_request', complete), ended('user')],
    [cancelled('mmp_trigger'), ended('mmp')],
    [cancelled('insufficient_margin'), ended('margin')],
    [cancelled('signed_max_fee_too_low'), ended('venue')],
    [cancelled('cancel_on_disconnect'), ended('disconnect')],
    [cancelled('ioc_or_market_partial_fill'), ended('ioc_remainder')],
    [cancelled('ioc_or_market_partial_fill', complete), filled],
    [cancelled('session_key_deregistered'), ended('venue')],
    [cancelled('subaccount_withdrawn'), ended('venue')],
    [cancelled('compliance'), ended('venue')],
    [cancelled('trigger_failed'), ended('trigger_failed')],
    [cancelled('validation_failed'), ended('rejected')],
    [cancelled('algo_completed'), ended('completed_short')],
    [cancelled('algo_completed', { filled_amount: '1.500' }), filled],
    [cancelled('algo_completed', { filled_amount: '1.6' }), filled],
    [cancelled('Post only order cannot cross the market'), ended('venue')],
    [cancelled(''), ended('venue')],
    [cancelled('', { time_in_force: 'ioc' }), ended('ioc_remainder')],
    [cancelled('', { time_in_force: 'fok' }), ended('ioc_remainder')],
    [cancelled('', { order_type: 'market' }), ended('ioc_remainder')],
  ]
  test.each(table)('%j claims %j', (fields, claim) => {
    expect(sightingOf(order(1, fields)).claim).toEqual(claim)
  })

  test('of the published schema is in the table, and so is each of its reasons', () => {
    const statuses = ['open', 'filled', 'rejected', 'cancelled', 'expired', 'untriggered', 'algo_active']
    expect([...CLAIMS.keys()].sort()).toEqual(statuses.sort())
    expect(REASONS.size).toBe(12)
    for (const reason of REASONS.keys()) expect(table.some(([fields]) => fields.cancel_reason === reason)).toBe(true)
  })

  test('keeps its word, and an unnamed reason its text', () => {
    const sighting = sightingOf(order(1, cancelled('Post only order cannot cross the market')))
    expect(sighting.word).toBe('cancelled')
    expect(sighting.details.cancel_reason).toBe('Post only order cannot cross the market')
    expect(sightingOf(order(1, cancelled('user_request'))).details).not.toHaveProperty('cancel_reason')
  })

  test('without its time claims an ending whose time nobody knows', () => {
    const sighting = sightingOf(order(1, { order_status: 'filled', last_update_timestamp: null }))
    expect(sighting).toMatchObject({ claim: { is: 'filled', at: null }, venueClock: null })
  })

  test('of a fill of nothing does not say how much', () => {
    expect(sightingOf(order(1, { order_status: 'filled', filled_amount: '0' })).filled).toBeNull()
    expect(sightingOf(order(1, { order_status: 'open', filled_amount: '0' })).filled).toBe('0')
  })
})

describe('an order', () => {
  test('is told in our words, with nothing of what signed it', () => {
    expect(sightingOf(order(1))).toEqual({
      kind: 'order',
      venueOrderId: idOf(1),
      partition: null,
      word: 'open',
      claim: { is: 'open' },
      stated: {
        symbol: 'ETH-PERP',
        base: 'ETH',
        quote: null,
        side: 'buy',
        type: 'limit',
        timeInForce: 'gtc',
        postOnly: false,
        clientOrderId: 'bot-7',
        quantity: '1.5',
        price: '4000',
        triggerPrice: null,
        openedAt: NOW - 60_000,
      },
      filled: '0.5',
      venueClock: String(AT),
      averageFillPrice: '3999.5',
      fee: '0.8',
      feeAsset: null,
      details: { mmp: false, is_transfer: false, max_fee: '12.25', expires_at: NOW + 86_400_000 },
    })
  })

  test('of the older page says the same', () => {
    const { fee, ...older } = sightingOf(olderOrder(1))
    const { fee: _, ...today } = sightingOf(order(1))
    expect(older).toEqual(today)
    expect(fee).toBe('0.75')
  })

  test.each([
    [{ order_type: 'market' }, { type: 'market', price: null }],
    [{ ...TRIGGER }, { type: 'stop_limit', price: '4000', triggerPrice: '3500' }],
    [
      { ...TRIGGER, order_type: 'market' },
      { type: 'stop_market', price: null, triggerPrice: '3500' },
    ],
    [{ ...TRIGGER, trigger_type: 'takeprofit' }, { type: 'take_profit_limit' }],
    [{ ...TRIGGER, trigger_type: 'takeprofit', order_type: 'market' }, { type: 'take_profit_market' }],
    [{ ...TRIGGER, trigger_type: 'trailing' }, { type: 'other' }],
    [TWAP, { type: 'twap' }],
    [{ ...TWAP, algo_type: 'vwap' }, { type: 'other' }],
    [{ order_type: 'pegged' }, { type: 'other' }],
    [{ time_in_force: 'post_only' }, { timeInForce: 'gtc', postOnly: true }],
    [{ time_in_force: 'ioc' }, { timeInForce: 'ioc', postOnly: false }],
    [{ time_in_force: 'fok' }, { timeInForce: 'fok' }],
    [{ direction: 'sell' }, { side: 'sell' }],
    [{ label: '' }, { clientOrderId: null }],
    [{ trigger_price: '0' }, { triggerPrice: null }],
    [{ replaced_order_id: idOf(7) }, { replaces: idOf(7) }],
    [{ instrument_name: 'ETH-USDC' }, { base: 'ETH', quote: 'USDC' }],
    [{ instrument_name: 'ETH-20261225-4000-C' }, { base: 'ETH', quote: null }],
    [{ instrument_name: 'SOMETHING' }, { base: null, quote: null }],
  ])('with %j states %j', (fields, stated) => {
    expect(sightingOf(order(1, fields)).stated).toMatchObject(stated)
  })

  test.each([
    { time_in_force: null },
    { time_in_force: 'day' },
    { replaced_order_id: idOf(1) },
    { amount: '0' },
    { creation_timestamp: null },
  ])('with %j does not say what it does not know', (fields) => {
    const { stated } = sightingOf(order(1, fields))
    const names = { time_in_force: 'timeInForce', replaced_order_id: 'replaces', amount: 'quantity' }
    const fact = new Map(Object.entries(names)).get(Object.keys(fields)[0] ?? '') ?? 'openedAt'
    expect(stated).not.toHaveProperty(fact)
  })

  test('keeps what the venue says of its algo, its trigger and its worst price', () => {
    expect(sightingOf(order(1, TWAP)).details).toMatchObject({
      algo_type: 'twap',
      algo_duration_sec: 3_600,
      algo_num_slices: 60,
      algo_slices_completed: 20,
      worst_price: '4000',
    })
    expect(sightingOf(order(1, { ...TRIGGER, signed_limit_price: '3990' })).details).toMatchObject({
      trigger_type: 'stoploss',
      trigger_price_type: 'mark',
      signed_limit_price: '3990',
    })
  })

  test.each([
    [NOW / 1_000, NOW],
    [NOW, NOW],
    [0, undefined],
    [-1, undefined],
    [null, undefined],
  ])('whose signature_expiry_sec is %j expires at %j', (signature_expiry_sec, expiry) => {
    expect(sightingOf(order(1, { signature_expiry_sec })).details.expires_at).toBe(expiry)
  })

  test('has no average price before it filled', () => {
    expect(sightingOf(order(1, { average_price: '0' })).averageFillPrice).toBeNull()
  })

  test('with a nonce of 19 bare digits and decimals as numbers keeps every digit and drops the nonce', () => {
    const text = JSON.stringify(order(1, { amount: '@', limit_price: '12345678.123456789' }))
      .replace('"@"', '98765432109876543.5')
      .replace('"1795176000123456789"', '1795176000123456789')
    const sighting = sightingOf(parseJson(text))
    expect(sighting.stated).toMatchObject({ quantity: '98765432109876543.5', price: '12345678.123456789' })
    expect(JSON.stringify(sighting)).not.toContain('1795176000123456')
  })
})

describe('an execution', () => {
  test('is told in our words', () => {
    expect(fillFrom(trade(1, 2))).toEqual({
      kind: 'order',
      venueOrderId: idOf(2),
      tradeId: idOf(9_001),
      quantity: '0.5',
      price: '3999.5',
      fee: '0.8',
      feeAsset: null,
      venueTime: AT,
      reversed: false,
    })
    expect(fillFrom(trade(1, 2, { instrument_name: 'ETH-USDC' })).feeAsset).toBe('USDC')
  })

  const stages = ['Batching', 'Executing', 'Proving', 'Settling', 'Settled', 'Da']
  test.each([null, undefined, ...stages])('with batch_status %j stands', (batch_status) => {
    expect(fillFrom(trade(1, 2, { batch_status })).reversed).toBe(false)
  })

  test.each(stages)('with batch_status %sError is taken back', (stage) => {
    expect(fillFrom(trade(1, 2, { batch_status: `${stage}Error` })).reversed).toBe(true)
  })
})
