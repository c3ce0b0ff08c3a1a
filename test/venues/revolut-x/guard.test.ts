import { describe, expect, test } from 'vitest'
import { createBudget } from '../../../src/venues/budget.ts'
import { ForbiddenRequestError } from '../../../src/venues/errors.ts'
import { type ApiRequest, createHttpClient, type WireRequest } from '../../../src/venues/http.ts'
import { ALLOWED } from '../../../src/venues/revolut-x/client.ts'
import { createVenueClock } from '../../../src/venues/venue-clock.ts'
import { createFakeClock } from '../../support/fake-clock.ts'
import { OPERATIONS } from './examples.ts'
import { idOf } from './fake-venue.ts'

/** The only operations of the specification that may leave. */
const READ = new Set([
  'GET /api/1.0/orders/active',
  'GET /api/1.0/orders/historical',
  'GET /api/1.0/orders/{venue_order_id}',
  'GET /api/1.0/orders/fills/{venue_order_id}',
])

function createGuarded() {
  const clock = createFakeClock()
  const left: WireRequest[] = []
  const http = createHttpClient({
    transport: async (request) => {
      left.push(request)
      return { status: 200, headers: {}, body: '{}' }
    },
    clock,
    baseUrl: 'https://revx.example',
    allow: ALLOWED,
    budget: createBudget([], 1, clock),
    venueClock: createVenueClock(clock),
    limits: { timeoutMs: 1_000, maxBodyBytes: 1_000 },
  })
  const send = (method: string, path: string) => {
    // The types forbid what must be shown to be refused, so the request is made as a caller without types would.
    const request: ApiRequest = Object.assign({ method: 'GET' as const, path, weight: 1 }, { method })
    return http.request(request, new AbortController().signal)
  }
  return { send, left }
}

describe('the guard', () => {
  test.each(OPERATIONS)('%s %s leaves only if it reads orders', async (method, template) => {
    const { send, left } = createGuarded()
    const path = template.replace('{venue_order_id}', idOf(1)).replace('{symbol}', 'BTC-USD')
    const sent = send(method, path)
    if (READ.has(`${method} ${template}`)) await expect(sent).resolves.toMatchObject({ status: 200 })
    else await expect(sent).rejects.toBeInstanceOf(ForbiddenRequestError)
    expect(left.length).toBe(READ.has(`${method} ${template}`) ? 1 : 0)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'get', 'HEAD', 'OPTIONS'])('%s leaves nowhere', async (method) => {
    const { send, left } = createGuarded()
    const paths = ['/api/1.0/orders', '/api/1.0/orders/active', `/api/1.0/orders/${idOf(1)}`]
    for (const path of paths) await expect(send(method, path)).rejects.toBeInstanceOf(ForbiddenRequestError)
    expect(left).toEqual([])
  })

  test.each([
    '/api/1.0/orders/',
    '/api/1.0/orders/cancel',
    `/api/1.0/orders/${idOf(1)}/fills`,
    `/api/1.0/orders/fills/${idOf(1)}x`,
    '/api/1.0/orders/active/../../balances',
    '/api/2.0/orders/active',
    '/api/1x0/orders/active',
  ])('%s is no path of ours', async (path) => {
    const { send, left } = createGuarded()
    await expect(send('GET', path)).rejects.toBeInstanceOf(ForbiddenRequestError)
    expect(left).toEqual([])
  })

  test('the list of the older page may be read', async () => {
    const { send } = createGuarded()
    await expect(send('GET', '/api/1.0/orders')).resolves.toMatchObject({ status: 200 })
  })
})
