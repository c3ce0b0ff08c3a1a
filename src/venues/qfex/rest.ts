/** Owns QFEX's REST: the four paths that may be asked, how they are signed, and what each refusal means. */
import { parseDecimal } from '../../core/decimal.ts'
import type { Budget } from '../budget.ts'
import { VenueError } from '../errors.ts'
import type { AllowRule, ApiReply, HttpClient } from '../http.ts'
import { parseJson } from '../json.ts'
import { scrubText } from '../scrub.ts'
import type { VenueClock } from '../venue-clock.ts'
import type { Sign } from './sign.ts'
import { listSchema, problemOf, problemSchema } from './wire.ts'

export const HISTORIC_ORDERS = '/user/historic-orders'
export const HISTORIC_TWAPS = '/user/historic-twaps'
export const TRADES = '/user/trade'
export const REFDATA = '/refdata'

/** Everything that may leave over HTTP. All of it reads. */
export const ALLOWED_REQUESTS: readonly AllowRule[] = [
  { method: 'GET', path: /^\/user\/historic-orders$/ },
  { method: 'GET', path: /^\/user\/historic-twaps$/ },
  { method: 'GET', path: /^\/user\/trade$/ },
  { method: 'GET', path: /^\/refdata$/ },
]

/** HTTP limits are not published, so a page is counted like the dearest read of the socket. */
const WEIGHT = 5

/** Where the venue says "too many" without saying for how long, and the longest wait that we believe. */
const DEFAULT_PAUSE_MS = 5_000
const MAX_PAUSE_MS = 300_000
const MAX_PROBLEM_CHARS = 200

export interface RestList {
  rows: readonly unknown[]
  /** Of this page or of everything: the documents do not say. */
  count: number | null
  venueTime: number | null
}

export interface Rest {
  /** One page of a list. `/refdata` goes without the key, the rest is signed. Throws VenueError. */
  list(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RestList>
}

export interface RestOptions {
  http: HttpClient
  budget: Budget
  sign: Sign
  publicKey: string
  subaccount: string | null
  venueClock: VenueClock
  scrubSecrets: (text: string) => string
}

export function createRest(options: RestOptions): Rest {
  const { http, budget, sign, publicKey, subaccount, venueClock, scrubSecrets } = options
  let signedAt = 0
  const headers = () => {
    const { nonce, unixTs, signature } = sign()
    signedAt = unixTs * 1_000
    return {
      'x-qfex-public-key': publicKey,
      'x-qfex-nonce': nonce,
      'x-qfex-timestamp': String(unixTs),
      'x-qfex-hmac-signature': signature,
      ...(subaccount === null ? {} : { 'x-qfex-requested-account-id': subaccount }),
    }
  }
  return {
    async list(path, query, signal) {
      const search = new URLSearchParams(query).toString()
      const signed = path === REFDATA ? {} : { headers }
      const send = () => http.request({ method: 'GET', path, query: search, weight: WEIGHT, ...signed }, signal)
      let reply = await send()
      if (reply.status === 401 && reply.venueTime !== null && Math.abs(reply.venueTime - signedAt) > CLOCK_WINDOW_MS) {
        // It is our clock that is refused, not the key: signed with the venue's own time it is accepted.
        venueClock.learn(reply.venueTime)
        reply = await send()
      }
      if (reply.status !== 200) throw failureOf(path, reply, budget, scrubSecrets)
      const { data, count } = listOf(path, reply.body)
      return { rows: data ?? [], count: count ?? null, venueTime: reply.venueTime }
    },
  }
}

function listOf(path: string, body: string) {
  const parsed = listSchema.safeParse(jsonOf(path, body))
  if (!parsed.success) throw new VenueError('broken', `${path}: ${problemOf(parsed.error)}`)
  return parsed.data
}

function jsonOf(path: string, body: string): unknown {
  try {
    return parseJson(body)
  } catch (cause) {
    throw new VenueError('broken', `${path}: not JSON`, { cause })
  }
}

/** The venue's window is five minutes either way; well inside it a 401 speaks of the key. */
const CLOCK_WINDOW_MS = 60_000

/** https://docs.qfex.com/api-reference/errors. A brand-new account may answer 500 until it has a balance. */
function failureOf(path: string, reply: ApiReply, budget: Budget, scrubSecrets: (text: string) => string): VenueError {
  const { status } = reply
  const message = `${path}: HTTP ${status}${scrubSecrets(problemText(reply.body))}`
  if (status === 401 || status === 403) return new VenueError('refused', message)
  if (status === 429) {
    const afterMs = pauseMs(reply.headers['retry-after'] ?? '')
    budget.pause(afterMs)
    return new VenueError('limited', message, { retry: { afterMs } })
  }
  if (status === 400 || status === 422) return new VenueError('misused', message)
  // A list has no "not found": 404 is a gateway's word, and proves nothing about any order.
  return new VenueError('later', message)
}

function problemText(body: string): string {
  try {
    const { title, detail } = problemSchema.parse(parseJson(body))
    const text = [title, detail].filter((part) => typeof part === 'string' && part !== '').join(': ')
    return text === '' ? '' : ` ${scrubText(text).slice(0, MAX_PROBLEM_CHARS)}`
  } catch {
    return ''
  }
}

/** How long to wait out of a `Retry-After` in seconds or a text such as `retry in 250 ms`; bounded, with a default. */
export function pauseMs(text: string): number {
  const [, digits, unit = 's'] = /(\d{1,9}(?:\.\d{1,3})?)\s*(ms|millis\w*|s|sec\w*)?\b/i.exec(text) ?? []
  const value = digits === undefined ? null : parseDecimal(digits)
  if (value === null) return DEFAULT_PAUSE_MS
  const ms = /^m/i.test(unit) ? Number(value) : Number(value) * 1000
  return Math.min(Math.max(ms, 1), MAX_PAUSE_MS)
}
