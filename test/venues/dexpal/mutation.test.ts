import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDecimal } from '../../../src/core/decimal.ts'
import type { Sighting } from '../../../src/core/report.ts'
import { mapEnding, mapOrder } from '../../../src/venues/dexpal/map.ts'
import { VenueError } from '../../../src/venues/errors.ts'
import { parseJson } from '../../../src/venues/json.ts'
import { EXAMPLE } from './examples.ts'
import { createFakeVenue, list, lookContext, row } from './fake-venue.ts'

const ROWS: readonly Record<string, unknown>[] = [
  EXAMPLE.data[0],
  row(1),
  row(2, {
    orderType: 'stopLimit',
    orderFlags: ['postOnly'],
    timeInForce: 'gtt',
    expiresAt: '2026-09-01T00:00:00Z',
    stopPrice: 41000,
    linkedOrderId: 'vela:x:3',
    twapConfig: { intervals: 2 },
  }),
]

const DIGITS = '12345678.123456789'

/** What a field may have turned into on the way; undefined takes it away. */
const wrong = fc.oneof(
  fc.constantFrom(undefined, null, true, false, '', ' ', 'a word nobody knows', '__proto__', 'constructor'),
  fc.constantFrom('-1', 'NaN', '1e400', '0x10', '2026-13-45T00:00:00Z', '2026-08-01'),
  fc.constantFrom<unknown>([], {}, [null], [['x']], { $gt: 1 }),
  fc.constantFrom(0, -1, 1.5, DIGITS, '99999999999999999', '123456789012345678', 1e300),
  fc.string({ maxLength: 30 }),
)

const NAMES_OF: Partial<Record<keyof Sighting['stated'], string[]>> = {
  quantity: ['positionSizeToken'],
  price: ['limitPrice', 'orderType'],
  triggerPrice: ['stopPrice', 'activationPrice'],
  openedAt: ['createdAt'],
  symbol: ['baseAsset', 'quoteAsset'],
  positionSide: ['side'],
  side: ['side', 'orderFlags', 'orderType'],
  reduceOnly: ['orderFlags', 'orderType'],
  timeInForce: ['timeInForce', 'orderFlags', 'orderType'],
}

const statedOf = ({ stated }: Sighting, fact: string): unknown => Reflect.get(stated, fact)

function orderOf(raw: unknown): Sighting {
  const order = mapOrder(raw)
  if (!order.ok) throw new Error(order.problem)
  return order.value
}

describe('a row with one field wrong', () => {
  test('is the right order with the other fields untouched, or is quarantined; it never crashes', () => {
    const oneFieldWrong = fc
      .constantFrom(...ROWS)
      .chain((raw) => fc.record({ raw: fc.constant(raw), name: fc.constantFrom(...Object.keys(raw)), value: wrong }))
    fc.assert(
      fc.property(oneFieldWrong, ({ raw, name, value }) => {
        const order = mapOrder({ ...raw, [name]: value })
        if (!order.ok) {
          expect(order.problem.length).toBeLessThan(400)
          return
        }
        const right = orderOf(raw)
        if (name !== 'orderId') expect(order.value.venueOrderId).toBe(right.venueOrderId)
        if (name !== 'address') expect(order.value.partition).toBe(right.partition)
        expect(order.value).toMatchObject({ kind: 'order', claim: { is: 'open' }, filled: null, word: null })
        for (const [fact, names] of Object.entries(NAMES_OF)) {
          if (!names.includes(name)) expect(statedOf(order.value, fact)).toEqual(statedOf(right, fact))
        }
      }),
      { numRuns: 6_000 },
    )
  })

  test('states a decimal exactly or not at all', () => {
    const places = { limitPrice: 'price', positionSizeToken: 'quantity', stopPrice: 'triggerPrice' }
    fc.assert(
      fc.property(fc.constantFrom(...Object.entries(places)), wrong, ([name, fact], value) => {
        const order = mapOrder(row(1, { [name]: value }))
        const exact = typeof value === 'string' || typeof value === 'number' ? parseDecimal(String(value)) : null
        if (order.ok) expect(statedOf(order.value, fact) ?? null).toBe(exact === '0' ? null : exact)
        else expect(exact === null || exact.startsWith('-')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('extra fields change nothing but the details', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ROWS), fc.string({ maxLength: 20 }), fc.jsonValue(), (raw, name, value) => {
        fc.pre(!(name in raw) && name !== '__proto__')
        const { details: _, ...rest } = orderOf({ ...raw, [name]: value })
        const { details: __, ...right } = orderOf(raw)
        expect(rest).toEqual(right)
      }),
    )
  })

  test('an event of it is an ending or nothing', () => {
    fc.assert(
      fc.property(wrong, wrong, (value, other) => {
        const ending = mapEnding({ ...row(1), event: value, status: other })
        expect(ending).toBeNull()
      }),
    )
  })
})

describe('numbers', () => {
  const read = (text: string) => orderOf(parseJson(JSON.stringify(row(1)).replace('40500.5', text))).stated.price

  test.each([
    ['12345678.123456789', '12345678.123456789'],
    ['12345678901234567', '12345678901234567'],
    ['123456789012345678', '123456789012345678'],
    ['0.12345678901234567', '0.12345678901234567'],
    ['0.123456789012345678', '0.123456789012345678'],
    ['1.10', '1.1'],
    ['4.05e4', '40500'],
    ['1e-18', '0.000000000000000001'],
    ['"40500.50"', '40500.5'],
  ])('%s arrives digit for digit', (literal, exact) => {
    expect(read(literal)).toBe(exact)
  })

  test('of seventeen or eighteen digits arrive whatever they are', () => {
    const digits = fc.stringMatching(/^[1-9]\d{7}\.\d{8,9}[1-9]$/)
    fc.assert(fc.property(digits, (literal) => void expect(read(literal)).toBe(literal)))
  })
})

const isRow = (raw: unknown) => typeof raw === 'object' && raw !== null && 'orderId' in raw && 'address' in raw

test('a list of anything is read or refused, never a crash, and never proves more than it should', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom(...ROWS, row(1)))), async (rows) => {
      const { account } = createFakeVenue(() => list(rows))
      const reads = await account.snapshot(lookContext()).catch((error: unknown) => error)
      if (reads instanceof VenueError) {
        expect(reads.failure).toBe('broken')
        return
      }
      expect(reads).toHaveLength(1)
      if (rows.some((raw) => !isRow(raw))) expect(reads).toMatchObject([{ coverage: { proves: 'presence' } }])
    }),
  )
})
