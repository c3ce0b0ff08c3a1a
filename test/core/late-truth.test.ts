/** Late, repeated and contradicting truth, attacked: sums, endings and their times once more. */
import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import { type Folded, foldEvent } from '../../src/core/fold.ts'
import { type Order, type OrderFacts, orderKey } from '../../src/core/order.ts'
import type { Stored } from '../../src/core/outcome.ts'
import type { Context } from '../../src/core/policy.ts'
import { reconcile } from '../../src/core/reconcile.ts'
import type { Report } from '../../src/core/report.ts'
import {
  aContext,
  aFill,
  aFrame,
  aHistory,
  aLookup,
  anOrder,
  aSighting,
  aSnapshot,
  ENDED,
  storing,
  T0,
  tell,
} from '../support/orders.ts'

const run = (orders: Order[], report: Report, over: Partial<Context> = {}, fills: Parameters<typeof storing>[1] = []) =>
  reconcile(storing(orders, fills), report, aContext(over))
const closed = (facts: Partial<OrderFacts>) => anOrder({ status: 'cancelled', reason: 'user', ...facts })

describe('executions taken back', () => {
  test('one that comes and goes in the same report was never counted', () => {
    const fill = aFill('2')
    const outcome = run([anOrder({ filledQuantity: decimal('5') })], aHistory([], [fill, { ...fill, reversed: true }]))
    expect(tell(outcome)).toBe('-')
    expect(outcome.fills.at(-1)).toMatchObject({ tradeId: fill.tradeId, reversed: true })
  })
  test('of a filled order leaves it filled, with less', () => {
    const fill = aFill('4')
    const done = anOrder({ status: 'filled', filledQuantity: decimal('10') })
    const outcome = run([done], aFrame([], [{ ...fill, reversed: true }]), {}, [aFill('6'), fill])
    expect(tell(outcome)).toBe('corrected/reversed -4')
    expect(outcome.orders[0]?.facts.status).toBe('filled')
  })
  test('and then stated again by a message of its own, it counts again, as a message states', () => {
    const reversed = { ...aFill('4'), reversed: true }
    const outcome = run([anOrder({ filledQuantity: decimal('0') })], aFrame([aSighting({ filled: '4' })]), {}, [
      reversed,
    ])
    expect(tell(outcome)).toBe('partially_filled +4')
  })
  test('a reversal of what was never seen waits for nothing and takes nothing', () => {
    const outcome = run([anOrder({ filledQuantity: decimal('4') })], aFrame([], [{ ...aFill('2'), reversed: true }]))
    expect([tell(outcome), outcome.fills.length]).toEqual(['-', 1])
  })
})

describe('the time of an ending', () => {
  test('is learned when the ending was known without it', () => {
    const row = aSighting({ claim: ENDED('cancelled', T0 + 5), filled: '0' })
    const outcome = run([closed({ evidence: 'stream' })], aHistory([row]))
    expect(tell(outcome)).toBe('corrected/learned')
    expect(outcome.orders[0]?.facts.closedAt).toBe(T0 + 5)
    expect(tell(run([...outcome.orders], aHistory([row])))).toBe('-')
  })
  test('is the proven one where it had been inferred', () => {
    const inferred = closed({ evidence: 'inferred', reason: 'expired', closedAt: T0 })
    const row = aSighting({ claim: { is: 'cancelled', reason: 'expired', at: T0 + 9 }, filled: '0' })
    const outcome = run([inferred], aHistory([row]))
    expect(outcome.orders[0]?.facts).toMatchObject({ closedAt: T0 + 9, evidence: 'history' })
    expect(tell(run([...outcome.orders], aHistory([row])))).toBe('-')
  })
  test('does not move with every source that has another', () => {
    const row = aSighting({ claim: ENDED('cancelled', T0 + 5), filled: '0' })
    expect(tell(run([closed({ evidence: 'stream', closedAt: T0 })], aHistory([row])))).toBe('-')
  })
})

describe('history and what is newer than it', () => {
  const touched = (at: number) => ({ touches: new Map([['order/a', { counter: 9, at }]] as const) })
  const { requestedAt, policy } = aContext()
  const openRow = aHistory([aSighting({ stated: { price: decimal('99') } })])
  test('an open order in history never overrides a frame that came after it was asked, or just before', () => {
    expect(tell(run([anOrder()], openRow, touched(requestedAt + 1)))).toBe('-')
    expect(tell(run([anOrder()], openRow, touched(requestedAt - policy.settleMs)))).toBe('-')
    expect(tell(run([anOrder()], openRow, touched(requestedAt - policy.settleMs - 1)))).toBe('amended')
  })
  test('an ending in history is an ending all the same', () => {
    const row = aHistory([aSighting({ claim: ENDED('filled'), filled: '10' })])
    expect(tell(run([anOrder()], row, touched(requestedAt + 1)))).toBe('filled +10')
  })
})

describe('what a list shows as ended', () => {
  const row = (at: number | null) => aSnapshot([aSighting({ claim: ENDED('filled', at), filled: '10' })])
  test('before tracking began makes no row', () => {
    expect(tell(run([], row(T0 - 1), { trackedSince: T0 }))).toBe('-')
    expect(tell(run([], row(T0), { trackedSince: T0 }))).toBe('opened, filled +10')
    expect(tell(run([], row(null), { trackedSince: T0 }))).toBe('opened, filled +10')
  })
})

test('no sequence of two reports breaks the log, whatever the first left behind', () => {
  const claims = [
    { is: 'open' },
    ENDED('filled'),
    ENDED('cancelled'),
    { is: 'cancelled', reason: 'expired', at: null },
    { is: 'rejected', at: T0 },
    { is: 'unrecognised' },
  ] as const
  const reports = claims.flatMap((claim) =>
    (['0', '3', '10', null] as const).flatMap((filled) => {
      const sighting = aSighting({ claim, filled, stated: claim.is === 'open' ? {} : { price: decimal('101') } })
      const successor = aSighting({ id: 'b', stated: { replaces: 'a' } })
      const fill = aFill('3')
      return [
        aSnapshot([sighting]),
        aSnapshot([successor]),
        aFrame([sighting], [fill]),
        aFrame([successor, sighting]),
        aFrame([], [{ ...fill, reversed: true }]),
        aLookup(sighting),
        aHistory([sighting, successor], [fill]),
      ]
    }),
  )
  const problems: string[] = []
  const follow = (stored: Stored, report: Report): { stored: Stored; said: string; events: number } => {
    const outcome = reconcile(stored, report, aContext())
    for (const order of outcome.orders) {
      let state: Folded | null = stored.orders.get(orderKey(order)) ?? null
      for (const event of outcome.events.filter(({ venueOrderId }) => venueOrderId === order.venueOrderId)) {
        const next = foldEvent(state, event)
        problems.push(...next.problems.map((problem) => `${problem}: ${tell(outcome)}`))
        state = next.state
      }
      if (state?.version !== order.version) problems.push(`not what its events lead to: ${tell(outcome)}`)
    }
    const orders = new Map([...stored.orders, ...outcome.orders.map((order) => [orderKey(order), order] as const)])
    const fills = new Map(
      [...(stored.fills.get('order/a') ?? []), ...outcome.fills].map((fill) => [fill.tradeId, fill]),
    )
    const next = { orders, fills: new Map([['order/a', [...fills.values()]]] as const) }
    return { stored: next, said: tell(outcome), events: outcome.events.length }
  }
  for (const first of reports) {
    const one = follow(storing([]), first)
    for (const second of reports) {
      const two = follow(one.stored, second)
      const three = follow(two.stored, second)
      if (three.events > 0) problems.push(`said again: ${one.said}; ${two.said}; ${three.said}`)
    }
  }
  expect([...new Set(problems)]).toEqual([])
})
