import { describe, expect, test } from 'vitest'
import { FAILURES, waitOf } from '../../../src/venues/derive/codes.ts'
import { createFakeVenue, failure, failureOf, look, orders, type Script } from './fake-venue.ts'

const meet = async (script: Script) => {
  const venue = createFakeVenue({ get_trigger_orders: script })
  return { venue, error: await failureOf(look(venue)) }
}

describe('a code', () => {
  const table: readonly [number, string][] = [
    [-32000, 'limited'],
    [-32100, 'limited'],
    [-32700, 'misused'],
    [-32600, 'misused'],
    [-32601, 'misused'],
    [-32602, 'misused'],
    [-32603, 'later'],
    [9000, 'later'],
    [9001, 'later'],
    [11006, 'not_found'],
    [12001, 'misused'],
    [13000, 'misused'],
    [14000, 'refused'],
    [14001, 'refused'],
    [14014, 'refused'],
    [14020, 'refused'],
    [14021, 'misused'],
    [14022, 'refused'],
    [14025, 'misused'],
    [14026, 'refused'],
    [14029, 'refused'],
    [14030, 'refused'],
    [14031, 'refused'],
    [16000, 'refused'],
    [16001, 'refused'],
  ]
  test.each(table)('%d is %s', (code, kind) => {
    expect(FAILURES.get(code)).toBe(kind)
  })

  test('is in the table above, or nobody knows it', () => {
    expect([...FAILURES.keys()].sort()).toEqual(table.map(([code]) => code).sort())
  })

  test.each([11003, 11004, 11005, 11017, 99999])(
    '%d, of trading or unknown, proves nothing and is later',
    async (code) => {
      // The look goes on without the list, as it does whenever one of them is down.
      const venue = createFakeVenue({ get_trigger_orders: () => failure(code) })
      expect((await look(venue)).coverage).toEqual({
        proves: 'presence',
        because: 'private/get_trigger_orders failed: later',
      })
    },
  )

  test.each([200, 400, 401, 429, 500])('decides under HTTP %d as well', async (status) => {
    const { error } = await meet(() => ({ status, ...failure(14030, 'Session key expired', 'since noon') }))
    expect(error).toMatchObject({
      failure: 'refused',
      message: 'private/get_trigger_orders: 14030 Session key expired: since noon',
    })
  })
})

describe('too many requests', () => {
  test('wait for the window of the venue, and nothing leaves before', async () => {
    const venue = createFakeVenue({ get_trigger_orders: (_, nth) => (nth === 1 ? failure(-32000) : orders([])) })
    const error = await failureOf(look(venue))
    expect(error).toMatchObject({ failure: 'limited', retry: { afterMs: 5_000 } })
    const again = look(venue)
    await venue.clock.advance(4_999)
    expect(venue.asked).toHaveLength(1)
    await venue.clock.advance(1)
    await again
    expect(venue.asked).toHaveLength(4)
  })

  test.each([
    ['2', 2_000],
    ['999999', 300_000],
    ['', 5_000],
    ['Wed, 21 Oct', 5_000],
  ])('by a proxy with Retry-After %j wait %d ms', async (header, afterMs) => {
    const { error } = await meet(() => ({ status: 429, headers: { 'retry-after': header }, body: 'slow down' }))
    expect(error).toMatchObject({ failure: 'limited', retry: { afterMs } })
  })

  test('of sockets wait a minute', () => {
    expect([waitOf(-32100), waitOf(-32000), waitOf(14030)]).toEqual([60_000, 5_000, null])
  })
})

test.each([
  [401, 'refused'],
  [403, 'refused'],
])('HTTP %d without a word of the venue is %s', async (status, kind) => {
  expect((await meet(() => ({ status, body: '<html>' }))).error).toMatchObject({ failure: kind })
})

test.each([404, 500, 502, 503, 530])('HTTP %d without a word of the venue proves nothing', async (status) => {
  const venue = createFakeVenue({ get_order: () => ({ status, body: '{}' }), get_trigger_orders: () => ({ status }) })
  expect((await look(venue)).coverage.proves).toBe('presence')
})

test('a success without result or error is no answer', async () => {
  for (const body of ['', '{}', '[]', 'null', '{"id":1}', '{"id":1,"error":null}']) {
    expect((await meet(() => ({ body }))).error).toMatchObject({ failure: 'broken' })
  }
})
