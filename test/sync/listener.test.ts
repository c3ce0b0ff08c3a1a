import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { FrameReport } from '../../src/core/report.ts'
import { StoreUnavailableError } from '../../src/store/errors.ts'
import { createBook } from '../../src/sync/book.ts'
import { createListener } from '../../src/sync/listener.ts'
import type { Inbound } from '../../src/venues/venue.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { aFill, aSighting } from '../support/orders.ts'

function aListener() {
  const clock = createFakeClock()
  const book = createBook()
  book.begin(1)
  const reports: FrameReport[] = []
  const doubts: [string, boolean][] = []
  const heard = { aside: 0, rejected: 0, tries: 0 }
  let failure: Error | null = null
  const listener = createListener({
    account: 'main',
    applier: {
      apply(deliveries) {
        heard.tries += 1
        if (failure !== null) throw failure
        for (const { report } of deliveries) if (report.source === 'stream') reports.push(report)
        return []
      },
    },
    book,
    clock,
    health: {
      record: () => {},
      failed: () => {},
      streamDown: () => {},
      swept: () => {},
      afterLook: () => ({}),
      settle: () => {},
      setAside: () => {
        heard.aside += 1
      },
      rejected: () => {
        heard.rejected += 1
      },
    },
    log: pino({ level: 'silent' }),
    follow: () => {},
    doubt: (why, gap) => doubts.push([why, gap]),
  })
  const order = (account = 'main'): Inbound => ({ is: 'order', account, sighting: aSighting(), tradeId: null })
  const fail = (error: Error | null) => {
    failure = error
  }
  return { clock, book, listener, reports, doubts, heard, order, fail }
}

test('a frame of another session, and one of another account on the same socket, is not ours', () => {
  const { listener, reports, book, order } = aListener()
  listener.hear(2, 1, [order()])
  listener.hear(1, 1, [order('other')])
  expect([reports, book.touches.size]).toEqual([[], 0])
  listener.hear(1, 2, [order()])
  expect(reports).toHaveLength(1)
})
test('a frame touches its order with its own count, before anything is written', () => {
  const { listener, book, order } = aListener()
  listener.hear(1, 7, [order()])
  expect(book.touches.get('order/a')).toEqual({ counter: 7, at: 1_000 })
  listener.hear(1, 8, [{ is: 'fill', account: 'main', fill: aFill('1', { id: 'b' }) }])
  expect(book.touches.get('order/b')?.counter).toBe(8)
})
test('what cannot be read is set aside and has everything looked at; a refusal is only counted', () => {
  const { listener, doubts, heard } = aListener()
  listener.hear(1, 1, [
    { is: 'quarantine', account: 'main', item: { where: 'x', problem: 'y', sample: '' } },
    { is: 'rejected', account: 'main' },
    { is: 'doubt', account: 'main', why: 'a word', ref: null },
    { is: 'noise' },
  ])
  expect([doubts, heard]).toEqual([
    [
      ['a frame that cannot be read', false],
      ['a word', false],
    ],
    { aside: 1, rejected: 1, tries: 0 },
  ])
})
test('frames that were not recorded are a gap; a store that rests is not asked at every frame', async () => {
  const { listener, doubts, heard, clock, order, fail, reports } = aListener()
  fail(new StoreUnavailableError('busy'))
  for (let n = 1; n <= 5; n++) listener.hear(1, n, [order()])
  expect(heard.tries).toBe(1)
  expect(doubts).toHaveLength(5)
  expect(doubts.every(([, gap]) => gap)).toBe(true)
  fail(null)
  await clock.advance(1_000)
  listener.hear(1, 6, [order()])
  expect(reports).toHaveLength(1)
})
test('a failure that is not of the store rests nothing', () => {
  const { listener, heard, order, fail, doubts } = aListener()
  fail(new TypeError('a test'))
  listener.hear(1, 1, [order()])
  listener.hear(1, 2, [order()])
  expect([heard.tries, doubts.length]).toEqual([2, 2])
})
