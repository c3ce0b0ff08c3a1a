import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import type { Order } from '../../src/core/order.ts'
import type { Context } from '../../src/core/policy.ts'
import { reconcile } from '../../src/core/reconcile.ts'
import type { SnapshotReport } from '../../src/core/report.ts'
import { createBook } from '../../src/sync/book.ts'
import { aContext, anOrder, aSighting, aSnapshot, storing, tell } from '../support/orders.ts'

const HERE = '0xa'
const SCOPE = { of: 'partition', partition: HERE, kinds: ['order'] } as const
const GIVE_UP_MS = 604_800_000

function listedAt(partition: string, id: string): Order {
  const order = anOrder({}, { id })
  return { ...order, seen: { ...order.seen, partition } }
}

const ambiguous = (over: Partial<Context> = {}) =>
  aContext({ emptyIsAmbiguous: true, canAsk: false, canLookBack: false, ...over })

const nothing = (over: Partial<SnapshotReport> = {}) => aSnapshot([], { scope: SCOPE, ...over })

const shown = (id: string) => aSnapshot([aSighting({ id, partition: HERE })], { scope: SCOPE })

const OPEN = [listedAt(HERE, 'a'), listedAt(HERE, 'b')]
const MANY = Array.from({ length: 12 }, (_, n) => listedAt(HERE, `o${n}`))

describe('a scope that shows none of its open orders', () => {
  const cases: readonly [string, Order[], SnapshotReport, Context, { blind: boolean; missing: number }][] = [
    ['is blind where that is ambiguous', OPEN, nothing(), ambiguous(), { blind: true, missing: 0 }],
    ['is blind with one order as well', OPEN.slice(1), nothing(), ambiguous(), { blind: true, missing: 0 }],
    [
      'lacks them where it is not',
      OPEN,
      nothing(),
      ambiguous({ emptyIsAmbiguous: false }),
      { blind: false, missing: 2 },
    ],
    ['is not blind while it shows one of them', OPEN, shown('a'), ambiguous(), { blind: false, missing: 1 }],
    ['is not blind while it shows a new one', OPEN, shown('c'), ambiguous(), { blind: false, missing: 2 }],
    [
      'is not blind while it shows a row that nobody can read',
      OPEN,
      nothing({ alsoPresent: [{ kind: 'order', venueOrderId: 'c' }] }),
      ambiguous(),
      { blind: false, missing: 2 },
    ],
    [
      'is not called blind by a read that proves nothing',
      OPEN,
      nothing({ coverage: { proves: 'presence', because: 'a test' } }),
      ambiguous(),
      { blind: false, missing: 0 },
    ],
    ['stays blind up to the end', OPEN, nothing(), blindFor(GIVE_UP_MS - 1), { blind: true, missing: 0 }],
    ['is given up at the end', OPEN, nothing(), blindFor(GIVE_UP_MS), { blind: false, missing: 2 }],
    ['with nothing open in it is not blind', [], nothing(), ambiguous(), { blind: false, missing: 0 }],
    [
      'with orders elsewhere is not blind',
      [listedAt('0xb', 'a')],
      nothing(),
      ambiguous(),
      { blind: false, missing: 0 },
    ],
    [
      'with vanished orders is not blind',
      [{ ...listedAt(HERE, 'a'), facts: { ...listedAt(HERE, 'a').facts, status: 'unknown' as const } }],
      nothing(),
      ambiguous(),
      { blind: false, missing: 0 },
    ],
    ['is blind, not suspicious, when they were many', MANY, nothing(), ambiguous(), { blind: true, missing: 0 }],
  ]
  test.each(cases)('%s', (_, orders, report, context, expected) => {
    const outcome = reconcile(storing(orders), report, context)
    const missing = outcome.orders.filter(({ seen }) => seen.missingSince !== null).length
    expect({ blind: outcome.blind, missing }).toEqual(expected)
    expect(outcome.courses.size).toBe(missing)
    expect(outcome.suspiciouslyEmpty).toBe(false)
  })

  test('leaves the course of an order that was missing before where it was', () => {
    const course = {
      reads: 1,
      weakReads: 0,
      healthyMs: 29_999,
      since: 0,
      countedAt: 0,
      historyAsked: false,
      lookupAnswered: false,
    }
    const courses = new Map([['order/a', course]] as const)
    const outcome = reconcile(storing(OPEN), nothing(), ambiguous({ courses }))
    expect([tell(outcome), outcome.courses.size]).toEqual(['-', 0])
  })

  test('and is given up lets the ordinary course run to its end', () => {
    const course = {
      reads: 1,
      weakReads: 0,
      healthyMs: 29_999,
      since: 0,
      countedAt: 0,
      historyAsked: false,
      lookupAnswered: false,
    }
    const courses = new Map([['order/a', course]] as const)
    const outcome = reconcile(storing(OPEN.slice(0, 1)), nothing(), { ...blindFor(GIVE_UP_MS), courses })
    expect(tell(outcome)).toBe('vanished/unproven')
  })

  test('lets an order past its expiry end as expired once it is not blind any more', () => {
    const order = listedAt(HERE, 'a')
    const expiring = { ...order, seen: { ...order.seen, details: { expires_at: 1_000 } } }
    const context = { ...blindFor(GIVE_UP_MS), policy: { ...aContext().policy, confirmations: 1, graceMs: 0 } }
    expect(tell(reconcile(storing([expiring]), nothing({ venueTime: 999 }), context))).toBe('vanished/unproven')
    expect(tell(reconcile(storing([expiring]), nothing({ venueTime: 1_000 }), context))).toBe('cancelled/expired')
    expect(tell(reconcile(storing([expiring]), nothing({ venueTime: 1_000 }), ambiguous()))).toBe('-')
  })
})

test('a size that shrinks is an amendment where the venue states no fill', () => {
  const smaller = aSighting({ partition: HERE, stated: { quantity: decimal('4') } })
  const outcome = reconcile(storing(OPEN), aSnapshot([smaller], { scope: SCOPE }), ambiguous())
  expect(outcome.events.map(({ type, facts }) => [type, facts.quantity, facts.filledQuantity])).toEqual([
    ['amended', '4', '0'],
  ])
})

describe('the book of blind scopes', () => {
  test('keeps the first time until a row is shown, and keeps it scope by scope', () => {
    const book = createBook()
    book.noteBlind('one', 10)
    book.noteBlind('one', 20)
    book.noteBlind('two', 30)
    book.noteEmpty('one', true)
    expect([book.blindSince('one'), book.blindSince('two'), book.blindSince('three')]).toEqual([10, 30, null])
    book.noteEmpty('one', false)
    expect([book.blindSince('one'), book.blindSince('two')]).toEqual([null, 30])
    book.noteBlind('one', 40)
    expect(book.blindSince('one')).toBe(40)
  })
})

function blindFor(ms: number): Context {
  return ambiguous({ blindSince: 5, monotonic: 5 + ms, requestedAt: 5 + ms })
}
