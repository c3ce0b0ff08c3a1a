import { describe, expect, test } from 'vitest'
import type { OrderRef } from '../../src/core/order.ts'
import type { Scope } from '../../src/core/report.ts'
import type { Store } from '../../src/store/commit.ts'
import { MAX_UNKNOWN_LOADED } from '../../src/store/load.ts'
import { aFill, anOrder } from '../support/orders.ts'
import { apply, aStore } from './harness.ts'
import { MAIN, nothing, opened, outcomeOf, type Step, step } from './lives.ts'

const ref = (venueOrderId: string, kind: OrderRef['kind'] = 'order'): OrderRef => ({ kind, venueOrderId })
const ids = (store: Store, refs: readonly OrderRef[], scope: Scope | null = null) =>
  store.transact((tx) => [...tx.load('main', { refs, scope }).orders.keys()].sort())

const vanished = (first: Step) => [first, step(first.order, 'vanished', { status: 'unknown' })] as const
const cancelled = (first: Step) => [first, step(first.order, 'cancelled', { status: 'cancelled' })] as const

describe('what a report names', () => {
  test('is loaded whatever its state, and nothing else', () => {
    const store = aStore()
    apply(
      store,
      outcomeOf(...cancelled(opened({}, { id: 'ended' })), opened({}, { id: 'live' }), opened({}, { id: 'x' })),
    )
    expect(ids(store, [ref('ended'), ref('live'), ref('nobody')])).toEqual(['order/ended', 'order/live'])
    expect(ids(store, [ref('live', 'algo')])).toEqual([])
    expect(ids(store, [])).toEqual([])
  })

  test('keeps ids that look like numbers or JSON apart', () => {
    const store = aStore()
    const odd = ['1', '01', '1.0', '"1"', "'; drop table orders", 'a/b', 'null']
    apply(store, outcomeOf(...odd.map((id) => opened({}, { id }))))
    for (const id of odd) expect(ids(store, [ref(id)])).toEqual([`order/${id}`])
  })

  test('brings its predecessor and its successor along', () => {
    const store = aStore()
    const chain = [
      opened({}, { id: 'a' }),
      opened({ replaces: 'a' }, { id: 'b' }),
      opened({ replaces: 'b' }, { id: 'c' }),
    ]
    apply(store, outcomeOf(...chain, opened({ replaces: 'z' }, { id: 'd' })))
    expect(ids(store, [ref('b')])).toEqual(['order/a', 'order/b', 'order/c'])
    expect(ids(store, [ref('z')])).toEqual(['order/d'])
  })

  test('brings its fills, also of an order that is not known, and of no other kind or account', () => {
    const store = aStore({}, [MAIN, { ...MAIN, id: 'other' }])
    apply(store, { ...nothing, fills: [aFill('1'), aFill('2'), aFill('3', { id: 'b' }), aFill('4', { kind: 'algo' })] })
    apply(store, { ...nothing, fills: [aFill('5')] }, 'other')
    const { fills } = store.transact((tx) => tx.load('main', { refs: [ref('a')], scope: null }))
    expect(fills).toEqual(new Map([['order/a', [aFill('1'), aFill('2')]]]))
  })
})

describe('a scope', () => {
  const filled = () => {
    const store = aStore({}, [MAIN, { ...MAIN, id: 'other' }])
    const seen = { ...anOrder().seen, partition: '0xab' }
    apply(
      store,
      outcomeOf(
        opened({ symbol: 'BTC' }, { id: 'btc' }),
        opened({ symbol: 'ETH' }, { id: 'eth' }),
        opened({ symbol: 'ETH' }, { id: 'algo', kind: 'algo' }),
        opened({ symbol: 'ETH' }, { id: 'part', seen }),
        ...vanished(opened({ symbol: 'ETH' }, { id: 'unknown' })),
        ...cancelled(opened({ symbol: 'ETH' }, { id: 'ended' })),
      ),
    )
    apply(store, outcomeOf(opened({ symbol: 'ETH' }, { id: 'eth', account: 'other' })), 'other')
    return store
  }
  const table: [claim: string, scope: Scope, loaded: string[]][] = [
    ['of an account', { of: 'account', kinds: ['order'] }, ['order/btc', 'order/eth', 'order/part', 'order/unknown']],
    ['of other kinds', { of: 'account', kinds: ['algo', 'trigger'] }, ['algo/algo']],
    ['of a symbol', { of: 'symbol', symbol: 'ETH', kinds: ['order'] }, ['order/eth', 'order/part', 'order/unknown']],
    ['of a partition', { of: 'partition', partition: '0xab', kinds: ['order'] }, ['order/part']],
    ['of a partition nobody has', { of: 'partition', partition: '', kinds: ['order'] }, []],
  ]
  test.each(table)('%s holds the live orders of its kinds', (_, scope, loaded) => {
    expect(ids(filled(), [], scope)).toEqual(loaded)
  })

  test('holds what is unknown up to a limit, the newest first', () => {
    const store = aStore()
    const many = Array.from({ length: MAX_UNKNOWN_LOADED + 2 }, (_, n) => vanished(opened({}, { id: `${n}` })))
    apply(store, outcomeOf(...many.flat()))
    const scope: Scope = { of: 'account', kinds: ['order'] }
    const loaded = ids(store, [ref('0')], scope)
    expect(loaded).toHaveLength(MAX_UNKNOWN_LOADED + 1)
    expect(loaded).toContain('order/0')
    expect(loaded).not.toContain('order/1')
  })
})
