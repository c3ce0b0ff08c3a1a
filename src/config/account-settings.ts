/** Owns the settings of an account, venue by venue: what each needs, what it defaults to, and what is checked. */
import { createPrivateKey } from 'node:crypto'
import { z } from 'zod'
import { Secret } from './secret.ts'
import { baseUrl, duration, flag, instant, numeric, secret, secretText, text } from './values.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 86_400 * SECOND

/** How often an account is read. Tests and demos use the small ends. */
const poll = z
  .strictObject({
    every: duration(500, 60 * MINUTE).default(10 * SECOND),
    whileStreaming: duration(500, 60 * MINUTE).optional(),
    history: duration(SECOND, DAY).default(5 * MINUTE),
  })
  .prefault({})
  .transform(({ every, whileStreaming, history }) => ({
    everyMs: every,
    whileStreamingMs: whileStreaming ?? Math.max(every, MINUTE),
    historyMs: history,
  }))

/** When a missing order is taken for vanished, and when it is no longer asked about. */
const absence = z
  .strictObject({
    confirmations: numeric({ min: 1, max: 100, integer: true }).default(2),
    grace: duration(SECOND, DAY).default(30 * SECOND),
    giveUpAfter: duration(SECOND, 365 * DAY).default(7 * DAY),
  })
  .prefault({})
  .transform(({ confirmations, grace, giveUpAfter }) => ({
    confirmations,
    graceMs: grace,
    giveUpAfterMs: giveUpAfter,
  }))

const common = {
  id: text('a name such as main').regex(
    /^[a-z0-9-]{1,64}$/,
    'is not a usable name; write 1 to 64 of the characters a-z, 0-9 and -',
  ),
  enabled: flag.default(true),
  environment: text('a label such as production')
    .max(64, 'is too long; write at most 64 characters')
    .default('production'),
  poll,
  absence,
  rateShare: numeric({ min: 0, max: 1, integer: false })
    .refine((share) => share > 0, 'is 0, so nothing could ever be read; write a number above 0, at most 1')
    .default(0.25),
  trackSince: instant.nullable().default(null),
}

const qfex = z.strictObject({
  ...common,
  venue: z.literal('qfex'),
  wsUrl: baseUrl('wss', 'a URL such as wss://trade.qfex.com').default('wss://trade.qfex.com'),
  restUrl: baseUrl('https', 'a URL such as https://api.qfex.com').default('https://api.qfex.com'),
  publicKey: text('the public key of your API key').regex(
    /^[\x21-\x7e]*$/,
    'has blanks or characters that no key has; copy it again',
  ),
  secretKey: secret('secretKey'),
  subaccount: z
    .uuid({ error: () => 'is not a UUID; copy the id of the subaccount, or leave it out' })
    .nullable()
    .default(null),
})

const DERIVE_URLS = {
  v3: { restUrl: 'https://api.derive.xyz/v3', wsUrl: 'wss://api.derive.xyz/v3/ws' },
  v2: { restUrl: 'https://api.lyra.finance', wsUrl: 'wss://api.lyra.finance/ws' },
}

const ADDRESS = /^0x[0-9a-fA-F]{40}$/

const derive = z
  .strictObject({
    ...common,
    venue: z.literal('derive'),
    protocol: z.enum(['v3', 'v2'], { error: () => 'is no protocol of Derive; write v3 or v2' }).default('v3'),
    restUrl: baseUrl('https', 'a URL such as https://api.derive.xyz/v3').optional(),
    wsUrl: baseUrl('wss', 'a URL such as wss://api.derive.xyz/v3/ws').optional(),
    wallet: text('the address of your Derive wallet').regex(
      ADDRESS,
      'is not an address; write 0x and 40 hex digits, in quotes (never a private key)',
    ),
    sessionKey: secretText('sessionKey').transform(sessionKey),
    subaccountId: numeric({ min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }),
  })
  .transform((account) => ({
    ...account,
    restUrl: account.restUrl ?? DERIVE_URLS[account.protocol].restUrl,
    wsUrl: account.wsUrl ?? DERIVE_URLS[account.protocol].wsUrl,
  }))

const revolutX = z.strictObject({
  ...common,
  venue: z.literal('revolut-x'),
  protocol: z
    .enum(['orders-active', 'orders'], { error: () => 'is no protocol of Revolut X; write orders-active or orders' })
    .default('orders-active'),
  restUrl: baseUrl('https', 'a URL such as https://revx.revolut.com').default('https://revx.revolut.com'),
  apiKey: secret('apiKey'),
  privateKey: secretText('privateKey').transform(ed25519Key),
})

/** More would be no wallet of a person any more, and each 50 cost a request of every poll. */
const MAX_ADDRESSES = 1_000

const dexpal = z.strictObject({
  ...common,
  venue: z.literal('dexpal'),
  restUrl: baseUrl('https', 'the URL of the venue, such as https://partner.example'),
  apiKey: secret('apiKey'),
  addresses: z
    .array(
      text('an address').regex(
        /^(?:0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})|(?!0x)[A-Za-z0-9]{20,90})$/,
        'is not an address; copy it again, in quotes',
      ),
      { error: () => 'is not a list of addresses; write ["0x…"]' },
    )
    .min(1, 'is empty; name at least one address')
    .max(MAX_ADDRESSES, `has more than ${MAX_ADDRESSES} addresses; split them over several accounts`)
    .refine(isOneChain, 'mixes 0x addresses with others; give each chain an account of its own')
    .refine(isDistinct, 'names an address twice; name each once'),
})

export const accountSettings = z.discriminatedUnion('venue', [qfex, derive, revolutX, dexpal])

/** One account, checked, with its defaults; durations in ms, `trackSince` in ms since the epoch. */
export type AccountSettings = z.output<typeof accountSettings>
export type QfexAccountSettings = Extract<AccountSettings, { venue: 'qfex' }>
export type DeriveAccountSettings = Extract<AccountSettings, { venue: 'derive' }>
export type RevolutXAccountSettings = Extract<AccountSettings, { venue: 'revolut-x' }>
export type DexpalAccountSettings = Extract<AccountSettings, { venue: 'dexpal' }>

/** The order of secp256k1: a private key is a number from 1 to one less. */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

function sessionKey(value: string, context: z.RefinementCtx): Secret {
  const [, digits] = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(value.trim()) ?? []
  const number = digits === undefined ? 0n : BigInt(`0x${digits}`)
  if (digits !== undefined && number > 0n && number < CURVE_ORDER) return new Secret(`0x${digits.toLowerCase()}`)
  const problem = ADDRESS.test(value.trim()) ? 'is an address, not a private key' : 'is not a private key'
  context.addIssue({ code: 'custom', message: `${problem}; write the 64 hex digits of a read-scope session key` })
  return z.NEVER
}

function ed25519Key(value: string, context: z.RefinementCtx): Secret {
  // A PEM passed through an environment file often arrives with its line ends spelled out.
  const pem = value.includes('\\n') ? value.replaceAll('\\n', '\n') : value
  const type = privateKeyType(pem)
  if (type === 'ed25519') return new Secret(pem)
  const problem =
    type !== null
      ? `is a private key of type ${type}, not Ed25519`
      : pem.includes('PUBLIC KEY')
        ? 'is a public key'
        : pem.includes('ENCRYPTED')
          ? 'is protected by a passphrase'
          : 'is not a private key in PEM form'
  context.addIssue({ code: 'custom', message: `${problem}; make one with: openssl genpkey -algorithm ed25519` })
  return z.NEVER
}

function privateKeyType(pem: string): string | null {
  try {
    return createPrivateKey(pem).asymmetricKeyType ?? null
  } catch {
    return null
  }
}

function isOneChain(addresses: readonly string[]): boolean {
  const hex = addresses.filter((address) => address.startsWith('0x')).length
  return hex === 0 || hex === addresses.length
}

function isDistinct(addresses: readonly string[]): boolean {
  const folded = addresses.map((address) => (address.startsWith('0x') ? address.toLowerCase() : address))
  return new Set(folded).size === folded.length
}
