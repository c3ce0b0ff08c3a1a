/** When the live socket's requests rest, the list comes over a second session. */
import { expect, test } from 'vitest'
import { VenueError } from '../../../src/venues/errors.ts'
import type { SessionLink } from '../../../src/venues/venue.ts'
import { contextOf, createBench, linkTo } from './bench.ts'

const EMPTY = { all_orders_response: { orders: [], twaps: [], stop_orders: [] } }

const failing = (error: VenueError): SessionLink => ({ epoch: 1, request: () => Promise.reject(error) })

function benchWithSecond() {
  const opened: string[] = []
  let closed = 0
  const bench = createBench(undefined, {
    openSession: async (protocol) => {
      opened.push(protocol.key)
      return { link: linkTo(protocol, () => [EMPTY]), close: async () => void closed++ }
    },
  })
  return { ...bench, opened, closed: () => closed }
}

test('requests of the live session rest: a second session is asked, closed again, and is not the same session', async () => {
  const { account, opened, closed } = benchWithSecond()
  const resting = new VenueError('later', 'requests on this socket rest', { retry: { afterMs: 60_000 } })
  const reads = await account.snapshot(contextOf(failing(resting)))
  expect(reads.map(({ sameSession, coverage }) => [sameSession, coverage.proves])).toEqual([[false, 'absence']])
  expect([opened.length, closed()]).toEqual([1, 1])
})

test('a request that merely failed is no reason for a second session', async () => {
  const { account, opened } = benchWithSecond()
  await expect(account.snapshot(contextOf(failing(new VenueError('later', 'no reply'))))).rejects.toThrow('no reply')
  expect(opened).toEqual([])
})
