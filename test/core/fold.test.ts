import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import type { EventType } from '../../src/core/event.ts'
import { differingFacts, type Folded, foldEvent } from '../../src/core/fold.ts'
import { type Order, type OrderFacts, orderKey } from '../../src/core/order.ts'
import { reconcile } from '../../src/core/reconcile.ts'
import { aContext, aFill, aFrame, anOrder, aSighting, ENDED, storing } from '../support/orders.ts'

type Life = [type: EventType, change?: Partial<OrderFacts>, step?: string | null][]

/** Folds a life in which each event has the next version and the step its filled quantity needs, unless said otherwise. */
function fold(life: Life): { state: Folded | null; problems: string[] } {
  let state: Folded | null = null
  const problems: string[] = []
  for (const [type, change = {}, step = null] of life) {
    const facts: OrderFacts = { ...(state?.facts ?? anOrder().facts), ...change }
    const fillQuantity = step === null ? null : decimal(step)
    const next = foldEvent(state, { type, version: (state?.version ?? 0) + 1, fillQuantity, facts })
    state = next.state
    problems.push(...next.problems)
  }
  return { state, problems }
}

const filled = (quantity: string) => ({ filledQuantity: decimal(quantity) })

describe('a life the log promises', () => {
  const lives: [claim: string, life: Life][] = [
    [
      'fills in steps',
      [['opened'], ['partially_filled', filled('3'), '3'], ['filled', { status: 'filled', ...filled('10') }, '7']],
    ],
    [
      'ends after all of it was filled before',
      [['opened'], ['partially_filled', filled('10'), '10'], ['filled', { status: 'filled' }, '0']],
    ],
    ['is cancelled with its last fill', [['opened'], ['cancelled', { status: 'cancelled', ...filled('1') }, '1']]],
    [
      'vanishes, comes back and ends',
      [
        ['opened'],
        ['vanished', { status: 'unknown' }],
        ['reappeared', { status: 'open' }],
        ['cancelled', { status: 'cancelled' }],
      ],
    ],
    [
      'is proved to have ended while unknown',
      [['opened'], ['vanished', { status: 'unknown' }], ['filled', { status: 'filled', ...filled('10') }, '10']],
    ],
    [
      'is filled while unknown',
      [['opened'], ['vanished', { status: 'unknown' }], ['partially_filled', filled('1'), '1']],
    ],
    [
      'loses a reversed fill while open',
      [['opened'], ['partially_filled', filled('3'), '3'], ['corrected', filled('1'), '-2']],
    ],
    [
      'reopens and ends by corrections',
      [
        ['opened'],
        ['cancelled', { status: 'cancelled' }],
        ['corrected', { status: 'open' }],
        ['corrected', { status: 'filled', ...filled('10') }, '10'],
      ],
    ],
  ]
  test.each(lives)('%s', (_, life) => {
    const { state, problems } = fold(life)
    expect(problems).toEqual([])
    expect(state?.version).toBe(life.length)
  })
})

describe('a break of a promise is named', () => {
  const breaks: [problem: string, life: Life][] = [
    ['its life begins with amended, not opened', [['amended']]],
    ['opened with status filled', [['opened', { status: 'filled' }]]],
    ['opened with a fill', [['opened', filled('1'), '1']]],
    ['opened twice', [['opened'], ['opened']]],
    [
      'filled after its end, where only corrected may follow',
      [['opened'], ['cancelled', { status: 'cancelled' }], ['filled', { status: 'filled' }]],
    ],
    [
      'cancelled after its end, where only corrected may follow',
      [
        ['opened'],
        ['filled', { status: 'filled' }],
        ['corrected', { status: 'open' }],
        ['cancelled', { status: 'cancelled' }],
      ],
    ],
    ['filled 3 where the steps add up to 2', [['opened'], ['partially_filled', filled('3'), '2']]],
    [
      'amended lowers the filled quantity',
      [['opened'], ['partially_filled', filled('3'), '3'], ['amended', filled('1'), '-2']],
    ],
    ['amended with a fill of 2', [['opened'], ['amended', filled('2'), '2']]],
    ['amended leads from open to unknown', [['opened'], ['amended', { status: 'unknown' }]]],
    ['filled leads from open to cancelled', [['opened'], ['filled', { status: 'cancelled' }]]],
    ['vanished leads from unknown to unknown', [['opened'], ['vanished', { status: 'unknown' }], ['vanished']]],
    ['reappeared leads from open to open', [['opened'], ['reappeared']]],
    ['corrected leads from open to cancelled', [['opened'], ['corrected', { status: 'cancelled' }]]],
  ]
  test.each(breaks)('%s', (problem, life) => {
    expect(fold(life).problems).toContain(problem)
  })

  test('a version that is not the next one', () => {
    const { state } = fold([['opened']])
    const event = { type: 'amended', version: 3, fillQuantity: null, facts: anOrder().facts } as const
    expect(foldEvent(state, event).problems).toEqual(['version 3 where 2 was next'])
  })
})

test('names the facts that differ, and no others', () => {
  const { facts } = anOrder()
  expect(differingFacts(facts, { ...facts })).toEqual([])
  expect(differingFacts(facts, { ...facts, price: decimal('7'), postOnly: false })).toEqual(['postOnly', 'price'])
})

test('whatever a stream says, the events fold to the order that the reconciler leaves', () => {
  const quantity = fc.integer({ min: 0, max: 10 }).map(String)
  const message = fc.oneof(
    fc.record({
      filled: quantity,
      end: fc.constantFrom(null, 'filled', 'cancelled'),
      clock: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({ fill: fc.integer({ min: 1, max: 4 }).map(String), reversed: fc.boolean() }),
  )
  const live = fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
    let order: Order | null = null
    let state: Folded | null = null
    let fills: ReturnType<typeof aFill>[] = []
    for (const said of messages) {
      const report =
        'fill' in said
          ? aFrame([], [aFill(said.fill, { reversed: said.reversed })])
          : aFrame([
              aSighting({
                filled: said.filled,
                clock: said.clock,
                claim: said.end === null ? { is: 'open' } : ENDED(said.end),
              }),
            ])
      const outcome = reconcile(storing(order === null ? [] : [order], fills), report, aContext())
      for (const event of outcome.events) {
        const next = foldEvent(state, event)
        expect(next.problems).toEqual([])
        state = next.state
      }
      order = outcome.orders.find((next) => orderKey(next) === 'order/a') ?? order
      fills = [...fills.filter((old) => !outcome.fills.some((next) => next.tradeId === old.tradeId)), ...outcome.fills]
      expect(state?.facts).toEqual(order?.facts)
      expect(state?.ended).toBe(order?.ended)
    }
  })
  fc.assert(live, { numRuns: 300 })
})
