import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_SAMPLE_CHARS } from '../../src/core/quarantine.ts'
import { createScrubber, sampleOf, scrub, scrubText } from '../../src/venues/scrub.ts'

const CANARY = 'c4n4ry-4711'

describe('scrub', () => {
  it.each([
    'signature',
    'Signature',
    'X-Signature',
    'signer',
    'nonce',
    'secretKey',
    'secret_key',
    'api_key',
    'X-Revx-API-Key',
    'public_key',
    'privateKey',
    'sessionKey',
    'session_key',
    'Authorization',
    'accessToken',
    'jwt',
    'hmac',
    'password',
    'Set-Cookie',
  ])('hides what stands under %s, at any depth and whatever it is', (key) => {
    for (const secret of [CANARY, [CANARY], { inner: CANARY }]) {
      expect(JSON.stringify(scrub({ orders: [{ id: 'o1', [key]: secret }] }))).toBe(
        JSON.stringify({ orders: [{ id: 'o1', [key]: '[redacted]' }] }),
      )
    }
  })

  it('leaves alone what an order is made of, and does not change the original', () => {
    const order = { order_id: '0x1a2b', symbol: 'BTC-USD', price: '1.5', keyed: [1, null, true], nested: { size: 2 } }
    const before = structuredClone(order)
    expect(scrub(order)).toEqual(before)
    expect(order).toEqual(before)
  })

  it('is bounded in depth and in width, so that a hostile payload costs nothing', () => {
    let deep: unknown = CANARY
    for (let level = 0; level < 10_000; level++) deep = [deep]
    expect(JSON.stringify(scrub(deep))).toContain('[deeper]')
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at]))
    expect(JSON.stringify(scrub([wide, Array(100_000).fill(1)])).length).toBeLessThan(5_000)
  })

  it('never throws and always gives a sample within its length', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (value) => {
        expect(sampleOf(value).length).toBeLessThanOrEqual(MAX_SAMPLE_CHARS)
      }),
    )
  })
})

describe('sampleOf', () => {
  it('hides secrets in text that did not parse', () => {
    const text = `{"id":"o1","signature":"${CANARY}","nonce": 1758208770551, api_key=${CANARY}, broken`
    expect(sampleOf(text)).not.toContain(CANARY)
    expect(sampleOf(text)).not.toContain('1758208770551')
    expect(sampleOf(text)).toContain('o1')
  })

  it('hides secrets in JSON inside a string of JSON', () => {
    const sample = sampleOf({ body: JSON.stringify({ signature: CANARY, side: 'buy' }) })
    expect(sample).not.toContain(CANARY)
    expect(sample).toContain('buy')
  })

  it('cuts a long text without leaving half a secret at its end', () => {
    const secret = randomBytes(40).toString('hex')
    for (let before = MAX_SAMPLE_CHARS - 90; before < MAX_SAMPLE_CHARS; before += 7) {
      expect(sampleOf(`${' '.repeat(before)}${secret}`)).not.toContain(secret.slice(0, 8))
    }
    expect(sampleOf(`${' '.repeat(8 * MAX_SAMPLE_CHARS - 20)}${secret}`)).not.toContain(secret.slice(0, 8))
  })
})

describe('scrubText', () => {
  it.each([
    `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${CANARY}`,
    `Authorization: Bearer ${CANARY}`,
    `a?token=${CANARY}&b=1`,
    `signer: ${CANARY}`,
  ])('hides the secret in %j', (text) => {
    expect(scrubText(text)).not.toContain(CANARY)
  })

  it('hides web tokens and hex of the size of a key, not order ids', () => {
    const key = randomBytes(32).toString('hex')
    expect(scrubText(`x 0x${key} eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln x`)).toBe('x [redacted] [redacted] x')
    expect(scrubText('order 3f0c9e0a-58a5-4a1e-9d0b-0c7a3a6d1f11 gone')).toContain(
      '3f0c9e0a-58a5-4a1e-9d0b-0c7a3a6d1f11',
    )
  })
})

describe('a scrubber of known secrets', () => {
  it('finds a secret in every form in which it travels', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 60, unit: 'grapheme' }), (drawn) => {
        const secret = `k/+"${drawn.trim()}=z`
        const clean = createScrubber([secret])
        const bytes = Buffer.from(secret)
        const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
        forms.push(bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex'))
        for (const form of forms) expect(clean(`<${form}>`)).toBe('<[redacted]>')
      }),
    )
  })

  it('hides every line of a key file and a hex key with and without its prefix', () => {
    const clean = createScrubber([
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGmEXEMPLE\n-----END PRIVATE KEY-----\n',
      '0xAbCdEf0123456789',
    ])
    expect(clean('line MC4CAQAwBQYDK2VwBCIEIGmEXEMPLE')).toBe('line [redacted]')
    expect(clean('abcdef0123456789 or 0xabcdef0123456789')).toBe('[redacted] or [redacted]')
  })

  it('leaves texts alone where there is no secret, or one too short to tell from a word', () => {
    expect(createScrubber([])('all is well')).toBe('all is well')
    expect(createScrubber(['', 'all'])('all is well')).toBe('all is well')
  })
})
