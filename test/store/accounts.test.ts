import { describe, expect, test } from 'vitest'
import type { Scope } from '../../src/core/report.ts'
import { apply, aStore } from './harness.ts'
import { MAIN, opened, outcomeOf } from './lives.ts'

describe('the table follows the configuration', () => {
  test('a new account is tracked from now, or from where the configuration says', () => {
    const store = aStore({}, [MAIN, { ...MAIN, id: 'since', trackSince: 50 }])
    expect(store.accounts()).toMatchObject([
      { account: 'main', trackedSince: 1_000, state: 'degraded', streamState: 'none', identity: MAIN.identity },
      { account: 'since', trackedSince: 50 },
    ])
    store.transact((tx) => tx.registerAccounts([MAIN, { ...MAIN, id: 'since' }], 2_000))
    expect(store.accounts()).toMatchObject([{ trackedSince: 1_000 }, { trackedSince: 50 }])
  })

  test('an account keeps its state over restarts, and loses it when switched off or taken out', () => {
    const store = aStore({}, [MAIN])
    const states = (...configured: (typeof MAIN)[]) =>
      store.transact((tx) => {
        tx.registerAccounts(configured, 2_000)
        return tx.account('main')?.state
      })
    store.transact((tx) => tx.patchAccount('main', { state: 'ok' }))
    expect(states(MAIN)).toBe('ok')
    expect(states({ ...MAIN, enabled: false })).toBe('disabled')
    expect(states(MAIN)).toBe('degraded')
    expect(states()).toBe('removed')
    expect(states(MAIN)).toBe('degraded')
  })

  const addressed = { ...MAIN, partitions: ['0xa', '0xb'] }
  test.each([
    ['another user', MAIN, { ...MAIN, identity: 'trade.qfex.com user-2' }],
    ['another venue', MAIN, { ...MAIN, venue: 'derive' as const }],
    ['none of its addresses', addressed, { ...addressed, partitions: ['0xc'] }],
  ])('an account that points at %s is refused, and nothing of the rest is written', (_, stored, configured) => {
    const store = aStore({}, [stored])
    const register = () => store.transact((tx) => tx.registerAccounts([{ ...MAIN, id: 'new' }, configured], 2_000))
    expect(register).toThrow(expect.objectContaining({ name: 'AccountIdentityError', account: 'main' }))
    expect(store.accounts()).toHaveLength(1)
  })

  test('addresses may come and go', () => {
    const store = aStore({}, [addressed])
    store.transact((tx) => tx.registerAccounts([{ ...addressed, partitions: ['0xb', '0xc'] }], 2_000))
    expect(store.accounts()).toMatchObject([{ identity: 'trade.qfex.com user-1 0xb,0xc' }])
  })
})

describe('an account', () => {
  test('is patched in the fields given and no others', () => {
    const store = aStore()
    store.transact((tx) => tx.patchAccount('main', { lastPollAt: 5, lastError: 'down' }))
    store.transact((tx) => tx.patchAccount('main', { lastError: null }))
    store.transact((tx) => tx.patchAccount('main', {}))
    expect(store.accounts()).toMatchObject([{ lastPollAt: 5, lastError: null, historyThrough: null }])
    expect(() => store.transact((tx) => tx.patchAccount('ghost', { lastPollAt: 1 }))).toThrow('ghost is not registered')
    expect(store.transact((tx) => tx.account('ghost'))).toBeNull()
  })

  test('knows every symbol it ever had, once', () => {
    const store = aStore()
    const symbols = ['B', 'A', 'C', 'A']
    apply(store, outcomeOf(...symbols.map((symbol, n) => opened({ symbol }, { id: `${n}` }))))
    expect(store.transact((tx) => tx.symbols('main'))).toEqual(['A', 'B', 'C'])
    expect(store.transact((tx) => tx.symbols('ghost'))).toEqual([])
  })

  test('was read completely when every kind of the scope was', () => {
    const store = aStore()
    const orders: Scope = { of: 'account', kinds: ['order'] }
    const both: Scope = { of: 'account', kinds: ['order', 'algo'] }
    const last = (scope: Scope) => store.transact((tx) => tx.lastComplete('main', scope))
    store.transact((tx) => tx.scopeComplete('main', orders, 100))
    expect([last(orders), last(both)]).toEqual([100, null])
    store.transact((tx) => tx.scopeComplete('main', { of: 'account', kinds: ['algo'] }, 90))
    expect([last(orders), last(both)]).toEqual([100, 90])
    expect(last({ of: 'symbol', symbol: 'account', kinds: ['order'] })).toBeNull()
  })
})
