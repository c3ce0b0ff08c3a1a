import { describe, expect, test } from 'vitest'
import { createBudget } from '../../../src/venues/budget.ts'
import { allowedRequests, READ_METHODS } from '../../../src/venues/derive/rest.ts'
import { ALLOWED_METHODS } from '../../../src/venues/derive/session.ts'
import { ForbiddenRequestError } from '../../../src/venues/errors.ts'
import { type ApiRequest, createHttpClient, type WireRequest } from '../../../src/venues/http.ts'
import { createVenueClock } from '../../../src/venues/venue-clock.ts'
import { createFakeClock } from '../../support/fake-clock.ts'
import { METHODS } from './examples.ts'
import { createFakeVenue } from './fake-venue.ts'

function createGuarded(protocol: 'v3' | 'v2') {
  const clock = createFakeClock()
  const left: WireRequest[] = []
  const http = createHttpClient({
    transport: async (request) => {
      left.push(request)
      return { status: 200, headers: {}, body: '{}' }
    },
    clock,
    baseUrl: 'https://api.derive.example/v3',
    allow: allowedRequests(protocol),
    budget: createBudget([], 1, clock),
    venueClock: createVenueClock(clock),
    limits: { timeoutMs: 1_000, maxBodyBytes: 1_000 },
  })
  const send = (method: string, path: string) => {
    // The types forbid what must be shown to be refused, so the request is made as a caller without types would.
    const request: ApiRequest = Object.assign({ method: 'POST' as const, path, weight: 1 }, { method })
    return http.request(request, new AbortController().signal)
  }
  return { send, left }
}

const protocolOf = () => {
  const { session } = createFakeVenue()
  if (session === null) throw new Error('v3 has a socket')
  return session.protocol
}

const READS = new Set<string>(READ_METHODS.v3)
const SOCKET = new Set([...READS, 'public/get_time', 'public/login', 'subscribe', 'unsubscribe'])
const params = { channels: ['86815.orders', '86815.trades'] }

describe('the guard over HTTP', () => {
  test.each([...METHODS, 'private/get_orders'])('%s leaves only if it reads orders', async (name) => {
    for (const protocol of ['v3', 'v2'] as const) {
      const { send, left } = createGuarded(protocol)
      const isRead = new Set<string>(READ_METHODS[protocol]).has(name)
      const sent = send('POST', `/${name}`)
      if (isRead) await expect(sent).resolves.toMatchObject({ status: 200 })
      else await expect(sent).rejects.toBeInstanceOf(ForbiddenRequestError)
      expect(left).toHaveLength(isRead ? 1 : 0)
    }
  })

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'post'])('%s leaves nowhere', async (method) => {
    const { send, left } = createGuarded('v3')
    for (const name of READ_METHODS.v3)
      await expect(send(method, `/${name}`)).rejects.toBeInstanceOf(ForbiddenRequestError)
    expect(left).toEqual([])
  })

  test.each([
    '/private/get_order/',
    '/private/get_order_debug',
    '/private/order',
    '/private/get_order/../order',
    '/v3/private/get_order',
    '/private%2Fget_order',
    '/private/get_orderx',
    '/xprivate/get_order',
  ])('%s is no path of ours', async (path) => {
    const { send, left } = createGuarded('v3')
    await expect(send('POST', path)).rejects.toBeInstanceOf(ForbiddenRequestError)
    expect(left).toEqual([])
  })
})

describe('the guard on the socket', () => {
  test.each(METHODS)('%s leaves only if it reads orders or carries them', (method) => {
    const { allows } = protocolOf()
    if (SOCKET.has(method)) expect(allows({ id: 1, method, params })).toBe(method)
    else expect(() => allows({ id: 1, method, params })).toThrow(ForbiddenRequestError)
  })

  test('lets out nothing but what the specifications know', () => {
    expect([...ALLOWED_METHODS].sort()).toEqual([...SOCKET].sort())
    for (const method of SOCKET) expect(METHODS).toContain(method)
  })

  test.each([undefined, null, 7, ['subscribe'], {}, '', 'Subscribe', 'private/order ', 'private/get_orders'])(
    'method %j leaves nowhere',
    (method) => {
      expect(() => protocolOf().allows({ id: 1, method, params })).toThrow(ForbiddenRequestError)
    },
  )

  test.each([
    undefined,
    {},
    { channels: ['orderbook.ETH-PERP.10.20'] },
    { channels: ['86815.orders', '0xabc.rfqs'] },
    { channels: ['86815.quotes'] },
  ])('a subscription to %j leaves nowhere', (other) => {
    expect(() => protocolOf().allows({ id: 1, method: 'subscribe', params: other })).toThrow(ForbiddenRequestError)
    expect(() => protocolOf().allows({ id: 1, method: 'unsubscribe', params: other })).toThrow(ForbiddenRequestError)
  })
})
