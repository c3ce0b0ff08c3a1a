/** Owns how a test talks to the sandbox: by hand-made requests, so that no client of ours can hide a mistake. */
import { sign } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { z } from 'zod'
import { deriveUrls } from '../../src/sandbox/config.ts'
import type { DeriveAccount, DexpalAccount, QfexAccount, RevolutXAccount } from '../../src/sandbox/credentials.ts'
import { personalHash } from '../../src/sandbox/derive-keys.ts'
import type { Journal } from '../../src/sandbox/journal.ts'
import { qfexSignature } from '../../src/sandbox/qfex-auth.ts'
import { createSandbox, defaultAccounts, HOSTS, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

export interface World {
  clock: FakeClock
  sandbox: Sandbox
}

export function createWorld(seed = 'test', journal?: Journal): World {
  const clock = createFakeClock()
  const kept = journal === undefined ? {} : { journal }
  return { clock, sandbox: createSandbox({ clock, seed, accounts: defaultAccounts(seed), ...kept }) }
}

export const row = z.record(z.string(), z.unknown())
const LIMITS = { timeoutMs: 10_000, maxBodyBytes: 10_000_000 }

export function qfexKeys({ sandbox }: World): QfexAccount {
  const found = sandbox.accounts.find((account) => account.venue === 'qfex')
  if (found?.venue !== 'qfex') throw new Error('no QFEX account')
  return found
}

export function revolutXKeys({ sandbox }: World, id = 'revx'): RevolutXAccount {
  const found = sandbox.accounts.find((account) => account.id === id)
  if (found?.venue !== 'revolut-x') throw new Error('no Revolut X account')
  return found
}

export function deriveKeys({ sandbox }: World, id = 'derive-main'): DeriveAccount {
  const found = sandbox.accounts.find((account) => account.id === id)
  if (found?.venue !== 'derive') throw new Error('no Derive account')
  return found
}

let nonces = 0
export const nextNonce = () => `${(++nonces).toString(16)}`

export function qfexAuth(world: World, changes: Record<string, unknown> = {}) {
  const { publicKey: public_key, secretKey } = qfexKeys(world)
  const nonce = nextNonce()
  const unix_ts = Math.floor(world.clock.wall() / 1_000)
  const signature = qfexSignature(secretKey, nonce, unix_ts)
  return { type: 'auth', params: { hmac: { public_key, nonce, unix_ts, signature, ...changes } } }
}

export interface Line {
  received: Record<string, unknown>[]
  texts: string[]
  closed: { code: number | null; httpStatus: number | null }[]
  beats: () => number
  say(message: object | string): Promise<void>
  /** What came since the last call. */
  news(): Record<string, unknown>[]
  terminate(): void
}

export async function connect(
  world: World,
  url = `${HOSTS.qfex.ws}?api_key=${qfexKeys(world).publicKey}`,
): Promise<Line> {
  const texts: string[] = []
  const received: Record<string, unknown>[] = []
  const closed: Line['closed'] = []
  let beats = 0
  let seen = 0
  const limits = { maxMessageBytes: 1_000_000, handshakeTimeoutMs: 10_000 }
  const socket = world.sandbox.socket(url, {}, limits, {
    onOpen: () => undefined,
    onMessage(text) {
      texts.push(text)
      const parsed = row.safeParse(tryJson(text))
      if (parsed.success) received.push(parsed.data)
    },
    onBeat: () => void beats++,
    onClose: ({ code, httpStatus }) => void closed.push({ code, httpStatus }),
  })
  await world.clock.advance(50)
  return {
    received,
    texts,
    closed,
    beats: () => beats,
    async say(message) {
      socket.send(typeof message === 'string' ? message : JSON.stringify(message))
      await world.clock.advance(50)
    },
    news() {
      const fresh = received.slice(seen)
      seen = received.length
      return fresh
    },
    terminate: () => socket.terminate(),
  }
}

/** A socket that is logged in and subscribed, its acknowledgements read. */
export async function subscribed(world: World): Promise<Line> {
  const line = await connect(world)
  await line.say(qfexAuth(world))
  await line.say({ type: 'subscribe', params: { channels: ['order_responses', 'fills'] } })
  line.news()
  return line
}

/** What a wallet calls `personal_sign`. */
export function personalSign(text: string, key: string): string {
  const secret = Buffer.from(key.replace(/^0x/, ''), 'hex')
  const recovered = secp256k1.sign(personalHash(text), secret, { prehash: false, format: 'recovered' })
  const bit = (recovered[0] ?? 0) + 27
  return `0x${Buffer.from(recovered.subarray(1)).toString('hex')}${bit.toString(16)}`
}

export function deriveClaim(world: World, account = deriveKeys(world)) {
  const timestamp = String(Math.floor(world.clock.wall()))
  return { wallet: account.wallet, timestamp, signature: personalSign(timestamp, account.sessionKey) }
}

export const connectDerive = (world: World): Promise<Line> => connect(world, deriveUrls('v3', HOSTS.derive).wsUrl)

/** Logged in, and subscribed to both channels of a subaccount. */
export async function subscribedDerive(world: World, account = deriveKeys(world)): Promise<Line> {
  const line = await connectDerive(world)
  await line.say({ id: 1, method: 'public/login', params: deriveClaim(world, account) })
  const channels = [`${account.subaccountId}.orders`, `${account.subaccountId}.trades`]
  await line.say({ id: 2, method: 'subscribe', params: { channels } })
  line.news()
  return line
}

/** `subaccount_id` goes without saying; `headers` and `params` override. */
export function deriveCall(
  world: World,
  method: string,
  params: Record<string, unknown> = {},
  changes: { account?: string; headers?: Record<string, string>; verb?: 'GET' | 'POST' } = {},
): Promise<Reply> {
  const account = deriveKeys(world, changes.account)
  const { wallet, timestamp, signature } = deriveClaim(world, account)
  const prefix = account.protocol === 'v3' ? 'X-Derive' : 'X-Lyra'
  const headers = {
    'user-agent': 'test',
    [`${prefix}Wallet`]: wallet,
    [`${prefix}Timestamp`]: timestamp,
    [`${prefix}Signature`]: signature,
    ...changes.headers,
  }
  const url = `${deriveUrls(account.protocol, HOSTS.derive).restUrl}/${method}`
  const body = JSON.stringify({ subaccount_id: account.subaccountId, ...params })
  return send(world, { method: changes.verb ?? 'POST', url, headers, body })
}

export function dexpalKeys({ sandbox }: World): DexpalAccount {
  const found = sandbox.accounts.find((account) => account.venue === 'dexpal')
  if (found?.venue !== 'dexpal') throw new Error('no DexPal account')
  return found
}

/** With the account's key; `addr` has all of its addresses if the query does not say. */
export function dexpalGet(
  world: World,
  page: 'orders' | 'history' | string,
  query: Record<string, string> = {},
  changes: { authorization?: string; method?: 'GET' | 'POST' } = {},
): Promise<Reply> {
  const { apiKey, addresses } = dexpalKeys(world)
  const headers = { Authorization: changes.authorization ?? `Bearer ${apiKey}` }
  const search = new URLSearchParams({ addr: addresses.join(','), ...query })
  const url = `${HOSTS.dexpal.rest}/dexpal/v1/users/${page}?${search}`
  return send(world, { method: changes.method ?? 'GET', url, headers, body: null })
}

export interface Reply {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
  body: Record<string, unknown>
}

/** Resolves once the sandbox has answered; the clock moves on for it. */
export async function send(world: World, request: Parameters<Sandbox['http']>[0]): Promise<Reply> {
  const answer = world.sandbox.http(request, LIMITS, new AbortController().signal)
  // Whoever rejects is awaited below.
  answer.catch(() => undefined)
  await world.clock.advance(LIMITS.timeoutMs)
  const { status, headers, body } = await answer
  const parsed = row.safeParse(tryJson(body))
  return { status, headers, text: body, body: parsed.success ? parsed.data : {} }
}

export function qfexGet(world: World, path: string, changes: Record<string, string> = {}): Promise<Reply> {
  const { publicKey, secretKey } = qfexKeys(world)
  const nonce = nextNonce()
  const seconds = Math.floor(world.clock.wall() / 1_000)
  const headers = {
    'x-qfex-public-key': publicKey,
    'x-qfex-nonce': nonce,
    'x-qfex-timestamp': String(seconds),
    'x-qfex-hmac-signature': qfexSignature(secretKey, nonce, seconds),
    ...changes,
  }
  return send(world, { method: 'GET', url: `${HOSTS.qfex.rest}${path}`, headers, body: null })
}

/** `query` without `?`; `changes` overrides what is signed or sent. */
export function revolutXGet(
  world: World,
  path: string,
  query = '',
  changes: { account?: string; timestamp?: number; signedQuery?: string; method?: 'GET' | 'POST' } = {},
): Promise<Reply> {
  const { apiKey, privateKey } = revolutXKeys(world, changes.account)
  const timestamp = String(changes.timestamp ?? world.clock.wall())
  const method = changes.method ?? 'GET'
  const text = `${timestamp}${method}${path}${changes.signedQuery ?? query}`
  const headers = {
    'X-Revx-API-Key': apiKey,
    'X-Revx-Timestamp': timestamp,
    'X-Revx-Signature': sign(null, Buffer.from(text), privateKey).toString('base64'),
  }
  const url = `${HOSTS['revolut-x'].rest}${path}${query === '' ? '' : `?${query}`}`
  return send(world, { method, url, headers, body: null })
}

const listReply = z.object({ data: z.array(row) })
export const recordOf = (value: unknown): Record<string, unknown> => row.parse(value)
export const rowsIn = (value: unknown): Record<string, unknown>[] => z.array(row).parse(value)
export const rowsOf = (reply: Reply) => listReply.parse(reply.body).data

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
