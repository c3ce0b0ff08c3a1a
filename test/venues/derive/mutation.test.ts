import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDecimal } from '../../../src/core/decimal.ts'
import { MAX_SAMPLE_CHARS } from '../../../src/core/quarantine.ts'
import type { Sighting } from '../../../src/core/report.ts'
import { fillOf, orderOf } from '../../../src/venues/derive/map.ts'
import { readOrders } from '../../../src/venues/derive/rows.ts'
import { readOrder, readTrade } from '../../../src/venues/derive/wire.ts'
import { VenueError } from '../../../src/venues/errors.ts'
import { parseJson } from '../../../src/venues/json.ts'
import { idOf, olderOrder, order, type Row, SUBACCOUNT, TRIGGER, TWAP, trade } from './examples.ts'
import { createFakeVenue } from './fake-venue.ts'

const ROWS: readonly Row[] = [
  order(1),
  order(2, TRIGGER),
  order(3, TWAP),
  order(4, { order_status: 'cancelled', cancel_reason: 'user_request', replaced_order_id: idOf(9) }),
  olderOrder(5),
]

/** What a field may have turned into on the way; undefined takes it away. */
const wrong = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, '', ' ', 'a word nobody knows', '__proto__', '-1', 'NaN', '1e400'),
  fc.constantFrom<unknown>([], {}, [null], [['x']]),
  fc.constantFrom(0, -1, 1.5, '12345678.123456789', '99999999999999999', 17853098338161234, 1e300),
  fc.string({ maxLength: 30 }),
)

const rowWithOneFieldWrong = fc
  .constantFrom(...ROWS)
  .chain((raw) => fc.record({ raw: fc.constant(raw), name: fc.constantFrom(...Object.keys(raw)), value: wrong }))

const SOURCES: Readonly<Record<string, readonly string[]>> = {
  quantity: ['amount'],
  price: ['limit_price', 'order_type'],
  triggerPrice: ['trigger_price'],
  clientOrderId: ['label'],
  openedAt: ['creation_timestamp'],
  replaces: ['replaced_order_id', 'order_id'],
  timeInForce: ['time_in_force'],
  postOnly: ['time_in_force'],
  side: ['direction'],
  symbol: ['instrument_name'],
  base: ['instrument_name'],
  quote: ['instrument_name'],
  type: ['order_type', 'trigger_type', 'algo_type'],
}

function sightingOf(raw: unknown): Sighting {
  const row = readOrder(raw)
  if (!row.ok) throw new Error(row.problem)
  return orderOf(row.value)
}

describe('a row with one field wrong', () => {
  test('is the right order with the other fields untouched, or is quarantined; it never crashes', () => {
    fc.assert(
      fc.property(rowWithOneFieldWrong, ({ raw, name, value }) => {
        const row = readOrder({ ...raw, [name]: value })
        if (!row.ok) {
          expect(row.problem.length).toBeLessThan(200)
          return
        }
        const [sighting, right] = [orderOf(row.value), sightingOf(raw)]
        expect(sighting.venueOrderId).toBe(name === 'order_id' ? value : right.venueOrderId)
        if (name !== 'order_status') expect(sighting.word).toBe(right.word)
        if (name !== 'filled_amount' && name !== 'order_status') expect(sighting.filled).toBe(right.filled)
        const facts = new Map<string, unknown>(Object.entries(sighting.stated))
        for (const [fact, stated] of Object.entries(right.stated)) {
          if (!SOURCES[fact]?.includes(name)) expect([fact, facts.get(fact)]).toEqual([fact, stated])
        }
        expect(JSON.stringify(sighting)).not.toMatch(/5a5a5a|17951760001|0x11111111/)
      }),
      { numRuns: 6_000 },
    )
  })

  test('states a decimal exactly or not at all', () => {
    fc.assert(
      fc.property(fc.constantFrom('amount', 'filled_amount', 'limit_price', 'trigger_price'), wrong, (name, value) => {
        const row = readOrder(order(1, { [name]: value }))
        const exact = typeof value === 'string' || typeof value === 'number' ? parseDecimal(String(value)) : null
        if (!row.ok) {
          expect(exact === null || exact.startsWith('-')).toBe(true)
          return
        }
        const { stated, filled } = orderOf(row.value)
        const shown = { amount: stated.quantity, filled_amount: filled, limit_price: stated.price }
        const found = new Map<string, unknown>(Object.entries({ ...shown, trigger_price: stated.triggerPrice })).get(
          name,
        )
        const zeroIsNone = name === 'amount' || name === 'trigger_price'
        expect(found ?? null).toBe(exact === '0' && zeroIsNone ? null : exact)
      }),
      { numRuns: 500 },
    )
  })

  test('of an execution is the right execution, or is quarantined', () => {
    const raw = trade(1, 2)
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(raw)), wrong, (name, value) => {
        const row = readTrade({ ...raw, [name]: value })
        if (!row.ok) return
        const fill = fillOf(row.value)
        expect(fill.tradeId).toBe(name === 'trade_id' ? value : idOf(9_001))
        expect(fill.venueOrderId).toBe(name === 'order_id' ? value : idOf(2))
        if (name !== 'trade_amount') expect(fill.quantity).toBe('0.5')
        if (name !== 'trade_price') expect(fill.price).toBe('3999.5')
      }),
      { numRuns: 500 },
    )
  })
})

describe('a list with anything in it', () => {
  test('is read or refused as a whole, and shows no secret', () => {
    const anyRow = fc.oneof(
      rowWithOneFieldWrong.map(({ raw, name, value }) => ({ ...raw, [name]: value })),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 6 }), (rows) => {
        try {
          const read = readOrders(rows, 'list', SUBACCOUNT)
          expect(read.sightings.length + read.quarantined.length).toBeLessThanOrEqual(rows.length)
          for (const { sample } of read.quarantined) {
            expect(sample.length).toBeLessThanOrEqual(MAX_SAMPLE_CHARS)
            expect(sample).not.toMatch(/5a5a5a|17951760001|0x11111111/)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(VenueError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('a message with anything in it', () => {
  test('is read without a crash', () => {
    const protocol = createFakeVenue().session?.protocol
    const channel = fc.constantFrom(`${SUBACCOUNT}.orders`, `${SUBACCOUNT}.trades`, '7.orders')
    const notice = fc.record({
      method: fc.constant('subscription'),
      params: fc.record({ channel, data: fc.jsonValue() }),
    })
    const answer = fc.record({ id: fc.jsonValue(), result: fc.jsonValue(), error: fc.jsonValue() })
    fc.assert(
      fc.property(fc.oneof(notice, answer, fc.jsonValue()), (message) => {
        expect(protocol?.read(JSON.stringify(message))).toBeInstanceOf(Array)
      }),
      { numRuns: 500 },
    )
  })

  test('cut anywhere is no JSON', () => {
    const whole = JSON.stringify(order(1))
    for (let end = 0; end < whole.length; end++) expect(() => parseJson(whole.slice(0, end))).toThrow(SyntaxError)
  })
})
