/** Owns one signed call at Derive over HTTP and what its answer means: the result, or a failure with its own retry. */
import type { Budget } from '../budget.ts'
import { VenueError, type VenueFailure } from '../errors.ts'
import type { AllowRule, ApiReply, HttpClient } from '../http.ts'
import { JsonLimitError, parseJson } from '../json.ts'
import { scrubText } from '../scrub.ts'
import { FAILURES, waitOf } from './codes.ts'
import type { Sign } from './sign.ts'
import { type Envelope, envelopeSchema } from './wire.ts'

export type Protocol = 'v3' | 'v2'

/** Every method that may be called, by protocol. All of them read orders or trades. */
export const READ_METHODS = {
  v3: [
    'private/get_trigger_orders',
    'private/get_algo_orders',
    'private/get_open_orders',
    'private/get_order',
    'private/get_order_history',
    'private/get_trade_history',
  ],
  v2: ['private/get_orders'],
} as const

export type ReadMethod = (typeof READ_METHODS)[Protocol][number]

/** Relative to the base URL: a method is a path, so that what trades is one word away from what reads. */
export const allowedRequests = (protocol: Protocol): readonly AllowRule[] =>
  READ_METHODS[protocol].map((method) => ({ method: 'POST', path: new RegExp(`^/${method}$`) }))

export interface Answer {
  result: unknown
  /** From the `Date` header, ms. */
  venueTime: number | null
}

export type Params = Readonly<Record<string, string | number>>

/** Throws {@link VenueError}. */
export type Call = (method: ReadMethod, params: Params, signal: AbortSignal) => Promise<Answer>

export interface CallOptions {
  http: HttpClient
  budget: Budget
  sign: Sign
  protocol: Protocol
  wallet: string
  /** Takes this account's own secrets out of whatever the venue says. */
  scrubSecrets: (text: string) => string
}

/** The headers' names changed with the protocol; v3 does not read the older ones. */
const HEADER_PREFIX: Record<Protocol, string> = { v3: 'X-Derive', v2: 'X-Lyra' }

export function createCall({ http, budget, sign, protocol, wallet, scrubSecrets }: CallOptions): Call {
  const prefix = HEADER_PREFIX[protocol]
  const headers = () => {
    const { timestamp, signature } = sign()
    return {
      'content-type': 'application/json',
      [`${prefix}Wallet`]: wallet,
      [`${prefix}Timestamp`]: timestamp,
      [`${prefix}Signature`]: signature,
    }
  }
  return async (method, params, signal) => {
    const body = JSON.stringify(params)
    const reply = await http.request({ method: 'POST', path: `/${method}`, body, headers, weight: 1 }, signal)
    const envelope = envelopeOf(reply, method)
    if (envelope?.error != null) {
      const error = failureOf(envelope.error, method, scrubSecrets)
      if (error.failure === 'limited' && typeof error.retry === 'object') budget.pause(error.retry.afterMs)
      throw error
    }
    if (envelope !== null && isSuccess(reply)) return { result: envelope.result, venueTime: reply.venueTime }
    throw failureOfStatus(reply, method, budget)
  }
}

const isSuccess = ({ status }: ApiReply): boolean => status >= 200 && status < 300

/** The venue's own envelope; null where something else answered, which only a failure may do. */
function envelopeOf(reply: ApiReply, method: string): Envelope | null {
  const broken = (why: string, cause?: unknown) =>
    new VenueError('broken', `${method}: ${why}`, cause === undefined ? {} : { cause })
  try {
    const envelope = envelopeSchema.safeParse(parseJson(reply.body))
    if (envelope.success && (envelope.data.error != null || envelope.data.result !== undefined)) return envelope.data
    if (!isSuccess(reply)) return null
  } catch (cause) {
    if (!isSuccess(reply)) return null
    throw broken(cause instanceof JsonLimitError ? cause.message : 'not JSON', cause)
  }
  throw broken('neither result nor error')
}

const MAX_MESSAGE_CHARS = 300

/** What one of the venue's own errors means, over HTTP and over the socket. */
export function failureOf(
  { code, message, data }: NonNullable<Envelope['error']>,
  method: string,
  scrubSecrets: (text: string) => string,
): VenueError {
  const words = typeof data === 'string' && data !== '' ? `${message}: ${data}` : message
  const said = scrubSecrets(scrubText(words)).slice(0, MAX_MESSAGE_CHARS)
  const waitMs = waitOf(code)
  const options = waitMs === null ? {} : { retry: { afterMs: waitMs } }
  return new VenueError(FAILURES.get(code) ?? 'later', `${method}: ${code} ${said}`, options)
}

/** Where a proxy says "too many" without saying for how long, and the longest wait that we believe. */
const DEFAULT_WAIT_MS = 5_000
const MAX_WAIT_MS = 300_000

/** Only the venue's envelope says anything about an order; a bare status is the word of what stands in between. */
function failureOfStatus(reply: ApiReply, method: string, budget: Budget): VenueError {
  const { status } = reply
  const message = `${method}: HTTP ${status}`
  if (status === 429) {
    const seconds = reply.headers['retry-after']?.trim() ?? ''
    const afterMs = /^\d{1,6}$/.test(seconds) ? Math.min(Number(seconds) * 1_000, MAX_WAIT_MS) : DEFAULT_WAIT_MS
    budget.pause(afterMs)
    return new VenueError('limited', message, { retry: { afterMs } })
  }
  return new VenueError(STATUS_FAILURES.get(status) ?? 'later', message)
}

const STATUS_FAILURES: ReadonlyMap<number, VenueFailure> = new Map<number, VenueFailure>([
  [400, 'misused'],
  [401, 'refused'],
  [403, 'refused'],
  [422, 'misused'],
])
