import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contextOf, createBench, linkTo } from './bench.ts'
import * as example from './examples.ts'

const junk = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, '', 'x', -1, 0, 1e300, '1e999', 'NaN', true, {}, [], [[]]),
  fc.double({ noNaN: true }),
  fc.string({ maxLength: 300 }),
)
const window = { from: 0, to: Date.UTC(2026, 0, 1) }
const NUMBERS = /^(quantity|quantity_remaining|price|filled_qty|update_time|status_ts|avg_price)$/

/** One field of a row replaced by junk; the row beside it stays as it is. */
const mutated = (row: Readonly<Record<string, unknown>>) =>
  fc
    .tuple(fc.constantFrom(...Object.keys(row)), junk)
    .map(([name, value]) => ({ name, row: { ...row, [name]: value } }))

describe('one bad field', () => {
  it('of a listed order costs at most that order, and never its presence', async () => {
    const beside = { ...example.order, order_id: 'beside' }
    await fc.assert(
      fc.asyncProperty(mutated(example.order), async ({ name, row }) => {
        fc.pre(name !== 'user_id' && row.order_id !== 'beside')
        const { account, session } = createBench()
        const link = linkTo(session, () => [{ all_orders_response: { orders: [row, beside] } }])
        const [read] = await account.snapshot(contextOf(link))
        const sightings = read?.sightings ?? []
        const hit = sightings.find(({ venueOrderId }) => venueOrderId === row.order_id)
        expect(sightings.some(({ venueOrderId }) => venueOrderId === 'beside')).toBe(true)
        if (hit === undefined) {
          const isPresent = read?.alsoPresent.some(({ venueOrderId }) => venueOrderId === row.order_id)
          expect(isPresent || read?.coverage.proves === 'presence').toBe(true)
          expect(read?.quarantined).toHaveLength(1)
        } else if (!NUMBERS.test(name)) {
          expect(hit).toMatchObject({ filled: '0', claim: { is: 'open' }, stated: { quantity: '2.708', side: 'sell' } })
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('of history costs at most that row', async () => {
    const beside = { ...example.historic, order_id: 'beside' }
    await fc.assert(
      fc.asyncProperty(mutated(example.historic), async ({ name, row }) => {
        fc.pre(row.order_id !== 'beside')
        const { account } = createBench((path) =>
          path === '/user/historic-orders' ? { body: { data: [row, beside] } } : undefined,
        )
        const read = await account.lookBack(window, contextOf(null))
        expect(read.sightings.some(({ venueOrderId }) => venueOrderId === 'beside')).toBe(true)
        const hit = read.sightings.find(({ venueOrderId }) => venueOrderId !== 'beside')
        if (hit === undefined) expect(read.quarantined).toHaveLength(1)
        else if (!NUMBERS.test(name) && name !== 'terminal_status') {
          expect(hit).toMatchObject({ claim: { is: 'filled' }, filled: '2.708', stated: { side: 'sell' } })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('of a fill or a TWAP costs that frame', () => {
    const { session } = createBench()
    const frames = [
      ['fill_response', example.fill, 'fill'],
      ['twap_response', example.twap, 'order'],
    ] as const
    for (const [key, row, is] of frames) {
      fc.assert(
        fc.property(mutated(row), (mutation) => {
          const [first] = session.read(JSON.stringify({ [key]: mutation.row }))
          expect([is, 'quarantine', 'doubt']).toContain(first?.is)
        }),
        { numRuns: 500 },
      )
    }
  })
})
