import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimal, parseDecimal } from '../../../src/core/decimal.ts'
import { MAX_SAMPLE_CHARS } from '../../../src/core/quarantine.ts'
import type { Sighting } from '../../../src/core/report.ts'
import { parseJson } from '../../../src/venues/json.ts'
import { mapOrder } from '../../../src/venues/revolut-x/map.ts'
import { readRows } from '../../../src/venues/revolut-x/pages.ts'
import { DETAILS, PAGES } from './examples.ts'
import { row } from './fake-venue.ts'

const ROWS: readonly Record<string, unknown>[] = [
  ...Object.values(DETAILS).map(({ data }) => data),
  ...Object.values(PAGES).flatMap(({ data }) => [...data]),
  row(1, { status: 'partially_filled', filled_quantity: '0.5' }),
]

const DIGITS = '12345678.123456789'

/** What a field may have turned into on the way; undefined takes it away. */
const wrong = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    false,
    '',
    ' ',
    'a word nobody knows',
    '__proto__',
    '-1',
    'NaN',
    '1e400',
    '0x10',
  ),
  fc.constantFrom<unknown>([], {}, [null], { trigger_price: '1' }, [['x']]),
  fc.constantFrom(0, -1, 1.5, DIGITS, '99999999999999999', 17853098338161234, 1e300),
  fc.string({ maxLength: 30 }),
)

const rowWithOneFieldWrong = fc
  .constantFrom(...ROWS)
  .chain((raw) => fc.record({ raw: fc.constant(raw), name: fc.constantFrom(...Object.keys(raw)), value: wrong }))

const NAMES_OF: Partial<Record<keyof Sighting['stated'], string[]>> = {
  quantity: ['quantity'],
  quoteQuantity: ['amount'],
  price: ['price', 'conditional', 'take_profit', 'stop_loss', 'twap', 'type'],
  clientOrderId: ['client_order_id'],
  openedAt: ['created_date'],
  replaces: ['previous_order_id'],
  timeInForce: ['time_in_force'],
}

function orderOf(raw: unknown): Sighting {
  const order = mapOrder(raw)
  if (!order.ok) throw new Error(order.problem)
  return order.value.sighting
}

describe('a row with one field wrong', () => {
  test('is the right order with the other fields untouched, or is quarantined; it never crashes', () => {
    fc.assert(
      fc.property(rowWithOneFieldWrong, ({ raw, name, value }) => {
        const changed = { ...raw, [name]: value }
        const order = mapOrder(changed)
        if (!order.ok) {
          expect(order.problem.length).toBeLessThan(400)
          return
        }
        const { sighting } = order.value
        const right = orderOf(raw)
        expect(sighting.venueOrderId).toBe(name === 'id' ? value : right.venueOrderId)
        if (name !== 'status') expect(sighting.word).toBe(right.word)
        if (name !== 'filled_quantity' && name !== 'status') expect(sighting.filled).toBe(right.filled)
        if (name !== 'side') {
          for (const [fact, names] of Object.entries(NAMES_OF)) {
            if (!names.includes(name)) expect(statedOf(sighting, fact)).toBe(statedOf(right, fact))
          }
        }
      }),
      { numRuns: 6_000 },
    )
  })

  test('states a decimal exactly or not at all', () => {
    const amounts = ['quantity', 'filled_quantity', 'price', 'average_fill_price']
    fc.assert(
      fc.property(fc.constantFrom(...amounts), wrong, (name, value) => {
        const order = mapOrder(row(1, { [name]: value }))
        const { stated, filled, averageFillPrice } = order.ok ? order.value.sighting : orderOf(row(1))
        const read = { quantity: stated.quantity, price: stated.price, filled_quantity: filled, averageFillPrice }
        const shown = new Map<string, unknown>(Object.entries({ ...read, average_fill_price: averageFillPrice })).get(
          name,
        )
        const exact = typeof value === 'string' || typeof value === 'number' ? parseDecimal(String(value)) : null
        if (!order.ok) expect(exact === null || exact.startsWith('-')).toBe(true)
        else
          expect(shown ?? null).toBe(exact === '0' && name !== 'filled_quantity' && name !== 'quantity' ? null : exact)
      }),
      { numRuns: 500 },
    )
  })

  test('extra fields change nothing but the details', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ROWS), fc.string({ maxLength: 20 }), fc.jsonValue(), (raw, name, value) => {
        fc.pre(!(name in raw) && !/^(?:__proto__|legs|on_fill|triggered_by|reject_reason)$/.test(name))
        const order = mapOrder({ ...raw, [name]: value })
        fc.pre(order.ok)
        const { details: _, ...rest } = orderOf({ ...raw, [name]: value })
        const { details: __, ...right } = orderOf(raw)
        expect(rest).toEqual(right)
      }),
    )
  })

  test('seventeen digits arrive digit for digit, as text and as a number', () => {
    const text = JSON.stringify(row(1))
      .replace('"1.5"', '12345678.123456789')
      .replace('"120000.00"', '98765432109876543')
    expect(orderOf(parseJson(text)).stated).toMatchObject({ quantity: DIGITS, price: '98765432109876543' })
    expect(orderOf(row(1, { quantity: DIGITS })).stated.quantity).toBe(decimal(DIGITS))
  })

  test('text cut anywhere is no JSON, or the order it was', () => {
    const whole = JSON.stringify(row(1))
    for (let end = 0; end < whole.length; end++) expect(() => parseJson(whole.slice(0, end))).toThrow(SyntaxError)
  })
})

describe('a list with bad rows', () => {
  test('keeps every good row, the ids of the bad ones, and bounded samples without secrets', () => {
    const rows = [
      row(1),
      row(2, { side: 'sideways', signature: 'canary' }),
      row(3, { price: {}, type: 'twap', blob: 'x'.repeat(10_000) }),
      row(4, { quantity: 'NaN', type: 7 }),
      row(5),
    ]
    const read = readRows(rows, 'active[]')
    expect(read.seen.map(({ sighting }) => sighting.venueOrderId)).toEqual([row(1).id, row(5).id])
    expect(read.alsoPresent).toEqual([
      { kind: 'order', venueOrderId: row(2).id },
      { kind: 'algo', venueOrderId: row(3).id },
      { kind: 'order', venueOrderId: row(4).id },
      { kind: 'algo', venueOrderId: row(4).id },
    ])
    expect(read.quarantined.map(({ problem }) => problem.split(':')[0])).toEqual(['side', 'price', 'type'])
    expect(read.quarantined.every(({ sample }) => sample.length <= MAX_SAMPLE_CHARS)).toBe(true)
    expect(JSON.stringify(read.quarantined)).not.toContain('canary')
    expect(read).toMatchObject({ illegible: false, torn: false })
  })

  test.each([
    null,
    'text',
    7,
    [],
    {},
    row(1, { id: 'cut-7a52e9' }),
    row(1, { id: null }),
    { ...row(1), venue_order_id: row(2).id },
  ])('a row whose id nobody can read spoils the list (%#)', (raw) => {
    const read = readRows([raw, row(3)], 'active[]')
    expect(read).toMatchObject({ illegible: true, alsoPresent: [] })
    expect(read.seen).toHaveLength(1)
    expect(read.quarantined).toHaveLength(1)
  })

  test('of two rows of one order the newer stands, whichever came first', () => {
    const newer = row(1, { filled_quantity: '0.7', updated_date: row(1).updated_date + 1 })
    for (const rows of [
      [row(1), newer],
      [newer, row(1)],
    ]) {
      const read = readRows(rows, 'active[]')
      expect(read.torn).toBe(true)
      expect(read.seen.map(({ sighting }) => sighting.filled)).toEqual(['0.7'])
    }
  })
})

const statedOf = ({ stated }: Sighting, fact: string): unknown =>
  new Map<string, unknown>(Object.entries(stated)).get(fact)
