import { expect, test } from 'vitest'
import { createBudget } from '../../../src/venues/budget.ts'
import { ALLOWED, HISTORY_PATH, ORDERS_PATH } from '../../../src/venues/dexpal/rest.ts'
import { ForbiddenRequestError } from '../../../src/venues/errors.ts'
import { type ApiRequest, createHttpClient, type WireRequest } from '../../../src/venues/http.ts'
import { createVenueClock } from '../../../src/venues/venue-clock.ts'
import { createFakeClock } from '../../support/fake-clock.ts'

function createGuarded() {
  const clock = createFakeClock()
  const left: WireRequest[] = []
  const http = createHttpClient({
    transport: async (request) => {
      left.push(request)
      return { status: 200, headers: {}, body: '{}' }
    },
    clock,
    baseUrl: 'https://partner.example/below',
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

test.each([ORDERS_PATH, HISTORY_PATH])('GET %s leaves, below the path of the partner', async (path) => {
  const { send, left } = createGuarded()
  await expect(send('GET', path)).resolves.toMatchObject({ status: 200 })
  expect(left.map(({ url }) => url)).toEqual([`https://partner.example/below${path}`])
})

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'get', 'HEAD', 'OPTIONS'])('%s leaves nowhere', async (method) => {
  const { send, left } = createGuarded()
  for (const path of [ORDERS_PATH, HISTORY_PATH]) {
    await expect(send(method, path)).rejects.toBeInstanceOf(ForbiddenRequestError)
  }
  expect(left).toEqual([])
})

test.each([
  '/dexpal/v1/users/orders/',
  '/dexpal/v1/users/orders/1',
  '/dexpal/v1/users/positions',
  '/dexpal/v1/rewards',
  '/dexpal/v1/markets',
  '/dexpal/v1/users/orders/../positions',
  '/dexpal/v2/users/orders',
  '/v1/users/orders',
  '/x/dexpal/v1/users/orders',
  '/dexpal/v1/users/orders%2f',
  '/DEXPAL/v1/users/orders',
  '',
])('GET %s leaves nowhere', async (path) => {
  const { send, left } = createGuarded()
  await expect(send('GET', path)).rejects.toBeInstanceOf(ForbiddenRequestError)
  expect(left).toEqual([])
})
