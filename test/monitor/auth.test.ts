import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SESSION_MS } from '../../src/monitor/auth.ts'
import { ask, type Rig, startRig } from './harness.ts'

const TOKEN = 'canary-token-4711'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

let rig: Rig
beforeEach(async () => {
  rig = await startRig({ token: TOKEN })
})
afterEach(() => rig[Symbol.asyncDispose]())

const logIn = (token: string, headers: Record<string, string> = FORM) =>
  ask(rig.port, '/session', { method: 'POST', headers, body: new URLSearchParams({ token }).toString() })

async function cookieOf(): Promise<string> {
  const { headers } = await logIn(TOKEN)
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

const statusWith = async (headers: Record<string, string>, path = '/metrics') =>
  (await ask(rig.port, path, { headers })).status

describe('a token', () => {
  test('is not needed for health', async () => {
    expect((await ask(rig.port, '/healthz')).status).toBe(200)
    expect((await ask(rig.port, '/readyz')).status).toBe(200)
  })

  test.each([
    '/',
    '/metrics',
    '/queues',
    '/queues/api/queues',
    '/queues/static/images/logo.svg',
    '/healthz/',
    '/no/such',
  ])('is needed for %s', async (path) => {
    const reply = await ask(rig.port, path)
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer realm="ordersync"'])
    expect(JSON.parse(reply.text)).toEqual({ error: 'a token is needed' })
  })

  test.each([
    [`Bearer ${TOKEN}`, 200],
    [`bearer  ${TOKEN}`, 200],
    [`Bearer ${TOKEN}x`, 401],
    [`Bearer ${TOKEN.slice(0, -1)}`, 401],
    ['Bearer ', 401],
    [`Basic ${TOKEN}`, 401],
    [TOKEN, 401],
  ])('as %j is %i', async (authorization, status) => {
    expect(await statusWith({ authorization })).toBe(status)
  })

  test('in the address is nothing', async () => {
    expect(await statusWith({}, `/metrics?token=${TOKEN}`)).toBe(401)
  })

  test('as a bearer is proof enough for a host name nobody configured', async () => {
    const host = 'ordersync:8080'
    expect(await statusWith({ host, authorization: `Bearer ${TOKEN}` })).toBe(200)
    expect(await statusWith({ host, authorization: 'Bearer wrong' })).toBe(421)
    expect(await statusWith({ host, cookie: await cookieOf() })).toBe(421)
  })
})

describe('a session', () => {
  test('opens with the token and is a cookie for this site alone that is not the token', async () => {
    const reply = await logIn(TOKEN)
    expect([reply.status, reply.headers.location]).toEqual([303, '/'])
    const [cookie = ''] = reply.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(TOKEN)
    expect(await statusWith({ cookie: `other=1; ${cookie.split(';')[0]}` })).toBe(200)
  })

  test('opens from JSON too', async () => {
    const headers = { 'content-type': 'application/json' }
    const reply = await ask(rig.port, '/session', { method: 'POST', headers, body: JSON.stringify({ token: TOKEN }) })
    expect([reply.status, reply.headers['set-cookie']?.length]).toEqual([204, 1])
    const wrong = await ask(rig.port, '/session', { method: 'POST', headers, body: '{"token":"x"}' })
    expect([wrong.status, wrong.headers['set-cookie'], wrong.text]).toEqual([
      401,
      undefined,
      '{"error":"that is not the token"}',
    ])
    expect((await ask(rig.port, '/session', { method: 'POST', headers, body: '{"token":1}' })).status).toBe(401)
  })

  test('does not open with anything else, or from another site', async () => {
    const wrong = await logIn('x')
    expect([wrong.status, wrong.headers['set-cookie']]).toEqual([401, undefined])
    expect(wrong.text).toContain('That is not the token')
    expect((await logIn(TOKEN, { ...FORM, origin: 'http://evil.example' })).status).toBe(403)
    expect((await logIn(TOKEN, { ...FORM, host: 'evil.example' })).status).toBe(421)
    expect((await logIn(TOKEN, {})).headers['set-cookie']).toBeUndefined()
  })

  test('cannot be prolonged, forged, or carried to another process', async () => {
    const cookie = await cookieOf()
    const [name, value = ''] = cookie.split('=')
    const [expires = '', mac = ''] = value.split('.')
    expect(await statusWith({ cookie: `${name}=${Number(expires) + 1}.${mac}` })).toBe(401)
    expect(await statusWith({ cookie: `${name}=${expires}.${'A'.repeat(43)}` })).toBe(401)
    expect(await statusWith({ cookie: `${name}=${TOKEN}` })).toBe(401)
    const other = await startRig({ token: TOKEN })
    expect((await ask(other.port, '/metrics', { headers: { cookie } })).status).toBe(401)
    await other[Symbol.asyncDispose]()
  })

  test('ends after its time, whatever the wall clock does', async () => {
    const cookie = await cookieOf()
    rig.clock.jumpWall(10 * SESSION_MS)
    await rig.clock.advance(SESSION_MS - 1)
    expect(await statusWith({ cookie })).toBe(200)
    await rig.clock.advance(1)
    expect(await statusWith({ cookie })).toBe(401)
  })
})

test('a browser without a session gets the way in', async () => {
  const reply = await ask(rig.port, '/', { headers: { accept: 'text/html,*/*' } })
  expect([reply.status, reply.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8'])
  expect(reply.text).toContain('<form method="post" action="/session">')
  expect(reply.headers['content-security-policy']).toMatch(/style-src 'self' 'sha256-[\w+/]+='/)
})

test('without a token there is no session to open', async () => {
  const open = await startRig()
  const reply = await ask(open.port, '/session', { method: 'POST', headers: FORM, body: 'token=x' })
  expect([reply.status, reply.headers['set-cookie']]).toEqual([404, undefined])
  await open[Symbol.asyncDispose]()
})

test('nothing of it is logged', async () => {
  await logIn(TOKEN)
  await logIn(`${TOKEN}x`)
  await statusWith({ authorization: `Bearer ${TOKEN}` }, `/metrics?token=${TOKEN}`)
  expect(rig.logged.join('')).not.toContain(TOKEN)
})
