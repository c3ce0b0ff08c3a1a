import { describe, expect, test } from 'vitest'
import type { Note } from '../../src/core/outcome.ts'
import { MAX_NOTES_AN_ORDER, MAX_QUARANTINED, MAX_QUARANTINED_AT_ONCE } from '../../src/store/notes.ts'
import { apply, aStore } from './harness.ts'
import { nothing, opened, outcomeOf } from './lives.ts'

const aNote = (why: string, venueOrderId = 'a'): Note => ({
  kind: 'order',
  venueOrderId,
  source: 'snapshot',
  effect: 'refused',
  why,
  said: 'NEW',
})
const anItem = (sample: string) => ({ where: 'orders[]', problem: 'side: unknown', sample })

describe('decisions about an order', () => {
  const notesOf = (store: ReturnType<typeof aStore>, venueOrderId = 'a') =>
    store.read.explain({ account: 'main', kind: 'order', venueOrderId }).observations.map((note) => note.why)

  test('are the newest, up to a limit', () => {
    const store = aStore()
    apply(store, outcomeOf(opened()))
    const why = Array.from({ length: MAX_NOTES_AN_ORDER + 10 }, (_, n) => `${n}`)
    apply(store, { ...nothing, notes: why.map((word) => aNote(word)) })
    expect(notesOf(store)).toEqual(why.slice(10))
  })

  test('are not written again where the newest says the same', () => {
    const store = aStore()
    apply(store, { ...outcomeOf(opened()), notes: [aNote('old')] })
    apply(store, { ...nothing, notes: [aNote('old'), aNote('old'), aNote('older'), aNote('old')] })
    expect(notesOf(store)).toEqual(['old', 'older', 'old'])
  })

  test('are kept for orders without a row too, fewer of them, and never at the cost of the others', () => {
    const store = aStore()
    apply(store, { ...outcomeOf(opened()), notes: [aNote('kept')] })
    const strangers = Array.from({ length: 1_005 }, (_, n) => aNote('before tracking', `s-${n}`))
    apply(store, { ...nothing, notes: strangers })
    expect(notesOf(store)).toEqual(['kept'])
    expect([notesOf(store, 's-4'), notesOf(store, 's-5')]).toEqual([[], ['before tracking']])
  })
})

describe('what did not parse', () => {
  const put = (store: ReturnType<typeof aStore>, at: number, ...samples: string[]) =>
    store.transact((tx) => tx.quarantine('main', samples.map(anItem), at))

  test('is counted once, however often it is sent', () => {
    const store = aStore()
    put(store, 10, 'x', 'y')
    put(store, 20, 'x')
    put(store, 30, 'x')
    expect(store.accounts()).toMatchObject([{ quarantined: 2 }])
    expect(store.read.quarantined('main')).toEqual([
      { place: 'orders[]', problem: 'side: unknown', sample: 'x', first_at: 10, last_at: 30, times: 3 },
      { place: 'orders[]', problem: 'side: unknown', sample: 'y', first_at: 10, last_at: 10, times: 1 },
    ])
  })

  test('is kept up to a limit, and what was not seen for longest goes first', () => {
    const store = aStore()
    put(store, 1, 'oldest', 'seen again')
    for (let batch = 0; batch * MAX_QUARANTINED_AT_ONCE < MAX_QUARANTINED; batch++) {
      put(
        store,
        10 + batch,
        'seen again',
        ...Array.from({ length: MAX_QUARANTINED_AT_ONCE - 1 }, (_, n) => `${batch}-${n}`),
      )
    }
    put(store, 99, 'a', 'b', 'c', 'd')
    const kept = store.read.quarantined('main').map((item) => item.sample)
    expect(kept).toHaveLength(MAX_QUARANTINED)
    expect(kept).toContain('seen again')
    expect(kept).not.toContain('oldest')
  })

  test('of one read is taken up to a limit, so that a poisoned list sent again changes nothing', () => {
    const store = aStore()
    const list = Array.from({ length: 5 * MAX_QUARANTINED }, (_, n) => `${n}`)
    put(store, 1, ...list)
    put(store, 2, ...list)
    expect(store.accounts()).toMatchObject([{ quarantined: MAX_QUARANTINED_AT_ONCE }])
  })
})
