import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { addressOf, createSigner, keyAddress, personalHash, type Signed } from '../../../src/venues/derive/sign.ts'
import { VenueError } from '../../../src/venues/errors.ts'
import { KEY_ADDRESS, NOW, SESSION_KEY, WALLET } from './examples.ts'
import { createFakeVenue, failure, failureOf, look } from './fake-venue.ts'

/** Whose signature it is, found the way the venue finds it. */
function signerOf({ timestamp, signature }: Signed): string {
  const bytes = hexToBytes(signature.slice(2))
  const recovered = Uint8Array.from([(bytes[64] ?? 0) - 27, ...bytes.subarray(0, 64)])
  const point = secp256k1.recoverPublicKey(recovered, personalHash(timestamp), { prehash: false })
  return addressOf(secp256k1.Point.fromBytes(point).toBytes(false))
}

describe('a signature', () => {
  test('is the one of the test vector', () => {
    expect(createSigner(SESSION_KEY, () => 1_700_000_000_000)()).toEqual({
      timestamp: '1700000000000',
      signature:
        '0x5191adf09347810ecd7ffe7e1124d2230441afc321529ea4d20be982c612af684fac942dac02748949bdba4cf9d968c3cdc0c7a837a52d9c2fb7b4743708b4691c',
    })
  })

  test.each([0, 1, 1_700_000_000_000, NOW + 0.75, 9_999_999_999_999])('of %d recovers to the key', (at) => {
    const signed = createSigner(SESSION_KEY, () => at)()
    expect(signed.timestamp).toBe(String(Math.trunc(at)))
    expect(signed.signature).toMatch(/^0x[0-9a-f]{130}$/)
    expect(signerOf(signed)).toBe(KEY_ADDRESS)
  })

  test('carries both recovery bits as a wallet writes them', () => {
    const ends = new Set(
      Array.from({ length: 20 }, (_, at) => createSigner(SESSION_KEY, () => at)().signature.slice(-2)),
    )
    expect(ends).toEqual(new Set(['1b', '1c']))
  })

  test('comes with or without the prefix of its key', () => {
    expect(createSigner(SESSION_KEY.slice(2).toUpperCase(), () => 1)()).toEqual(createSigner(SESSION_KEY, () => 1)())
    expect(keyAddress(SESSION_KEY)).toBe(KEY_ADDRESS)
  })

  test.each([
    '',
    '0x',
    'canary-not-hex',
    `0x${'0'.repeat(64)}`,
    `0x${'f'.repeat(64)}`,
    SESSION_KEY.slice(0, -2),
    `${SESSION_KEY}00`,
  ])('is not made with %j, and the refusal quotes nothing', (key) => {
    const make = () => createSigner(key, () => 1)
    expect(make).toThrow(VenueError)
    expect(make).toThrow(/^the session key is not a private key$/)
  })
})

describe('a request', () => {
  test.each([
    { protocol: 'v3', prefix: 'x-derive', other: 'x-lyra', list: 'get_trigger_orders' },
    { protocol: 'v2', prefix: 'x-lyra', other: 'x-derive', list: 'get_orders' },
  ] as const)(
    'of $protocol carries wallet, time and signature under $prefix',
    async ({ protocol, prefix, other, list }) => {
      const venue = createFakeVenue({}, { protocol })
      await look(venue)
      const [first] = venue.asked
      const headers = first?.headers ?? {}
      expect(first?.method).toBe(`private/${list}`)
      expect(headers[`${prefix}wallet`]).toBe(WALLET)
      expect(headers['content-type']).toBe('application/json')
      expect(headers['user-agent']).toMatch(/^ordersync\//)
      const timestamp = headers[`${prefix}timestamp`] ?? ''
      const signature = headers[`${prefix}signature`] ?? ''
      expect(timestamp).toBe(String(NOW))
      expect(signerOf({ timestamp, signature })).toBe(KEY_ADDRESS)
      expect(Object.keys(headers).some((name) => name.startsWith(other))).toBe(false)
    },
  )

  test('goes to the method below the base URL, with the subaccount as a JSON integer', async () => {
    const venue = createFakeVenue()
    await look(venue)
    expect(venue.asked.map(({ url }) => url)).toEqual([
      'https://api.derive.example/v3/private/get_trigger_orders',
      'https://api.derive.example/v3/private/get_algo_orders',
      'https://api.derive.example/v3/private/get_open_orders',
    ])
    for (const { params } of venue.asked) expect(params).toEqual({ subaccount_id: 86815 })
  })

  test('that fails says nothing of the key, whatever the venue echoes', async () => {
    const echo = `bad key ${SESSION_KEY} and ${SESSION_KEY.slice(2)}`
    const venue = createFakeVenue({ get_trigger_orders: () => failure(14014, echo, { signature: 'canary' }) })
    const error = await failureOf(look(venue))
    expect(error.message).not.toContain(SESSION_KEY.slice(2, 20))
    expect(error.message).not.toContain('canary')
  })
})
