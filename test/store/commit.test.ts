import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { decimal, ZERO } from '../../src/core/decimal.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import type { FaultPoint, Store } from '../../src/store/commit.ts'
import { openReadOnly } from '../../src/store/open.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { aFill, anOrder } from '../support/orders.ts'
import { apply, aStore, tempDatabase } from './harness.ts'
import { nothing, opened, outcomeOf, step } from './lives.ts'

const seqs = (store: Store) => store.read.events({ after: 0 }).events.map((event) => event.seq)
const load = (store: Store, id = 'a') =>
  store.transact((tx) => tx.load('main', { refs: [{ kind: 'order', venueOrderId: id }], scope: null }))

describe('an outcome', () => {
  test('commits its rows and events together, and says what it wrote', () => {
    const store = aStore()
    const first = opened()
    const second = step(first.order, 'partially_filled', { filledQuantity: decimal('3') })
    const events = apply(store, outcomeOf(first, second))
    expect(events.map(({ seq, eventId, type }) => ({ seq, eventId, type }))).toEqual([
      { seq: 1, eventId: 'main/order/a/1', type: 'opened' },
      { seq: 2, eventId: 'main/order/a/2', type: 'partially_filled' },
    ])
    expect(load(store).orders.get('order/a')).toEqual({ ...second.order, lastSeq: 2 })
    expect(store.meta()).toMatchObject({ firstSeq: 1, lastSeq: 2 })
    expect(store.read.verify()).toEqual({ orders: 1, events: 2, problems: [] })
  })

  test('reads back every fact and observation as it was written', () => {
    const store = aStore()
    const facts = {
      clientOrderId: 'c',
      parentOrderId: 'p',
      base: 'BTC',
      quote: 'USD',
      positionSide: 'long',
      timeInForce: 'gtt',
      postOnly: true,
      reduceOnly: false,
      quoteQuantity: decimal('1.5'),
      triggerPrice: decimal('0.00000001'),
      openedAt: 11,
      closedAt: 12,
      replaces: 'r',
      replacedBy: 's',
      reason: 'user',
    } as const
    const seen = {
      venueStatus: 'NEW',
      venueUpdatedAt: 5,
      firstSeenAt: 6,
      missingSince: 7,
      averageFillPrice: decimal('8.1'),
      fee: decimal('0.2'),
      feeAsset: 'USD',
      details: { legs: [1, { x: 'y' }] },
      venueClock: decimal('1758208770551.2846'),
      partition: '0xab',
    }
    const first = opened(facts, { seen, kind: 'algo' })
    apply(store, outcomeOf(first))
    const ref = { kind: 'algo', venueOrderId: 'a' } as const
    const stored = store.transact((tx) => tx.load('main', { refs: [ref], scope: null }))
    expect(stored.orders.get('algo/a')).toEqual({ ...first.order, lastSeq: 1 })
    expect(store.read.verify().problems).toEqual([])
  })

  test('that only observes changes no fact and writes no event', () => {
    const store = aStore()
    const { order } = opened()
    apply(store, outcomeOf(opened()))
    const seen = { ...order.seen, venueStatus: 'RESTING', missingSince: 9 }
    apply(store, { ...nothing, orders: [{ ...order, seen }] })
    expect(load(store).orders.get('order/a')).toEqual({ ...order, seen, lastSeq: 1 })
    expect(seqs(store)).toEqual([1])
  })

  test('keeps a reversed fill under its id, counting nothing', () => {
    const store = aStore()
    apply(store, { ...outcomeOf(opened()), fills: [aFill('3', { fee: decimal('0.1') })] })
    apply(store, { ...nothing, fills: [aFill('3', { reversed: true })] })
    expect(load(store).fills.get('order/a')).toEqual([aFill('3', { reversed: true })])
    const ref = { account: 'main', kind: 'order', venueOrderId: 'a' } as const
    expect(store.read.explain(ref).fills).toMatchObject([{ trade_id: 't-3', quantity: '0' }])
  })

  test('counts open, missing, unknown and rejected orders as it changes them', () => {
    const store = aStore()
    const [a, b, c] = [opened({}, { id: 'a' }), opened({}, { id: 'b' }), opened({}, { id: 'c' })]
    apply(store, { ...outcomeOf(a, b, c), rejections: 2 })
    store.transact((tx) => tx.reject('main', 1))
    expect(store.accounts()).toMatchObject([{ openOrders: 3, missing: 0, unknown: 0, rejections: 3 }])
    const missing = { ...b.order, seen: { ...b.order.seen, missingSince: 5 } }
    const vanished = step(c.order, 'vanished', { status: 'unknown' })
    apply(store, { ...outcomeOf(vanished), orders: [missing, vanished.order] })
    expect(store.accounts()).toMatchObject([{ openOrders: 2, missing: 1, unknown: 1 }])
  })
})

describe('the door', () => {
  const first = opened()
  const fill = step(first.order, 'partially_filled', { filledQuantity: decimal('3') })
  const end = step(first.order, 'cancelled', { status: 'cancelled' })
  const table: [claim: string, stored: Outcome, refused: Outcome][] = [
    ['a version is skipped', outcomeOf(first), outcomeOf(step({ ...first.order, version: 2 }, 'amended'))],
    ['a version comes again', outcomeOf(first), outcomeOf(first)],
    ['a new order has no events', nothing, { ...nothing, orders: [first.order] }],
    ['a life begins otherwise', nothing, outcomeOf(step(anOrder({}, { version: 0 }), 'amended'))],
    ['an event has no order', nothing, { ...nothing, events: [first.event] }],
    ['an order comes twice', nothing, { ...outcomeOf(first), orders: [first.order, first.order] }],
    ['it is of another account', nothing, { ...outcomeOf(first), orders: [{ ...first.order, account: 'other' }] }],
    [
      'a fact changes without an event',
      outcomeOf(first),
      { ...nothing, orders: [{ ...first.order, facts: { ...first.order.facts, price: decimal('7') } }] },
    ],
    [
      'the steps do not add up',
      outcomeOf(first),
      { ...nothing, orders: [fill.order], events: [{ ...fill.event, fillQuantity: decimal('2') }] },
    ],
    [
      'something other than a correction lowers the fill',
      outcomeOf(first, fill),
      outcomeOf(step(fill.order, 'amended', { filledQuantity: ZERO })),
    ],
    ['it ends twice', outcomeOf(first, end), outcomeOf(step(end.order, 'filled', { status: 'filled' }))],
    [
      'it reopens and ends again by anything but a correction',
      outcomeOf(first, end, step(end.order, 'corrected', { status: 'open' })),
      outcomeOf(step({ ...end.order, version: 3, facts: first.order.facts }, 'cancelled', { status: 'cancelled' })),
    ],
    ['the ended flag is lost', outcomeOf(first), { ...outcomeOf(end), orders: [{ ...end.order, ended: false }] }],
  ]
  test.each(table)('turns an outcome away where %s, and keeps what was', (_, stored, refused) => {
    const store = aStore()
    apply(store, stored)
    const before = store.read.events({ after: 0 })
    expect(() => apply(store, refused)).toThrow(expect.objectContaining({ name: 'SavepointError' }))
    expect(store.read.events({ after: 0 })).toEqual(before)
    expect(store.read.verify().problems).toEqual([])
  })

  test('turns away an account that nobody registered', () => {
    const store = aStore()
    const { order, event } = opened({}, { account: 'ghost' })
    const outcome = { ...nothing, orders: [order], events: [event] }
    expect(() => apply(store, outcome, 'ghost')).toThrow('account ghost is not registered')
  })
})

describe('a transaction', () => {
  test('loses only the outcome that was refused, and the sequence has no hole', () => {
    const store = aStore()
    const refused: string[] = []
    store.transact((tx) => {
      tx.apply('main', 'qfex', outcomeOf(opened({}, { id: 'a' })))
      try {
        const bad = step(opened({}, { id: 'b' }).order, 'amended')
        tx.apply('main', 'qfex', outcomeOf(opened({}, { id: 'b' }), { ...bad, event: { ...bad.event, version: 9 } }))
      } catch (error) {
        refused.push(String(error))
      }
      tx.apply('main', 'qfex', outcomeOf(opened({}, { id: 'c' })))
    })
    expect(refused).toHaveLength(1)
    expect(store.read.events({ after: 0 }).events.map((event) => [event.seq, event.venue_order_id])).toEqual([
      [1, 'a'],
      [2, 'c'],
    ])
    expect(store.read.verify().problems).toEqual([])
  })

  test('that throws leaves nothing behind, and its numbers are taken again', () => {
    const store = aStore()
    const work = () =>
      store.transact((tx) => {
        tx.apply('main', 'qfex', outcomeOf(opened()))
        throw new Error('thought better of it')
      })
    expect(work).toThrow('thought better of it')
    expect(store.meta().lastSeq).toBe(0)
    expect(apply(store, outcomeOf(opened({}, { id: 'b' }))).map((event) => event.seq)).toEqual([1])
  })

  test('refuses to nest, and refuses work that would outlive it', () => {
    const store = aStore()
    expect(() => store.transact(() => store.transact(() => null))).toThrow('already open')
    expect(() => store.transact(() => Promise.resolve())).toThrow('asynchronous')
    expect(store.transact(() => 'still works')).toBe('still works')
  })

  test('tells listeners of events only, after they can be read', () => {
    const store = aStore()
    const heard: [number, number][] = []
    const listening = store.onCommit((seq) => heard.push([seq, store.meta().lastSeq]))
    store.transact((tx) => tx.patchAccount('main', { lastPollAt: 5 }))
    apply(store, outcomeOf(opened()))
    listening[Symbol.dispose]()
    apply(store, outcomeOf(opened({}, { id: 'b' })))
    expect(heard).toEqual([[1, 1]])
  })

  test('stamps times that never decrease, whatever the wall clock does', () => {
    const clock = createFakeClock({ wall: 1_000_000 })
    const store = aStore({ clock })
    apply(store, outcomeOf(opened({}, { id: 'a' })))
    clock.jumpWall(-3_600_000)
    apply(store, outcomeOf(opened({}, { id: 'b' })))
    clock.jumpWall(7_200_000)
    apply(store, outcomeOf(opened({}, { id: 'c' })))
    expect(store.read.events({ after: 0 }).events.map((event) => event.recorded_at)).toEqual([
      1_000_000, 1_000_000, 4_600_000,
    ])
  })

  test('of an unchanged poll writes a handful of rows, however many orders there are', () => {
    const path = tempDatabase()
    const store = aStore({ path })
    apply(store, outcomeOf(...Array.from({ length: 300 }, (_, n) => opened({}, { id: `o-${n}` }))))
    const reader = openReadOnly(path)
    const size = () => reader.prepare<[], { n: number }>('select count(*) as n from observations').get()?.n
    const notes = {
      kind: 'order',
      venueOrderId: 'o-1',
      source: 'snapshot',
      effect: 'refused',
      why: 'old',
      said: 'x',
    } as const
    const poll = () =>
      store.transact((tx) => {
        const scope = { of: 'account', kinds: ['order', 'algo'] } as const
        tx.apply('main', 'qfex', { ...nothing, notes: [notes] })
        tx.scopeComplete('main', scope, 5)
        tx.patchAccount('main', { lastPollAt: 5 })
      })
    poll()
    const before = size()
    poll()
    expect(size()).toBe(before)
    expect(store.meta().lastSeq).toBe(300)
    reader.close()
  })
})

describe('cut at a fault point', () => {
  const cut = (point: FaultPoint, path: string) => {
    let armed = false
    const faults = (at: FaultPoint) => {
      if (armed && at === point) throw new Error(`cut ${at}`)
    }
    const store = aStore({ path, faults })
    armed = true
    expect(() => apply(store, { ...outcomeOf(opened()), fills: [aFill('3')] })).toThrow(/cut/)
    armed = false
    store[Symbol.dispose]()
    return aStore({ path })
  }

  test.each(['before_statement', 'before_commit'] as const)('%s, nothing of the outcome is there', (point) => {
    const store = cut(point, tempDatabase())
    expect(store.meta().lastSeq).toBe(0)
    expect(load(store)).toEqual({ orders: new Map(), fills: new Map() })
    expect(store.accounts()).toMatchObject([{ openOrders: 0 }])
    expect(apply(store, outcomeOf(opened())).map((event) => event.seq)).toEqual([1])
  })

  test('after_commit, all of it is there', () => {
    const store = cut('after_commit', tempDatabase())
    expect(store.meta().lastSeq).toBe(1)
    expect(load(store).fills.get('order/a')).toEqual([aFill('3')])
    expect(store.read.verify().problems).toEqual([])
  })
})

describe('a stranger with the file', () => {
  test('in a write transaction makes the store unavailable, and not for longer', () => {
    const path = tempDatabase()
    const store = aStore({ path })
    const shell = new Database(path)
    shell.exec('begin immediate')
    expect(() => apply(store, outcomeOf(opened()))).toThrow(
      expect.objectContaining({ name: 'StoreUnavailableError', retry: 'later' }),
    )
    shell.exec('rollback')
    shell.close()
    expect(apply(store, outcomeOf(opened())).map((event) => event.seq)).toEqual([1])
  })

  test.each([
    ['update order_events set price = 1', 'append-only'],
    ['delete from order_events', 'append-only'],
    ['replace into order_events select * from order_events', 'append-only'],
    ['insert into meta select 2, log_id, 1, 1, 1, 1, 0 from meta', 'meta_is_one_row'],
  ])('cannot %s', (sql, why) => {
    const path = tempDatabase()
    apply(aStore({ path }), outcomeOf(opened()))
    const shell = new Database(path)
    expect(() => shell.exec(sql)).toThrow(why)
    shell.close()
  })
})
