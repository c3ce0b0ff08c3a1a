import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import type { Store } from '../../src/store/commit.ts'
import { migrateDatabase } from '../../src/store/migrate.ts'
import { openWriter } from '../../src/store/open.ts'
import { MAX_PAGE, openReader } from '../../src/store/read.ts'
import { aFill, anOrder } from '../support/orders.ts'
import { apply, aStore, tempDatabase } from './harness.ts'
import { MAIN, nothing, opened, outcomeOf, step } from './lives.ts'

const OTHER = { ...MAIN, id: 'other' }

/** Three orders of `main` and one of `other` that shares an id with one of them. */
function aMarket(path = ':memory:'): Store {
  const store = aStore({ path }, [MAIN, OTHER])
  const a = opened({ clientOrderId: 'mine' }, { id: 'a' })
  const b = opened({ symbol: 'ETH-USD', clientOrderId: 'twice', postOnly: true }, { id: 'b' })
  const c = opened({ clientOrderId: 'twice' }, { id: 'c/1', kind: 'algo' })
  apply(store, outcomeOf(a, b, c, step(b.order, 'cancelled', { status: 'cancelled', reason: 'user' })))
  apply(store, outcomeOf(opened({}, { id: 'b', account: 'other' })), 'other')
  return store
}

test('a log that its owner has not named yet is one to come back to', () => {
  const path = tempDatabase()
  const db = openWriter(path)
  migrateDatabase(db, path)
  using reader = openReader(path)
  expect(() => reader.meta()).toThrow(expect.objectContaining({ name: 'StoreUnavailableError', retry: 'later' }))
  expect(() => reader.events({ after: 0 })).toThrow('is only just being made: try again')
  db.close()
})

describe('events', () => {
  test('are one object: columns in snake_case, data parsed, and the cursor behind it', () => {
    const store = aMarket()
    const { logId } = store.meta()
    const [first] = store.read.events({ after: 0, limit: 1 }).events
    expect(first).toMatchObject({
      seq: 1,
      event_id: 'main/order/a/1',
      type: 'opened',
      venue_order_id: 'a',
      client_order_id: 'mine',
      filled_quantity: '0',
      data: { v: 1, symbol: 'BTC-USD', price: '100', post_only: null, status: 'open' },
      cursor: `${logId}:1`,
    })
  })

  test('come in pages that end where the log ends', () => {
    const store = aMarket()
    const { logId } = store.meta()
    const page = store.read.events({ after: 2, limit: 2 })
    expect(page).toMatchObject({ events: [{ seq: 3 }, { seq: 4 }], next: `${logId}:4`, last_seq: 5 })
    expect(store.read.events({ after: 5 })).toEqual({ events: [], next: `${logId}:5`, last_seq: 5 })
  })
})

describe('orders', () => {
  test('are objects with their public columns and no others', () => {
    const [order] = aMarket().read.orders({ symbol: 'ETH-USD' }).orders
    expect(order).toMatchObject({
      venue_order_id: 'b',
      post_only: true,
      reduce_only: null,
      reason: 'user',
      details: {},
    })
    for (const name of ['id', 'partition', 'venue_clock', 'ended']) expect(order).not.toHaveProperty(name)
  })

  test.each([
    [{ account: 'other' }, ['other/b']],
    [{ status: 'cancelled' }, ['main/b']],
    [{ kind: 'algo' }, ['main/c/1']],
    [{ symbol: 'ETH-USD', status: 'open' }, []],
    [{ venue: 'qfex', account: 'main' }, ['main/a', 'main/b', 'main/c/1']],
    [{ venue: 'derive' }, []],
  ] as const)('are filtered by %o', (filter, found) => {
    const { orders } = aMarket().read.orders(filter)
    expect(orders.map((order) => `${order.account}/${order.venue_order_id}`)).toEqual(found)
  })

  test('come in pages, each with the seq of its instant', () => {
    const store = aMarket()
    const first = store.read.orders({ limit: 3 })
    expect(first.orders).toHaveLength(3)
    const rest = store.read.orders({ limit: 3, after: first.next ?? '' })
    expect(rest).toMatchObject({ orders: [{ account: 'other', venue_order_id: 'b' }], next: null, last_seq: 5 })
  })

  test('come at most a thousand at once', () => {
    const store = aStore()
    apply(store, outcomeOf(...Array.from({ length: MAX_PAGE + 1 }, (_, n) => opened({}, { id: `${n}` }))))
    expect(store.read.orders({ limit: 1e9 }).orders).toHaveLength(MAX_PAGE)
    expect(store.read.orders({}).orders).toHaveLength(100)
  })
})

describe('open orders', () => {
  const scopeOf = (store: Store) =>
    store.read.openOrders({}).orders.map((order) => `${order.account}/${order.venue_order_id} ${order.as_of}`)

  test('are as fresh as the newest complete read of a scope they are in', () => {
    const store = aMarket()
    store.transact((tx) => {
      tx.scopeComplete('main', { of: 'account', kinds: ['order'] }, 100)
      tx.scopeComplete('main', { of: 'symbol', symbol: 'BTC-USD', kinds: ['order', 'algo'] }, 200)
      tx.scopeComplete('main', { of: 'symbol', symbol: 'ETH-USD', kinds: ['order'] }, 300)
    })
    expect(scopeOf(store)).toEqual(['main/c/1 200', 'main/a 200', 'other/b null'])
  })

  test('leave with their account or their address', () => {
    const store = aStore({}, [{ ...MAIN, partitions: ['0xa', '0xb'] }, OTHER])
    const at = (partition: string) => ({ seen: { ...anOrder().seen, partition }, id: partition })
    apply(store, outcomeOf(opened({}, at('0xa')), opened({}, at('0xb'))))
    apply(store, outcomeOf(opened({}, { account: 'other', id: 'o' })), 'other')
    expect(scopeOf(store)).toEqual(['main/0xa null', 'main/0xb null', 'other/o null'])
    store.transact((tx) =>
      tx.registerAccounts(
        [
          { ...MAIN, partitions: ['0xb'] },
          { ...OTHER, enabled: false },
        ],
        1,
      ),
    )
    expect(scopeOf(store)).toEqual(['main/0xb null'])
  })

  test('come in pages', () => {
    const store = aMarket()
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = store.read.openOrders({ limit: 1, after })
      seen.push(...page.orders.map((order) => order.venue_order_id))
      after = page.next ?? undefined
    } while (after !== undefined)
    expect(seen).toEqual(['c/1', 'a', 'b'])
  })
})

describe('an order is found', () => {
  test.each([
    ['main/algo/c/1', 'main/c/1'],
    ['main/order/b', 'main/b'],
    ['a', 'main/a'],
    ['mine', 'main/a'],
    ['c/1', 'main/c/1'],
  ])('by %s', (text, found) => {
    const result = aMarket().read.findOrder(text)
    expect('order' in result && `${result.order.account}/${result.order.venue_order_id}`).toBe(found)
  })

  test.each([
    ['b', ['main/order/b', 'other/order/b']],
    ['twice', ['main/algo/c/1', 'main/order/b']],
    ['nothing', []],
  ])('not by %s, which means several or none', (text, found) => {
    const result = aMarket().read.findOrder(text)
    const candidates = 'candidates' in result ? result.candidates : []
    expect(candidates.map((ref) => `${ref.account}/${ref.kind}/${ref.venueOrderId}`).sort()).toEqual(found)
  })
})

test('an order is explained by everything kept about it', () => {
  const store = aStore()
  const said = { source: 'snapshot', said: 'NEW' } as const
  const at = { kind: 'order', venueOrderId: 'a' } as const
  apply(store, {
    ...outcomeOf(opened()),
    fills: [aFill('3', { fee: decimal('0.1'), feeAsset: 'USD' })],
    notes: [
      { ...at, ...said, effect: 'changed', why: 'opened' },
      { ...at, ...said, effect: 'refused', why: 'old' },
    ],
  })
  const told = store.read.explain({ account: 'main', ...at })
  expect(told.order?.venue_order_id).toBe('a')
  expect(told.events.map((event) => event.type)).toEqual(['opened'])
  expect(told.fills).toMatchObject([{ trade_id: 't-3', quantity: '3', fee: '0.1', fee_asset: 'USD' }])
  expect(told.observations.map((note) => note.why)).toEqual(['opened', 'old'])
  expect(store.read.explain({ account: 'main', kind: 'order', venueOrderId: 'no' })).toEqual({
    order: null,
    events: [],
    fills: [],
    observations: [],
  })
})

test('a reader in another connection reads while the owner writes, and holds nothing open', () => {
  const path = tempDatabase()
  const store = aMarket(path)
  using reader = openReader(path)
  expect(reader.events({ after: 0 }).last_seq).toBe(5)
  apply(store, { ...outcomeOf(opened({}, { id: 'new' })), ...nothing, orders: [], events: [] })
  apply(store, outcomeOf(opened({}, { id: 'new' })))
  expect(reader.events({ after: 5 }).events).toMatchObject([{ venue_order_id: 'new' }])
  expect(store.walBytes()).toBeGreaterThan(0)
  store.checkpoint()
})
