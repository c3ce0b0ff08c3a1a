import { expect, test } from 'vitest'
import type { Order, OrderKey } from '../../src/core/order.ts'
import type { Probe } from '../../src/core/outcome.ts'
import type { LookupAnswer, Report } from '../../src/core/report.ts'
import { createBook } from '../../src/sync/book.ts'
import { createResolver, MAX_LOOKUPS_A_CYCLE } from '../../src/sync/resolve.ts'
import { VenueError } from '../../src/venues/errors.ts'
import type { LookContext } from '../../src/venues/venue.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { anOrder } from '../support/orders.ts'
import { later } from './world.ts'

const SILENT: LookupAnswer = { is: 'silent' }
const probe = (id: string, urgent = false): Probe => ({
  ask: 'lookup',
  ref: { kind: 'order', venueOrderId: id },
  urgent,
  why: 'a test',
})

function aResolver(answer: (id: string) => Promise<LookupAnswer> = async () => SILENT) {
  const clock = createFakeClock()
  const asked: string[] = []
  const applied: Report[] = []
  const followed: Probe[] = []
  const orders = new Map<OrderKey, Order>()
  const unknown = (id: string) => {
    orders.set(`order/${id}`, anOrder({ status: 'unknown', evidence: 'inferred' }, { id }))
    return id
  }
  const signal = new AbortController()
  const context: LookContext = { session: null, symbols: [], open: [], signal: signal.signal }
  const venue = {
    lookups: 'any' as const,
    lookup: ({ venueOrderId }: { venueOrderId: string }) => {
      asked.push(venueOrderId)
      return answer(venueOrderId)
    },
  }
  const resolver = createResolver({
    venue,
    applier: {
      apply(deliveries) {
        applied.push(...deliveries.map(({ report }) => report))
        return [{ ask: 'snapshot', why: `from ${applied.length}` }]
      },
    },
    book: createBook(),
    clock,
    chance: () => 0.5,
    giveUpAfterMs: 100_000,
    order: (key) => orders.get(key) ?? null,
    flushFrames: () => {},
    follow: (probes) => followed.push(...probes),
  })
  return { resolver, clock, asked, applied, followed, orders, unknown, context, signal }
}

test('the urgent first, then the oldest', async () => {
  const { resolver, clock, asked, unknown, context } = aResolver()
  for (const id of ['a', 'b', 'c']) {
    resolver.take([probe(unknown(id), id === 'c')])
    await clock.advance(1)
  }
  await resolver.resolve(context)
  expect(asked).toEqual(['c', 'a', 'b'])
})
test('asking again about the same order changes nothing but its urgency', async () => {
  const { resolver, asked, unknown, context } = aResolver()
  resolver.take([probe(unknown('a')), probe('a', true), probe('a')])
  expect(resolver.pending()).toBe(1)
  await resolver.resolve(context)
  expect(asked).toEqual(['a'])
})
test('a cycle has its limit, and the rest keep their place', async () => {
  const { resolver, asked, unknown, context } = aResolver()
  resolver.take(Array.from({ length: MAX_LOOKUPS_A_CYCLE + 5 }, (_, n) => probe(unknown(`o${n}`))))
  await resolver.resolve(context)
  expect(asked).toHaveLength(MAX_LOOKUPS_A_CYCLE)
  await resolver.resolve(context)
  expect(asked.slice(MAX_LOOKUPS_A_CYCLE)).toEqual(['o50', 'o51', 'o52', 'o53', 'o54'])
})
test('a failure of the venue stops the round, and what was answered before it is followed all the same', async () => {
  const { resolver, asked, applied, followed, unknown, context } = aResolver(async (id) =>
    id === 'b' ? Promise.reject(later()) : SILENT,
  )
  resolver.take(['a', 'b', 'c'].map((id) => probe(unknown(id))))
  await expect(resolver.resolve(context)).rejects.toThrow('down')
  expect([asked, applied.length, followed]).toEqual([['a', 'b'], 1, [{ ask: 'snapshot', why: 'from 1' }]])
})
test('the order whose question fails does not keep the others from being asked', async () => {
  const { resolver, asked, unknown, context } = aResolver(async (id) => (id === 'a' ? Promise.reject(later()) : SILENT))
  resolver.take(['a', 'b'].map((id) => probe(unknown(id))))
  await expect(resolver.resolve(context)).rejects.toThrow()
  await resolver.resolve(context)
  expect(asked).toEqual(['a', 'b'])
})
test.each(['broken', 'misused', 'not_found'] as const)(
  'a %s answer concerns one order and proves nothing',
  async (failure) => {
    const { resolver, asked, applied, unknown, context } = aResolver(async (id) =>
      id === 'a' ? Promise.reject(new VenueError(failure, 'a test')) : SILENT,
    )
    resolver.take(['a', 'b'].map((id) => probe(unknown(id))))
    await resolver.resolve(context)
    expect([asked, applied.map((report) => report.source === 'lookup' && report.asked.venueOrderId)]).toEqual([
      ['a', 'b'],
      ['b'],
    ])
  },
)
test('an order without an answer is asked again, more and more rarely, and then no more', async () => {
  const { resolver, clock, asked, unknown, context } = aResolver()
  resolver.take([probe(unknown('a'))])
  const times: number[] = []
  for (let second = 0; second < 200; second++) {
    const before = asked.length
    await resolver.resolve(context)
    if (asked.length > before) times.push(second)
    await clock.advance(1_000)
  }
  expect(times).toEqual([0, 2, 6, 14, 30, 62])
  expect(resolver.pending()).toBe(0)
})
test('a question that is settled and comes up again keeps its waits, until it has been quiet for long', async () => {
  const { resolver, clock, asked, orders, context } = aResolver()
  orders.set('order/a', anOrder({ status: 'cancelled', evidence: 'history' }))
  const askAllThrough = async (seconds: number) => {
    const before = asked.length
    for (let second = 0; second < seconds; second++) {
      resolver.take([probe('a', true)])
      await resolver.resolve(context)
      await clock.advance(1_000)
    }
    return asked.length - before
  }
  expect(await askAllThrough(60)).toBe(5)
  expect(await askAllThrough(60)).toBe(1)
  await clock.advance(3_600_000)
  resolver.take([])
  await resolver.resolve(context)
  expect(await askAllThrough(1)).toBe(1)
})
test('an answer that comes after the round was cut off is not applied', async () => {
  const { resolver, applied, unknown, context, signal } = aResolver(async () => {
    signal.abort(later('cut'))
    return SILENT
  })
  resolver.take([probe(unknown('a')), probe(unknown('b'))])
  await expect(resolver.resolve(context)).rejects.toThrow('cut')
  expect(applied).toEqual([])
})
test('an order that no row holds any more is forgotten', async () => {
  const { resolver, asked, context } = aResolver()
  resolver.take([probe('gone')])
  await resolver.resolve(context)
  expect([asked, resolver.pending()]).toEqual([[], 0])
})
