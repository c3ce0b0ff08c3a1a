/** The rules that the table cannot show: fills, marks, absence, replace chains, late truth. */
import { describe, expect, test } from 'vitest'
import { type Decimal, decimal } from '../../src/core/decimal.ts'
import { type Order, type OrderFacts, orderKey } from '../../src/core/order.ts'
import type { Course, Outcome } from '../../src/core/outcome.ts'
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

const d = (text: string): Decimal => decimal(text)
const rowOf = (outcome: Outcome, id = 'a'): Order | undefined =>
  outcome.orders.find((order) => order.venueOrderId === id)
const run = (orders: Order[], report: Report, over: Partial<Context> = {}, fills: Parameters<typeof storing>[1] = []) =>
  reconcile(storing(orders, fills), report, aContext(over))
const ENDED_BY = (facts: Partial<OrderFacts>) =>
  anOrder({ status: 'cancelled', reason: 'user', closedAt: T0, ...facts })

describe('fills', () => {
  test('an order first seen partly filled opens empty, and what had filled follows in the same breath', () => {
    const outcome = run([], aSnapshot([aSighting({ filled: '3' })]))
    expect(tell(outcome)).toBe('opened, partially_filled +3')
    expect(outcome.events[0]?.facts.filledQuantity).toBe('0')
  })
  test('the first complete read of an account marks what it opens', () => {
    expect(tell(run([], aSnapshot([aSighting()]), { firstSync: true }))).toBe('opened/first_sync')
  })
  test('a frame and its execution are one step with its price', () => {
    const frame = aFrame([aSighting({ filled: '4', clock: T0 })], [aFill('4', { price: d('101') })])
    expect(tell(run([anOrder()], frame))).toBe('partially_filled +4@101')
  })
  test('the same execution twice changes nothing the second time', () => {
    const known = aFill('4')
    expect(tell(run([anOrder({ filledQuantity: d('4') })], aFrame([], [known]), {}, [known]))).toBe('-')
  })
  test('an execution without a word about its order adds to the sum and ends nothing', () => {
    expect(tell(run([anOrder()], aFrame([], [aFill('10')])))).toBe('partially_filled +10@100')
  })
  test('the last step and the ending are one event', () => {
    const frame = aFrame([aSighting({ filled: '10', claim: ENDED('filled') })], [aFill('6')])
    expect(tell(run([anOrder({ filledQuantity: d('4') })], frame, {}, [aFill('4')]))).toBe('filled +6@100')
  })
  test('what fills before its order is known is kept, and told when the order opens', () => {
    const orphan = run([], aFrame([], [aFill('2')]))
    expect(tell(orphan)).toBe('- ?history')
    expect(orphan.fills).toHaveLength(1)
    expect(tell(run([], aFrame([aSighting({ filled: '5' })]), {}, [aFill('2')]))).toBe(
      'opened, partially_filled +2@100, partially_filled +3',
    )
  })
  test('a smaller cumulative fill never lowers what is known', () => {
    expect(tell(run([anOrder({ filledQuantity: d('4') })], aSnapshot([aSighting({ filled: '3' })])))).toBe('-')
  })
  test('a fill after the cancel is a correction that keeps what proved the ending', () => {
    const outcome = run([ENDED_BY({ evidence: 'history', filledQuantity: d('3') })], aFrame([], [aFill('2')]), {}, [
      aFill('3'),
    ])
    expect(tell(outcome)).toBe('corrected +2@100')
    expect(rowOf(outcome)?.facts).toMatchObject({ status: 'cancelled', evidence: 'history', filledQuantity: '5' })
  })
  test('a smaller sum that the venue dates later is a reversal nobody named, down to the executions', () => {
    const known = anOrder({ filledQuantity: d('4') }, { clock: T0 })
    expect(tell(run([known], aSnapshot([aSighting({ filled: '1', clock: T0 + 1 })])))).toBe('corrected -3')
    expect(tell(run([known], aSnapshot([aSighting({ filled: '1', clock: T0 + 1 })]), {}, [aFill('3')]))).toBe(
      'corrected -1',
    )
    expect(tell(run([known], aSnapshot([aSighting({ filled: '1', clock: T0 })])))).toBe('-')
  })
  test('history read before a reversal and applied after it does not put the fill back', () => {
    const ended = anOrder({ status: 'cancelled', reason: 'user', filledQuantity: d('1'), closedAt: T0 }, { clock: T0 })
    const row = aSighting({ claim: ENDED('cancelled'), filled: '4', clock: T0 - 1 })
    expect(tell(run([ended], aHistory([row])))).toBe('-')
    const proven = anOrder(
      { status: 'cancelled', reason: 'user', evidence: 'history', filledQuantity: d('4'), closedAt: T0 },
      { clock: T0 },
    )
    expect(tell(run([proven], aHistory([aSighting({ claim: ENDED('cancelled'), filled: '1', clock: T0 + 1 })])))).toBe(
      'corrected/user -3',
    )
  })
  test('history that knows of more than the stream told corrects the sum', () => {
    const row = aSighting({ claim: ENDED('cancelled'), filled: '5' })
    expect(tell(run([ENDED_BY({ filledQuantity: d('3') })], aHistory([row])))).toBe('corrected/user +2')
  })
  test('history that knows of less lowers the sum by a correction, never below the executions', () => {
    const row = aSighting({ claim: ENDED('cancelled'), filled: '2' })
    const outcome = run([anOrder({ filledQuantity: d('5') })], aHistory([row]), {}, [aFill('3')])
    expect(tell(outcome)).toBe('cancelled/user, corrected -2')
  })
  test('a reversed execution is taken back, on an open order too, and only once', () => {
    const fill = aFill('4')
    const reversal = { ...fill, reversed: true }
    const outcome = run([anOrder({ filledQuantity: d('4') })], aFrame([], [reversal]), {}, [fill])
    expect(tell(outcome)).toBe('corrected/reversed -4')
    expect(tell(run([anOrder()], aFrame([], [reversal]), {}, [reversal]))).toBe('-')
    expect(tell(run([anOrder()], aFrame([], [fill]), {}, [reversal]))).toBe('-')
  })
})

describe('amends and what is learned', () => {
  test('a price changed in place is amended, an estimate that drifts is not', () => {
    expect(tell(run([anOrder()], aSnapshot([aSighting({ stated: { price: d('101') } })])))).toBe('amended')
    const { quantity: _, ...stated } = aSighting().stated
    const drift = { ...aSighting(), stated, estimatedQuantity: d('9.7') }
    expect(tell(run([anOrder()], aSnapshot([drift])))).toBe('-')
  })
  test('an estimate is taken when the order ends', () => {
    const { quantity: _, ...stated } = aSighting().stated
    const row = { ...aSighting({ claim: ENDED('filled'), filled: '9.7' }), stated, estimatedQuantity: d('9.7') }
    const outcome = run([anOrder()], aHistory([row]))
    expect(tell(outcome)).toBe('filled +9.7')
    expect(rowOf(outcome)?.facts.quantity).toBe('9.7')
  })
  test('a fact that was null is learned, a stated null takes nothing back', () => {
    expect(tell(run([anOrder()], aSnapshot([aSighting({ stated: { clientOrderId: 'mine' } })])))).toBe(
      'amended/learned',
    )
    expect(
      tell(
        run([ENDED_BY({})], aHistory([aSighting({ claim: ENDED('cancelled'), stated: { clientOrderId: 'mine' } })])),
      ),
    ).toBe('corrected/learned')
    expect(tell(run([anOrder()], aSnapshot([aSighting({ stated: { price: null } })])))).toBe('-')
  })
  test('observations drift without an event', () => {
    const outcome = run([anOrder()], aSnapshot([aSighting({ word: 'ACK', details: { progress: 3 } })]))
    expect(tell(outcome)).toBe('-')
    expect(rowOf(outcome)?.seen).toMatchObject({ venueStatus: 'ACK', details: { progress: 3 } })
  })
  test('an unchanged listing writes nothing at all', () => {
    const first = run([], aSnapshot([aSighting({ word: 'ACK', clock: T0 })]))
    const again = run([...first.orders], aSnapshot([aSighting({ word: 'ACK', clock: T0 })]))
    expect([again.orders, again.events, again.notes]).toEqual([[], [], []])
  })
})

describe('nothing goes backwards', () => {
  test('a message older than what is known is refused', () => {
    const known = anOrder({}, { clock: T0 })
    expect(tell(run([known], aFrame([aSighting({ clock: T0 - 1, stated: { price: d('99') } })])))).toBe('-')
    expect(tell(run([known], aFrame([aSighting({ clock: T0 + 1, stated: { price: d('99') } })])))).toBe('amended')
  })
  test('the venue clock is compared with all its digits', () => {
    const known = { ...anOrder(), seen: { ...anOrder().seen, venueClock: d(`${T0}.2846`) } }
    const older = { ...aSighting({ stated: { price: d('99') } }), venueClock: d(`${T0}.2845`) }
    expect(tell(run([known], aFrame([older])))).toBe('-')
  })
  test('an ending older than what is known alive waits for a list', () => {
    expect(
      tell(run([anOrder({}, { clock: T0 })], aFrame([aSighting({ clock: T0 - 1, claim: ENDED('cancelled') })]))),
    ).toBe('- ?snapshot')
  })
  test('a frame that may describe an order under another id opens nothing', () => {
    expect(tell(run([], aFrame([{ ...aSighting(), neverOpens: true }])))).toBe('- ?snapshot')
  })
  test('what ended before tracking began makes no row', () => {
    const row = aSighting({ claim: ENDED('filled', T0 - 1), filled: '10' })
    expect(tell(run([], aHistory([row]), { trackedSince: T0 }))).toBe('-')
    expect(tell(run([], aHistory([row]), { trackedSince: T0 - 1 }))).toBe('opened/history, filled +10')
  })
  test('what the venue refused to open is counted once, however often history tells of it', () => {
    const row = aSighting({ claim: { is: 'rejected', at: T0 } })
    expect(run([], aHistory([row])).rejections).toBe(1)
    expect(run([], aHistory([row]), { sweptThrough: T0 }).rejections).toBe(0)
    expect(run([], aFrame([row])).rejections).toBe(1)
  })
  test('after a re-opened ending everything is a correction', () => {
    const inferred = anOrder({ status: 'cancelled', reason: 'expired', evidence: 'inferred' })
    const reopened = run([inferred], aSnapshot([aSighting({ filled: '2' })]))
    expect(tell(reopened)).toBe('corrected, corrected +2')
    expect(rowOf(reopened)?.facts.status).toBe('open')
    expect(tell(run([...reopened.orders], aHistory([aSighting({ claim: ENDED('filled'), filled: '10' })])))).toBe(
      'corrected +8',
    )
  })
})

describe('marks', () => {
  const listed = aSnapshot([aSighting({ stated: { price: d('99') } })])
  const touched = (counter: number, ago: number) => ({
    touches: new Map([[orderKey(anOrder()), { counter, at: aContext().monotonic - ago }]]),
  })
  test('an order touched after the mark keeps the state of its frame', () => {
    expect(tell(run([anOrder()], listed, touched(6, 60_000)))).toBe('-')
    expect(tell(run([anOrder()], aSnapshot([]), touched(6, 60_000)))).toBe('-')
  })
  test('an order touched before the mark, but within settle of the reply, keeps it too', () => {
    expect(tell(run([anOrder()], listed, touched(5, 1_999)))).toBe('-')
    expect(tell(run([anOrder()], listed, touched(5, 2_001)))).toBe('amended')
  })
  test('a mark of another session may add orders, never override or miss one', () => {
    const foreign = aSnapshot([aSighting({ stated: { price: d('99') } }), aSighting({ id: 'new' })], {
      mark: { epoch: 0, counter: 9_999 },
    })
    expect(tell(run([anOrder(), anOrder({}, { id: 'gone' })], foreign))).toBe('opened new')
  })
  test('a closed order that an old list still shows stays closed, and nobody is asked', () => {
    expect(tell(run([ENDED_BY({ evidence: 'inferred' })], aSnapshot([aSighting()]), touched(6, 0)))).toBe('-')
  })
})

describe('absence', () => {
  const course = (over: Partial<Course> = {}): Course => ({
    reads: 1,
    weakReads: 0,
    healthyMs: 30_000,
    since: 900_000,
    countedAt: 995_000,
    historyAsked: true,
    lookupAnswered: true,
    ...over,
  })
  const missing = (over: Partial<Course> = {}) => ({ courses: new Map([[orderKey(anOrder()), course(over)]]) })
  const none = aSnapshot([])

  test('an order missing for the first time is asked about, and nothing is said', () => {
    const outcome = run([anOrder()], none)
    expect(tell(outcome)).toBe('- ?history ?lookup')
    expect(rowOf(outcome)?.seen.missingSince).toBe(T0)
  })
  test('asked, read again and missing long enough, it vanishes', () => {
    const outcome = run([anOrder()], none, missing())
    expect(tell(outcome)).toBe('vanished/unproven')
    expect(rowOf(outcome)?.facts).toMatchObject({ status: 'unknown', evidence: 'inferred' })
  })
  test.each([
    ['too few reads', { reads: 0 }],
    ['too little healthy time', { healthyMs: 1_000 }],
    ['history not asked since', { historyAsked: false }],
    ['no answer to the lookup', { lookupAnswered: false }],
  ])('with %s it only stays missing', (_, over) => {
    expect(tell(run([anOrder()], none, missing(over)))).toBe('- ?history ?lookup')
  })
  test('a process that slept was not watching', () => {
    const slept = run([anOrder()], none, missing({ healthyMs: 0, countedAt: -30_000_000 }))
    expect(slept.courses.get(orderKey(anOrder())) ?? null).toBeNull()
    expect(
      run([anOrder()], none, { ...missing({ healthyMs: 0, reads: 0, countedAt: -30_000_000 }) }).courses.get('order/a'),
    ).toMatchObject({
      healthyMs: 180_000,
    })
  })
  test('a read that proves only presence, and one of another scope, say nothing about it', () => {
    const partial = aSnapshot([], { coverage: { proves: 'presence', because: 'truncated' } })
    const elsewhere = aSnapshot([], { scope: { of: 'symbol', symbol: 'ETH-USD', kinds: ['order'] } })
    const otherKind = aSnapshot([], { scope: { of: 'account', kinds: ['algo'] } })
    for (const report of [partial, elsewhere, otherKind]) expect(tell(run([anOrder()], report, missing()))).toBe('-')
  })
  test('one weak read is not a miss, two in a row are', () => {
    const weak = aSnapshot([], { coverage: { proves: 'absence_if_repeated', because: 'several pages' } })
    const once = run([anOrder()], weak)
    expect(tell(once)).toBe('-')
    const courses = new Map([...once.courses].flatMap(([key, after]) => (after === null ? [] : [[key, after]])))
    expect(tell(run([anOrder()], weak, { courses, requestedAt: aContext().monotonic }))).toBe('- ?history ?lookup')
  })
  test('listed again, or its row legible only by id, it is not missing any more', () => {
    const lost = { ...anOrder(), seen: { ...anOrder().seen, missingSince: T0 } }
    for (const report of [
      aSnapshot([aSighting()]),
      aSnapshot([], { alsoPresent: [{ kind: 'order', venueOrderId: 'a' }] }),
    ]) {
      const outcome = run([lost], report, missing())
      expect(outcome.courses.get('order/a')).toBeNull()
      expect(rowOf(outcome)?.seen.missingSince).toBeNull()
    }
  })
  test('a long list that comes back empty is read again before anything is concluded', () => {
    const many = Array.from({ length: 10 }, (_, index) => anOrder({}, { id: `o${index}` }))
    const first = run(many, none)
    expect([tell(first), first.suspiciouslyEmpty]).toEqual(['- ?snapshot', true])
    expect(tell(run(many, none, { emptyBefore: true }))).toBe('- ?history ?lookup')
  })
  test('past its expiry by the clock of the venue, it expired', () => {
    const gtt = { ...anOrder(), seen: { ...anOrder().seen, details: { expires_at: T0 } } }
    expect(tell(run([gtt], none, missing()))).toBe('cancelled/expired')
    expect(tell(run([gtt], aSnapshot([], { venueTime: T0 - 1 }), missing()))).toBe('vanished/unproven')
  })
  test('the remainder of an immediate order is gone when a read of the same session lacks it', () => {
    const ioc = anOrder({ timeInForce: 'ioc', filledQuantity: d('3') })
    const sameSession = aSnapshot([], { sameSession: true })
    expect(tell(run([ioc], sameSession, missing({ healthyMs: 0 })))).toBe('cancelled/ioc_remainder')
    expect(tell(run([ioc], none, missing({ healthyMs: 0 })))).toBe('- ?history ?lookup')
    const full = anOrder({ timeInForce: 'ioc', filledQuantity: d('10') })
    expect(tell(run([full], sameSession, missing({ healthyMs: 0 })))).toBe('- ?history ?lookup')
  })
  test('an answer that finds nothing only counts as asked, and only if it was asked since', () => {
    const nothing = aLookup({ is: 'no_such_order' })
    const asked = run([anOrder()], nothing, missing({ lookupAnswered: false }))
    expect([tell(asked), asked.courses.get('order/a')?.lookupAnswered]).toEqual(['-', true])
    expect(run([anOrder()], nothing, missing({ lookupAnswered: false, since: 1_000_000 })).courses.size).toBe(0)
  })
  test('history counts as asked only when it was read to its end', () => {
    expect(run([], aHistory([]), missing({ historyAsked: false })).courses.get('order/a')?.historyAsked).toBe(true)
    expect(run([], aHistory([], [], null), missing({ historyAsked: false })).courses.size).toBe(0)
  })
})

describe('replace chains', () => {
  const successor = (over = {}) => aSighting({ id: 'b', stated: { replaces: 'a', openedAt: T0 }, ...over })
  test('the successor ends its predecessor, whose end comes first', () => {
    const outcome = run([anOrder()], aFrame([successor()]))
    expect(tell(outcome)).toBe('cancelled/replaced, opened b ?lookup')
    expect(rowOf(outcome)?.facts).toMatchObject({ replacedBy: 'b', evidence: 'inferred', reason: 'replaced' })
  })
  test('a predecessor cancelled before its successor came is relabelled', () => {
    const outcome = run([ENDED_BY({})], aFrame([successor()]))
    expect(tell(outcome)).toBe('corrected/replaced, opened b')
    expect(rowOf(outcome)?.facts).toMatchObject({ replacedBy: 'b', reason: 'replaced' })
  })
  test('both in one report: the plain cancel is told as the replacement it was', () => {
    const report = aHistory([successor(), aSighting({ claim: ENDED('cancelled', T0 - 1), filled: '1' })])
    const closed = {
      ...report,
      sightings: report.sightings.map((row, i) => (i === 0 ? { ...row, claim: ENDED('cancelled') } : row)),
    }
    expect(tell(run([anOrder()], closed))).toBe(
      'partially_filled +1, cancelled/replaced, opened/history b, cancelled/user b',
    )
  })
  test('a predecessor that a late frame opens has the list read: its successor was there first', () => {
    expect(tell(run([anOrder({ replaces: 'a' }, { id: 'b' })], aFrame([aSighting()])))).toBe('opened ?snapshot')
  })
  test('a link that is known ends nothing again: a predecessor seen alive after it is left to the lists', () => {
    const known = anOrder({ replaces: 'a', openedAt: T0 }, { id: 'b' })
    expect(tell(run([anOrder(), known], aFrame([successor({ filled: '1' })])))).toBe('partially_filled +1 b')
  })
  test('a list that still shows the predecessor leaves it to the next one', () => {
    expect(tell(run([anOrder()], aSnapshot([successor(), aSighting()])))).toBe('opened b')
  })
  test('a chain whose middle nobody saw is told whole when history shows it', () => {
    const b = aSighting({ id: 'b', claim: { is: 'cancelled', reason: 'replaced', at: T0 }, stated: { replaces: 'a' } })
    const c = anOrder({ replaces: 'b' }, { id: 'c' })
    const outcome = run([anOrder(), c], aHistory([b]))
    expect(tell(outcome)).toBe('cancelled/replaced, opened/history b, cancelled/replaced b ?lookup')
    expect(rowOf(outcome, 'b')?.facts).toMatchObject({ replaces: 'a', replacedBy: 'c' })
  })
  test('an order that claims to replace itself is an order', () => {
    expect(tell(run([], aFrame([aSighting({ stated: { replaces: 'a' } })])))).toBe('opened')
    const course = { reads: 3, weakReads: 0, healthyMs: 60_000, since: 0, countedAt: 0 }
    const courses = new Map([['order/a', { ...course, historyAsked: true, lookupAnswered: true }]] as const)
    expect(tell(run([anOrder({ replaces: 'a' })], aSnapshot([]), { courses }))).toBe('vanished/unproven')
    expect(tell(run([anOrder({ replaces: 'a' })], aFrame([aSighting({ claim: ENDED('cancelled') })])))).toBe(
      'cancelled/user',
    )
  })
})
