/** The course of a missing order, attacked: what must not move it, what must begin it anew, and how it ends all the same. */
import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import { type Order, orderKey } from '../../src/core/order.ts'
import type { Course } from '../../src/core/outcome.ts'
import type { Context } from '../../src/core/policy.ts'
import { EAGER_READS } from '../../src/core/presence.ts'
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

const run = (orders: Order[], report: Report, over: Partial<Context> = {}) =>
  reconcile(storing(orders), report, aContext(over))

const COURSE: Course = {
  reads: 1,
  weakReads: 0,
  healthyMs: 30_000,
  since: 900_000,
  countedAt: 995_000,
  historyAsked: true,
  lookupAnswered: true,
}
const missing = (over: Partial<Course> = {}) => ({ courses: new Map([['order/a', { ...COURSE, ...over }]] as const) })
const lost = { ...anOrder(), seen: { ...anOrder().seen, missingSince: T0 } }
const none = aSnapshot([])
const weak = aSnapshot([], { coverage: { proves: 'absence_if_repeated', because: 'several pages' } })

describe('a sign of life begins the course anew', () => {
  test.each([
    ['an accepted frame', aFrame([aSighting({ clock: T0 })])],
    ['a lookup that finds it open', aLookup(aSighting({ clock: T0 }))],
    ['a listing', aSnapshot([aSighting({ clock: T0 })])],
  ])('%s', (_, report) => {
    const outcome = run([lost], report, missing())
    expect(outcome.courses.get('order/a')).toBeNull()
    expect(outcome.orders[0]?.seen.missingSince).toBeNull()
  })
  test('a refused frame does not', () => {
    const known = { ...lost, seen: { ...lost.seen, venueClock: decimal(String(T0)) } }
    expect(run([known], aFrame([aSighting({ clock: T0 - 1 })]), missing()).courses.size).toBe(0)
  })
  test('an execution alone does not: it may be the one that ended it', () => {
    expect(run([lost], aFrame([], [aFill('1')]), missing()).courses.size).toBe(0)
  })
  test('an answer about another order than was asked says nothing about this one but that it was asked', () => {
    const other = aLookup(aSighting({ id: 'b' }))
    const outcome = run([lost, anOrder({}, { id: 'b' })], other, missing({ lookupAnswered: false }))
    expect(outcome.courses.get('order/a')).toMatchObject({ reads: 1, lookupAnswered: true })
  })
})

describe('reads that count', () => {
  test('a read that began before the last one was applied is the same moment, not another', () => {
    const outcome = run([lost], none, { ...missing({ countedAt: 999_950 }), requestedAt: 999_900 })
    expect([tell(outcome), outcome.courses.size]).toEqual(['-', 0])
  })
  test('a listing between two weak reads takes the first one back', () => {
    const first = run([anOrder()], weak)
    const courses = new Map([...first.courses].flatMap(([key, course]) => (course === null ? [] : [[key, course]])))
    expect(run([anOrder()], aSnapshot([aSighting()]), { courses }).courses.get('order/a')).toBeNull()
  })
  test('an empty read of a long list that proves nothing asks for nothing', () => {
    const many = Array.from({ length: 12 }, (_, index) => anOrder({}, { id: `o${index}` }))
    const torn = aSnapshot([], { coverage: { proves: 'presence', because: 'truncated' } })
    const outcome = run(many, torn)
    expect([tell(outcome), outcome.suspiciouslyEmpty]).toEqual(['-', false])
  })
  test('history is asked at every read at first, and later at its own pace', () => {
    expect(tell(run([lost], none, missing({ reads: EAGER_READS - 1, lookupAnswered: false })))).toBe(
      '- ?history ?lookup',
    )
    expect(tell(run([lost], none, missing({ reads: EAGER_READS, lookupAnswered: false })))).toBe('- ?lookup')
    expect(tell(run([lost], none, missing({ reads: EAGER_READS, historyAsked: false })))).toBe('- ?history ?lookup')
  })
})

describe('the end of asking', () => {
  const GIVEN_UP = { since: aContext().monotonic - aContext().policy.giveUpAfterMs }
  const justBefore = { since: GIVEN_UP.since + 1 }
  test.each([
    ['no question about it was ever answered', { lookupAnswered: false }],
    ['no history was ever read to its end', { historyAsked: false }],
  ])('where %s, it vanishes when it is given up', (_, over) => {
    expect(tell(run([lost], none, missing({ ...over, ...GIVEN_UP })))).toBe('vanished/unproven')
    expect(tell(run([lost], none, missing({ ...over, ...justBefore })))).toMatch('- ?')
  })
  test('giving up does not stand in for reads', () => {
    expect(tell(run([lost], none, missing({ ...GIVEN_UP, reads: 0, lookupAnswered: false })))).toMatch('- ?')
  })
})

describe('an order whose end nobody knows', () => {
  const unknown = (clock: number) =>
    anOrder({ status: 'unknown', reason: 'unproven', evidence: 'inferred' }, { clock, id: 'a' })
  test('is there again when a fresh list shows it, even in a row older than its last frame, whose facts stay', () => {
    const outcome = run([unknown(T0)], aSnapshot([aSighting({ clock: T0 - 1, stated: { price: decimal('99') } })]))
    expect(tell(outcome)).toBe('reappeared')
    expect(outcome.orders[0]?.facts.price).toBe('100')
    expect(outcome.orders[0]?.seen).toMatchObject({ missingSince: null, venueClock: String(T0) })
  })
  test('is there again even if only its id can be read', () => {
    const outcome = run([unknown(T0)], aSnapshot([], { alsoPresent: [{ kind: 'order', venueOrderId: 'a' }] }))
    expect(tell(outcome)).toBe('reappeared')
  })
  test('is not brought back by a row that says it ended, or by a list that is not fresh', () => {
    const ended = aSnapshot([aSighting({ clock: T0 - 1, claim: ENDED('cancelled') })])
    expect(tell(run([unknown(T0)], ended))).toBe('- ?lookup')
    const touched = { touches: new Map([['order/a', { counter: 9, at: 0 }]] as const) }
    expect(tell(run([unknown(T0)], aSnapshot([aSighting()]), touched))).toBe('-')
  })
  test('is not brought back by an old frame or an old answer', () => {
    for (const report of [aFrame([aSighting({ clock: T0 - 1 })]), aLookup(aSighting({ clock: T0 - 1 }))])
      expect(tell(run([unknown(T0)], report))).toBe('-')
  })
  test('is not missed again, however often a list lacks it', () => {
    const outcome = run([unknown(T0)], none)
    expect([tell(outcome), outcome.courses.size]).toEqual(['-', 0])
  })
  test('takes executions and stays unknown', () => {
    const outcome = run([unknown(T0)], aFrame([], [aFill('2')]))
    expect(tell(outcome)).toBe('partially_filled +2@100')
    expect(outcome.orders[0]?.facts.status).toBe('unknown')
  })
  test('ends with proof, and its course with it', () => {
    const outcome = run([unknown(T0)], aHistory([aSighting({ claim: ENDED('filled'), filled: '10' })]), missing())
    expect(tell(outcome)).toBe('filled +10')
    expect(outcome.courses.get('order/a')).toBeNull()
  })
})

test('an order that was re-opened and vanishes again is corrected to unknown', () => {
  const reopened = { ...lost, ended: true, facts: { ...lost.facts, evidence: 'snapshot' as const } }
  const outcome = run([reopened], none, missing())
  expect(tell(outcome)).toBe('corrected/unproven')
  expect(outcome.orders[0]?.facts).toMatchObject({ status: 'unknown', closedAt: null, evidence: 'inferred' })
  expect(orderKey(reopened)).toBe('order/a')
})
