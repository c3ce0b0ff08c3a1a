import { METHODS } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { MonitorListenError } from '../../src/monitor/server.ts'
import { ask, converse, type Rig, startRig, WELL } from './harness.ts'

let rig: Rig | null = null
const started = async (...options: Parameters<typeof startRig>): Promise<Rig> => {
  rig = await startRig(...options)
  return rig
}
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = null
})

const errorOf = (text: string): unknown => {
  expect(text.trimEnd()).not.toContain('\n')
  return Object.keys(JSON.parse(text))
}

describe('methods', () => {
  const WRITING = METHODS.filter((method) => !['GET', 'HEAD', 'CONNECT'].includes(method))

  test('every other method is 405 on every path, known or not', async () => {
    const { port } = await started()
    for (const path of ['/', '/healthz', '/metrics', '/queues', '/queues/api/queues', '/no/such', '/%zz']) {
      for (const method of WRITING) {
        const reply = await ask(port, path, { method })
        expect([method, path, reply.status, reply.headers.allow]).toEqual([method, path, 405, 'GET, HEAD'])
        expect(errorOf(reply.text)).toEqual(['error'])
      }
    }
  })

  test('a session is only ever posted', async () => {
    const { port } = await started()
    for (const method of ['GET', 'HEAD', 'DELETE', 'PUT']) {
      const reply = await ask(port, '/session', { method })
      expect([reply.status, reply.headers.allow]).toEqual([405, 'POST'])
    }
  })

  test('HEAD answers like GET without a body', async () => {
    const { port } = await started()
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/queues']) {
      const reply = await ask(port, path, { method: 'HEAD' })
      expect([path, reply.status, reply.text]).toEqual([path, 200, ''])
    }
  })

  test('CONNECT is not a proxy', async () => {
    const { port } = await started()
    expect(await converse(port, 'CONNECT example.com:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).not.toContain('200')
  })
})

describe('host and origin', () => {
  test.each([
    ['127.0.0.1', 200],
    ['127.0.0.1:8080', 200],
    ['localhost:1', 200],
    ['LOCALHOST', 200],
    ['[::1]:8080', 200],
    ['10.0.0.7', 200],
    ['orders.internal:8080', 200],
    ['evil.example', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['evil.example:8080', 421],
    ['user@localhost', 421],
    ['localhost, evil.example', 421],
    ['[::1', 421],
  ])('a request for host %j is %i', async (host, status) => {
    const { port } = await started({ allowedHosts: ['Orders.internal'] })
    expect((await ask(port, '/healthz', { headers: { host } })).status).toBe(status)
  })

  test('a request without a host is refused', async () => {
    const { port } = await started()
    expect(await converse(port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 /)
    expect(await converse(port, 'GET /healthz HTTP/1.1\r\nHost:\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 /)
    expect(await converse(port, 'GET /healthz HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  test.each([
    ['http://127.0.0.1:9', 200],
    ['https://127.0.0.1:9', 200],
    ['http://127.0.0.1', 403],
    ['http://127.0.0.1:10', 403],
    ['http://evil.example', 403],
    ['null', 403],
    ['', 403],
  ])('origin %j is %i', async (origin, status) => {
    const { port } = await started()
    expect((await ask(port, '/', { headers: { host: '127.0.0.1:9', origin } })).status).toBe(status)
  })

  test('the absolute form of a target cannot name another host', async () => {
    const { port } = await started()
    const reply = await converse(port, 'GET http://evil.example/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    expect(reply).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('headers', () => {
  test('every reply forbids storing, sniffing, framing and foreign content', async () => {
    const { port } = await started({ token: 'the-token' })
    const bearer = { authorization: 'Bearer the-token' }
    const replies = [
      await ask(port, '/healthz'),
      await ask(port, '/metrics'),
      await ask(port, '/', { headers: { ...bearer } }),
      await ask(port, '/queues', { headers: { ...bearer } }),
      await ask(port, '/queues/static/images/logo.svg', { headers: { ...bearer } }),
      await ask(port, '/no/such', { headers: { ...bearer } }),
      await ask(port, '/%zz', { headers: { ...bearer } }),
      await ask(port, '/', { method: 'POST' }),
      await ask(port, '/', { headers: { host: 'evil.example' } }),
    ]
    expect(replies.map(({ status }) => status)).toEqual([200, 401, 200, 200, 200, 404, 400, 405, 421])
    for (const { headers } of replies) {
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['x-content-type-options']).toBe('nosniff')
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(policy).not.toContain('*')
    }
  })

  test('what the parser gave up on carries them too', async () => {
    const { port } = await started()
    const reply = await converse(port, 'NONSENSE\r\n\r\n')
    expect(reply).toMatch(/^HTTP\/1\.1 400 /)
    expect(reply).toContain("frame-ancestors 'none'")
    expect(reply).toContain('{"error":"bad request"}')
  })
})

describe('bounds', () => {
  test('headers that never end are cut off', async () => {
    const { port } = await started({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, sweepEveryMs: 20 } })
    const reply = await converse(port, 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ')
    expect(reply).toMatch(/^HTTP\/1\.1 408 /)
    expect(reply).toContain('{"error":"request timeout"}')
  })

  test('a body that never ends is cut off', async () => {
    const { port } = await started({
      token: 't',
      limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, sweepEveryMs: 20 },
    })
    const head =
      'POST /session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n'
    expect(await converse(port, `${head}{"tok`)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('a connection that says nothing is closed', async () => {
    const { port } = await started({
      limits: { idleTimeoutMs: 100, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 },
    })
    expect(await converse(port, '')).toBe('')
  })

  test('huge headers are 431', async () => {
    const { port } = await started()
    const reply = await converse(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: ${'a'.repeat(20_000)}\r\n\r\n`)
    expect(reply).toMatch(/^HTTP\/1\.1 431 /)
    expect(reply).toContain('{"error":"request header fields too large"}')
  })

  test('a large body is 413 and anything but a login is 415', async () => {
    const { port } = await started({ token: 't' })
    const post = (type: string, body: string) =>
      ask(port, '/session', { method: 'POST', headers: { 'content-type': type }, body })
    const large = await post('application/json', JSON.stringify({ token: 'x'.repeat(5_000) }))
    expect([large.status, large.text]).toEqual([413, '{"error":"payload too large"}'])
    expect((await post('text/xml', '<token/>')).status).toBe(415)
    expect((await post('application/json', '{"token"')).status).toBe(400)
    expect((await post('application/json', '{"__proto__":{"token":"t"}}')).status).toBe(400)
  })

  test('more connections than allowed are closed as they come', async () => {
    const { port } = await started({ limits: { connections: 2 } })
    const held = await Promise.all(
      [1, 2].map(
        () =>
          new Promise<ReturnType<typeof connect>>((resolve) => {
            const socket = connect(port, '127.0.0.1', () => resolve(socket))
            socket.on('error', () => {})
          }),
      ),
    )
    await expect(ask(port, '/healthz')).rejects.toThrow()
    const freed = Promise.all(held.map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy())))
    await freed
    await expect.poll(async () => (await ask(port, '/healthz')).status).toBe(200)
  })
})

describe('errors', () => {
  test('what fails inside is one line for the client and one entry for the log', async () => {
    const { port, logged } = await started({
      health: () => {
        throw new Error('secret: /var/lib/x')
      },
    })
    const reply = await ask(port, '/readyz')
    expect([reply.status, reply.text]).toEqual([500, '{"error":"internal server error"}'])
    expect(logged.filter((line) => line.includes('request failed'))).toHaveLength(1)
  })

  test.each([
    '/../../../../etc/passwd',
    '/queues/static/../../../../package.json',
    '/queues/static/..%2f..%2f..%2fpackage.json',
    '/queues/static/%2e%2e/%2e%2e/package.json',
    '/queues/static/..\\..\\package.json',
    '/queues/static//etc/passwd',
    '/queues/static/%00',
    '/queues/static/',
  ])('%s leads nowhere', async (path) => {
    const { port, logged } = await started()
    const reply = await ask(port, path)
    expect(logged.filter((line) => line.includes('failed'))).toEqual([])
    expect([400, 404]).toContain(reply.status)
    expect(reply.text).not.toContain('root:')
    expect(errorOf(reply.text)).toEqual(['error'])
  })
})

describe('health', () => {
  test('alive needs nothing and asks nothing', async () => {
    const { port } = await started({
      health: () => {
        throw new Error('unused')
      },
    })
    const reply = await ask(port, '/healthz')
    expect([reply.status, reply.text]).toEqual([200, '{"status":"ok"}'])
  })

  test('ready when the database is open, the lock held and every enabled account attempted', async () => {
    let health = WELL
    const { port } = await started({ health: () => health })
    expect((await ask(port, '/readyz')).status).toBe(200)
    const unread = { account: 'b', enabled: true, attempted: false, state: 'ok', lastCompleteAt: null }
    health = { ...WELL, accounts: [...WELL.accounts, { ...unread, enabled: false }] }
    expect((await ask(port, '/readyz')).status).toBe(200)
    health = { ...WELL, accounts: [...WELL.accounts, unread], database: 'closed', lock: 'not_held' }
    const reply = await ask(port, '/readyz')
    expect([reply.status, JSON.parse(reply.text)]).toEqual([
      503,
      {
        status: 'not_ready',
        because: [
          'the database is not open',
          'no daemon holds the database',
          '1 of the enabled accounts not yet attempted',
        ],
      },
    ])
  })

  test('a queue engine that is gone leaves it ready: the queue holds no truth', async () => {
    const { port } = await started({ health: () => ({ ...WELL, engine: { name: 'redis', reachable: false } }) })
    expect((await ask(port, '/readyz')).status).toBe(200)
  })
})

describe('the front page', () => {
  test('links what there is and escapes what it shows', async () => {
    const account = { account: '<script>', enabled: true, attempted: true, state: 'o&k', lastCompleteAt: 0 }
    const { port } = await started({ health: () => ({ ...WELL, accounts: [account] }) })
    const { text } = await ask(port, '/')
    for (const path of ['/queues', '/metrics', '/healthz', '/readyz']) expect(text).toContain(`href="${path}"`)
    expect(text).toContain('<td>&lt;script&gt;</td><td>o&amp;k</td><td>1970-01-01T00:00:00.000Z</td>')
  })
})

describe('listening', () => {
  test('a token is needed off loopback', async () => {
    const listening = startRig({ listen: { host: '0.0.0.0', port: 0 } })
    await expect(listening).rejects.toThrow('a token is needed to listen on 0.0.0.0')
    const { port } = await started({ listen: { host: '0.0.0.0', port: 0 }, token: 't' })
    expect((await ask(port, '/healthz')).status).toBe(200)
  })

  test('a taken port is named', async () => {
    const { port } = await started()
    const second = startRig({ listen: { host: '127.0.0.1', port } })
    await expect(second).rejects.toThrow(MonitorListenError)
    await expect(second).rejects.toThrow(`127.0.0.1:${port}: something else listens there`)
  })

  test('closing ends held connections and frees the port', async () => {
    const { port, [Symbol.asyncDispose]: close } = await startRig()
    const held = converse(port, 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await ask(port, '/healthz')
    await close()
    expect(await held).toContain('{"status":"ok"}')
    await expect(ask(port, '/healthz')).rejects.toThrow('ECONNREFUSED')
  })
})
