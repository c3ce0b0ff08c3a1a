import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { createBudget } from '../../src/venues/budget.ts'
import { ForbiddenRequestError, VenueError } from '../../src/venues/errors.ts'
import {
  type AllowRule,
  type ApiRequest,
  createHttpClient,
  type HttpTransport,
  type WireRequest,
  type WireResponse,
} from '../../src/venues/http.ts'
import { createUndiciTransport } from '../../src/venues/undici.ts'
import { createVenueClock } from '../../src/venues/venue-clock.ts'
import { createFakeClock } from '../support/fake-clock.ts'

const CANARY = 'c4n4ry-4711'
const NEVER = new AbortController().signal
const WALL = Date.UTC(2026, 10, 21, 12)
const get = (path: string, more: Partial<ApiRequest> = {}): ApiRequest => ({ method: 'GET', path, weight: 1, ...more })

function createWorld(answer: Partial<WireResponse> | Error = {}, allow?: AllowRule[], baseUrl = 'https://api.example') {
  const clock = createFakeClock({ wall: WALL })
  const sent: WireRequest[] = []
  const transport: HttpTransport = async (request) => {
    sent.push(request)
    if (answer instanceof Error) throw answer
    return { status: 200, headers: {}, body: '{}', ...answer }
  }
  const venueClock = createVenueClock(clock)
  const budget = createBudget([{ capacity: 2, windowMs: 1_000 }], 1, clock)
  const client = createHttpClient({
    transport,
    clock,
    baseUrl,
    allow: allow ?? [
      { method: 'GET', path: /^\/v1\/orders$/ },
      { method: 'GET', path: /\/v1\/orders\/[\w-]+/ },
      { method: 'POST', path: /^\/v1\/query$/ },
    ],
    budget,
    venueClock,
    limits: { timeoutMs: 5_000, maxBodyBytes: 100 },
  })
  return { clock, sent, venueClock, budget, client }
}

describe('the guard', () => {
  it.each([
    get('/v1/orders/../account'),
    get('/v1/orders/..'),
    get('/v1/./orders'),
    get('//evil.example/v1/orders'),
    get('/v1//orders'),
    get('https://evil.example/v1/orders'),
    get('@evil.example/v1/orders'),
    get('v1/orders'),
    get('/v1/orders?limit=1'),
    get('/v1/orders#x'),
    get('/v1/orders/%2e%2e/account'),
    get('/v1/orders/a%2Fb'),
    get('/v1/orders/a\\b'),
    get('/v1/orders/a\nb'),
    get('/v1/orders/a/cancel'),
    get('/v1/orders/'),
    get('/v1/order'),
    get('/x/v1/orders/a'),
    get('/v1/query'),
    get('/v1/orders', { method: 'POST' }),
    get('/v1/orders', { body: '{}' }),
    get('/v1/orders', { query: '?a=1' }),
    get('/v1/orders', { query: 'a=1#x' }),
    get('/v1/orders', { query: 'a=1 2' }),
    get('/v1/orders', { query: 'a=1\r\nx: y' }),
    get('/v1/orders', { headers: () => ({ 'x-key': `${CANARY}\r\nhost: evil.example` }) }),
    get('/v1/orders', { headers: () => ({ 'x key': CANARY }) }),
  ])('lets no %j out', async (request) => {
    const { client, sent } = createWorld()
    const error = await client.request(request, NEVER).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ForbiddenRequestError)
    expect(String(error)).not.toContain(CANARY)
    expect(sent).toEqual([])
  })

  it.each([
    '/v1/../account',
    '/v1/..',
    '/v1/a..b',
    '//evil.example',
    '/v1//orders',
    '/v1/%2E%2e/account',
    '/v1%2faccount',
    '/v1/%5caccount',
    '/v1/orders%3Fa=1',
    '/v1/orders%0d%0ax',
  ])('lets no %s out even where a rule allows everything', async (path) => {
    const { client, sent } = createWorld({}, [{ method: 'GET', path: /.*/ }])
    await expect(client.request(get(path), NEVER)).rejects.toThrow(ForbiddenRequestError)
    expect(sent).toEqual([])
  })

  it('spends nothing of the budget on what may not leave', async () => {
    const { client, budget } = createWorld()
    await client.request(get('/v1/account'), NEVER).catch(() => undefined)
    expect(budget.free()).toBe(2)
  })

  it('matches the whole path even where a rule keeps state or looks at lines', async () => {
    const { client, sent } = createWorld({}, [{ method: 'GET', path: /^\/v1\/orders$/gm }])
    await client.request(get('/v1/orders'), NEVER)
    await client.request(get('/v1/orders'), NEVER)
    expect(sent).toHaveLength(2)
  })

  it.each(['https://user:pw@api.example', 'https://api.example/?x=1', 'https://api.example/#x'])(
    'refuses the base URL %s',
    (baseUrl) => {
      expect(() => createWorld({}, [], baseUrl)).toThrow(ForbiddenRequestError)
    },
  )
})

describe('a request', () => {
  it('goes out byte for byte as it was signed, under our name', async () => {
    const { client, sent } = createWorld({}, undefined, 'https://api.example/v3/')
    await client.request(get('/v1/orders/a', { query: 'b=2&a=%20', headers: () => ({ 'X-Key': 'k' }) }), NEVER)
    const body = '{"b":1, "a":2}'
    await client.request({ method: 'POST', path: '/v1/query', body, weight: 1 }, NEVER)
    expect(sent).toMatchObject([
      { method: 'GET', url: 'https://api.example/v3/v1/orders/a?b=2&a=%20', headers: { 'x-key': 'k' }, body: null },
      { method: 'POST', url: 'https://api.example/v3/v1/query', body },
    ])
    for (const request of sent) expect(request.headers['user-agent']).toMatch(/^ordersync\/\d+\.\d+\.\d+/)
  })

  it('builds its headers only when the budget lets it go, so that its signature is fresh', async () => {
    const { client, clock } = createWorld()
    const signedAt: number[] = []
    const headers = () => {
      signedAt.push(clock.monotonic())
      return {}
    }
    const start = clock.monotonic()
    const all = [1, 2, 3].map(() => client.request(get('/v1/orders', { headers }), NEVER))
    await clock.advance(1_000)
    await Promise.all(all)
    expect(signedAt.map((at) => at - start)).toEqual([0, 0, 1_000])
  })

  it('hands back every status as a reply', async () => {
    for (const status of [204, 302, 400, 401, 429, 503]) {
      const { client } = createWorld({ status, body: 'x' })
      expect(await client.request(get('/v1/orders'), NEVER)).toMatchObject({ status, body: 'x' })
    }
  })

  it('fails as broken where the body is over the limit', async () => {
    const { client } = createWorld({ body: 'é'.repeat(51) })
    await expect(client.request(get('/v1/orders'), NEVER)).rejects.toMatchObject({ failure: 'broken' })
  })

  it('says nothing of what a failing transport says, and keeps what a VenueError says', async () => {
    const leaking = createWorld(new Error(`GET https://api.example/?key=${CANARY}`, { cause: CANARY }))
    const request = get('/v1/orders', { query: `key=${CANARY}`, headers: () => ({ 'x-key': CANARY }) })
    const error = await leaking.client.request(request, NEVER).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ failure: 'later' })
    expect(JSON.stringify([String(error), error, error instanceof Error ? error.cause : null])).not.toContain(CANARY)
    const known = createWorld(new VenueError('broken', 'too long'))
    await expect(known.client.request(get('/v1/orders'), NEVER)).rejects.toThrow('too long')
  })

  it('ends with the reason of its signal, waiting for the budget or not', async () => {
    const { client } = createWorld()
    await expect(client.request(get('/v1/orders'), AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })
})

describe('the venue clock', () => {
  const date = 'Sat, 21 Nov 2026 12:00:30 GMT'

  it.each([200, 201, 409])('is learned from the Date of a %i', async (status) => {
    const { client, venueClock } = createWorld({ status, headers: { date } })
    const reply = await client.request(get('/v1/orders'), NEVER)
    expect([reply.venueTime, venueClock.now()]).toEqual([WALL + 30_000, WALL + 30_000])
  })

  it.each([301, 401, 500])('is not learned from a %i, which a proxy may have made', async (status) => {
    const { client, venueClock } = createWorld({ status, headers: { date } })
    await client.request(get('/v1/orders'), NEVER)
    expect(venueClock.now()).toBeNull()
  })

  it.each([{ date: 'yesterday' }, { date: 'Thu, 01 Jan 1970 00:00:00 GMT' }, { date, age: '30' }, {}])(
    'does not believe %j',
    async (headers) => {
      const { client, venueClock } = createWorld({ headers })
      expect((await client.request(get('/v1/orders'), NEVER)).venueTime).toBeNull()
      expect(venueClock.now()).toBeNull()
    },
  )
})

describe('the undici transport', () => {
  const limits = { timeoutMs: 5_000, maxBodyBytes: 1_000 }
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  async function serve(listener: RequestListener) {
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening on a port')
    const { port } = address
    const clock = createFakeClock()
    const transport = createUndiciTransport({ clock })
    closers.push(async () => transport[Symbol.asyncDispose]())
    const request: WireRequest = { method: 'GET', url: `http://127.0.0.1:${port}/a%20b?q=%7E`, headers: {}, body: null }
    return { clock, transport, request }
  }

  it('sends and receives byte for byte, and follows no redirect', async () => {
    const seen: { url: string | undefined; body: string; key: unknown }[] = []
    const { transport, request } = await serve(async (incoming, response) => {
      seen.push({ url: incoming.url, body: await textOf(incoming), key: incoming.headers['x-key'] })
      response.writeHead(302, { location: 'http://127.0.0.1:1/', 'X-Mixed': 'Case' }).end('{"é":1}')
    })
    const reply = await transport(
      { ...request, method: 'POST', headers: { 'x-key': 'k' }, body: '{"ü":1}' },
      limits,
      NEVER,
    )
    expect(seen).toEqual([{ url: '/a%20b?q=%7E', body: '{"ü":1}', key: 'k' }])
    expect(reply).toMatchObject({ status: 302, headers: { 'x-mixed': 'Case' }, body: '{"é":1}' })
  })

  it('stops reading a body that does not end', async () => {
    let written = 0
    const { transport, request } = await serve((_incoming, response) => {
      const more = () => {
        written += 64_000
        if (!response.destroyed && written < 50_000_000) response.write(Buffer.alloc(64_000, 'x'), more)
      }
      more()
    })
    await expect(transport(request, limits, NEVER)).rejects.toMatchObject({ failure: 'broken' })
    expect(written).toBeLessThan(50_000_000)
  })

  it('does not begin to read a body whose length is over the limit', async () => {
    const { transport, request } = await serve((_incoming, response) => response.end('x'.repeat(1_001)))
    await expect(transport(request, limits, NEVER)).rejects.toMatchObject({ failure: 'broken' })
  })

  it('fails as broken on what is not UTF-8 or comes compressed', async () => {
    const bytes = await serve((_incoming, response) => response.end(Buffer.from([0x22, 0xff, 0x22])))
    await expect(bytes.transport(bytes.request, limits, NEVER)).rejects.toMatchObject({ failure: 'broken' })
    const zipped = await serve((_incoming, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    )
    await expect(zipped.transport(zipped.request, limits, NEVER)).rejects.toMatchObject({ failure: 'broken' })
  })

  it('gives up after the whole time, also when the body merely drips', async () => {
    let onRequest = () => {}
    const requested = new Promise<void>((resolve) => {
      onRequest = resolve
    })
    const { transport, request, clock } = await serve((_incoming, response) => {
      response.write('x')
      onRequest()
    })
    const failure = expect(transport(request, limits, NEVER)).rejects.toMatchObject({ failure: 'later' })
    await requested
    await clock.advance(limits.timeoutMs)
    await failure
    expect(clock.armed()).toBe(0)
  })

  it('fails as later, naming the code alone, where nobody listens', async () => {
    const { transport, request } = await serve(() => {})
    const url = `http://127.0.0.1:1/?key=${CANARY}`
    const error = await transport({ ...request, url }, limits, NEVER).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ failure: 'later', message: expect.stringContaining('ECONNREFUSED') })
    expect(String(error)).not.toContain(CANARY)
  })

  it('ends with the reason of the signal', async () => {
    const enough = new AbortController()
    const { transport, request } = await serve(() => enough.abort(new Error('enough')))
    await expect(transport(request, limits, enough.signal)).rejects.toThrow('enough')
  })
})

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk
  return text
}
