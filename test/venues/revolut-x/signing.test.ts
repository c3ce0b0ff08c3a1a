import { createPrivateKey, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createSigner } from '../../../src/venues/revolut-x/signing.ts'
import { API_KEY, createFakeVenue, lookContext, NOW, page, privateKey, publicKey, row } from './fake-venue.ts'

const pem = (body: string) => `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`

describe('signing', () => {
  test.each([
    {
      vector: 'of a production client',
      key: 'MC4CAQAwBQYDK2VwBCIEIFMSbiie3sYstkM3gSCUb+oVO5xucWXdyv9l4k2pRrZ0',
      request: { timestamp: 1700000000000, method: 'GET', path: '/api/1.0/balances', query: '' } as const,
      signature: 'GZOMBk8Dy8QYI/esfxUSuZW6aDsPD/Yt12eX0xmjDsYR9GIqUSBolSNiP0ZUWvSQvD5oKUlq+LGqAoT/H1hBBg==',
    },
    {
      vector: 'with a query, without its question mark',
      key: 'MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB',
      request: {
        timestamp: 1785313433816,
        method: 'GET',
        path: '/api/1.0/orders/active',
        query: 'limit=300',
      } as const,
      signature: 'gaPkXOs8/R4f1D6O48pxdgIqflIx2smL0uCG15QPun0Aj0kOPjGbiqd6yC6OK2G5EewEtftVumr/V6HPBIVuCg==',
    },
  ])('the published vector $vector comes out', ({ key, request, signature }) => {
    expect(createSigner('the key', pem(key))(request)).toEqual({
      'X-Revx-API-Key': 'the key',
      'X-Revx-Timestamp': String(request.timestamp),
      'X-Revx-Signature': signature,
    })
  })

  test.each(['', 'nonsense', pem('AAAA'), pem('MC4CAQAwBQYDK2VuBCIEIFMSbiie3sYstkM3gSCUb+oVO5xucWXdyv9l4k2pRrZ0')])(
    'a key that is not Ed25519 is refused without being quoted (%#)',
    (key) => {
      expect(() => createSigner('the key', key)).toThrow(/^the private key is not an Ed25519 key in PKCS#8 PEM$/)
    },
  )

  test('what is signed is what leaves: the timestamp of the header, and the query byte for byte', async () => {
    const cursor = 'ZGF0ZT0xO2lkPTI/+=='
    const { account, asked } = createFakeVenue((_, nth) => (nth === 1 ? page([row(1)], cursor) : page([row(2)])))
    await account.snapshot(lookContext())
    expect(asked.map(({ url }) => url)).toEqual([
      'https://revx.example/api/1.0/orders/active?limit=300',
      'https://revx.example/api/1.0/orders/active?cursor=ZGF0ZT0xO2lkPTI%2F%2B%3D%3D&limit=300',
    ])
    for (const { url, headers } of asked) {
      const [, path, query] = /^https:\/\/[^/]+([^?]+)\?(.*)$/.exec(url) ?? []
      const message = `${headers['x-revx-timestamp']}GET${path}${query}`
      const signature = Buffer.from(headers['x-revx-signature'] ?? '', 'base64')
      expect(verify(null, Buffer.from(message), publicKey, signature)).toBe(true)
      expect(headers['x-revx-timestamp']).toBe(String(NOW))
      expect(headers['x-revx-api-key']).toBe(API_KEY)
    }
  })

  test('the venue’s clock signs once it is known, and our wall clock may then jump', async () => {
    const date = new Date(NOW - 7_000).toUTCString()
    const { account, asked, clock } = createFakeVenue(() => ({ ...page([]), headers: { date } }))
    await account.snapshot(lookContext())
    clock.jumpWall(3_600_000)
    await clock.advance(2_000)
    await account.snapshot(lookContext())
    expect(asked.map(({ headers }) => headers['x-revx-timestamp'])).toEqual([String(NOW), String(NOW - 5_000)])
    expect(account.venueNow()).toBe(NOW - 7_000)
  })

  test('neither key is anywhere in the account', () => {
    const { account } = createFakeVenue(() => page([]))
    const body = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().split('\n')[1] ?? ''
    expect(createPrivateKey(pem(body)).asymmetricKeyType).toBe('ed25519')
    const shown = inspect(account, { depth: 10, showHidden: true })
    expect(shown).not.toContain(body)
    expect(shown).not.toContain(API_KEY)
    expect(account.identity).toBe('revx.example')
  })
})
