import { expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import type { FrameReport } from '../../src/core/report.ts'
import { createFrameBuffer, MAX_WAITING_FRAMES, TWIN_WAIT_MS } from '../../src/sync/frames.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { aFill, aSighting } from '../support/orders.ts'

const MARK = { epoch: 1, counter: 1 }

function aBuffer() {
  const clock = createFakeClock()
  const batches: string[][] = []
  const tell = ({ sightings, fills }: FrameReport) =>
    [...sightings.map((s) => s.venueOrderId), ...fills.map((f) => f.tradeId)].join('+')
  const buffer = createFrameBuffer(clock, (reports) => batches.push(reports.map(tell)))
  const order = (id: string, tradeId: string | null = null) =>
    buffer.push(MARK, { is: 'order', account: 'main', sighting: aSighting({ id }), tradeId })
  const fill = (id: string, tradeId: string) =>
    buffer.push(MARK, { is: 'fill', account: 'main', fill: { ...aFill('1', { id, tradeId }), quantity: decimal('1') } })
  return { clock, batches, buffer, order, fill }
}

test('a frame that waits for nothing goes at once', () => {
  const { batches, order, clock } = aBuffer()
  order('a')
  expect([batches, clock.armed()]).toEqual([[['a']], 0])
})
test('a frame and its fill go together as soon as both are there, whichever came first', () => {
  const { batches, order, fill, clock } = aBuffer()
  order('a', 't1')
  fill('a', 't1')
  fill('b', 't2')
  order('b', 't2')
  expect([batches, clock.armed()]).toEqual([[['a+t1'], ['b+t2']], 0])
})
test('the fill of another order with the same trade id is not its twin', () => {
  const { batches, order, fill, buffer } = aBuffer()
  order('a', 't1')
  fill('b', 't1')
  buffer.flush()
  expect(batches).toEqual([['a', 't1']])
})
test('a frame without its fill waits no longer than it may', async () => {
  const { batches, order, clock } = aBuffer()
  order('a', 't1')
  await clock.advance(TWIN_WAIT_MS - 1)
  expect(batches).toEqual([])
  await clock.advance(1)
  expect(batches).toEqual([['a']])
})
test('what comes behind a waiting frame keeps its place', async () => {
  const { batches, order, fill } = aBuffer()
  order('a', 't1')
  order('b')
  order('a')
  expect(batches).toEqual([])
  fill('a', 't1')
  expect(batches).toEqual([['a+t1', 'b', 'a']])
})
test('each frame has its own wait: one that came late is not torn from its fill by the one before it', async () => {
  const { batches, order, fill, clock } = aBuffer()
  order('a', 't1')
  await clock.advance(TWIN_WAIT_MS - 10)
  order('b', 't2')
  await clock.advance(100)
  expect(batches).toEqual([['a']])
  fill('b', 't2')
  expect(batches).toEqual([['a'], ['b+t2']])
})
test('the late half of a trade that has gone, and a repetition, wait for nothing', async () => {
  const { batches, order, fill, clock } = aBuffer()
  fill('a', 't1')
  await clock.advance(TWIN_WAIT_MS)
  order('a', 't1')
  order('a', 't1')
  expect([batches, clock.armed()]).toEqual([[['t1'], ['a'], ['a']], 0])
})
test('more waiting frames than are kept go as they are', () => {
  const { batches, order } = aBuffer()
  for (let n = 0; n < MAX_WAITING_FRAMES; n++) order(`o${n}`, `t${n}`)
  expect(batches.flat()).toHaveLength(MAX_WAITING_FRAMES)
})
test('nothing is delivered after the end, and no timer is left', async () => {
  const { batches, order, buffer, clock } = aBuffer()
  order('a', 't1')
  buffer[Symbol.dispose]()
  await clock.advance(1_000)
  expect([batches, clock.armed()]).toEqual([[], 0])
})
