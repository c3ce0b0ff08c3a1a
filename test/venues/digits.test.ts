/** Up to 18 significant digits arrive as they were sent, in every venue's own encoding. QFEX and DexPal: beside their frames. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import { orderOf } from '../../src/venues/derive/map.ts'
import { readOrder } from '../../src/venues/derive/wire.ts'
import { parseJson } from '../../src/venues/json.ts'
import { mapOrder } from '../../src/venues/revolut-x/map.ts'
import { order as deriveOrder } from './derive/examples.ts'
import { row as revolutXRow } from './revolut-x/fake-venue.ts'

/** One to 18 digits with the point anywhere, no zeros at the ends: canonical, so that the text itself can be compared. */
const digits = fc
  .tuple(fc.stringMatching(/^[1-9]\d{0,8}$/), fc.stringMatching(/^(?:\d{0,8}[1-9])?$/))
  .map(([whole, fraction]) => (fraction === '' ? whole : `${whole}.${fraction}`))

const RUNS = { numRuns: 2_000 }

describe('a quantity and a price', () => {
  test('of Derive, which writes decimals as text', () => {
    fc.assert(
      fc.property(digits, digits, (quantity, price) => {
        const sent = JSON.stringify(deriveOrder(1, { amount: quantity, limit_price: price }))
        const read = readOrder(parseJson(sent))
        if (!read.ok) throw new Error(read.problem)
        expect(orderOf(read.value).stated).toMatchObject({ quantity: decimal(quantity), price: decimal(price) })
      }),
      RUNS,
    )
  })

  test('of Revolut X, which writes decimals as text', () => {
    fc.assert(
      fc.property(digits, digits, (quantity, price) => {
        const sent = JSON.stringify(revolutXRow(1, { side: 'sell', quantity, price }))
        const read = mapOrder(parseJson(sent))
        if (!read.ok) throw new Error('not read')
        expect(read.value.sighting.stated).toMatchObject({ quantity: decimal(quantity), price: decimal(price) })
      }),
      RUNS,
    )
  })

  test('as a bare number, read from its literal', () => {
    fc.assert(
      fc.property(digits, (literal) => {
        const read = parseJson(`{"quantity":${literal}}`)
        expect(String(Reflect.get(Object(read), 'quantity'))).toBe(literal)
      }),
      RUNS,
    )
  })
})
