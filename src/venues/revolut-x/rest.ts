/** Owns one signed GET at Revolut X and what its answer means: the value, or a failure that answers for its own retry. */

import type { Budget } from '../budget.ts'
import { VenueError } from '../errors.ts'
import type { ApiReply, HttpClient } from '../http.ts'
import { JsonLimitError, parseJson } from '../json.ts'
import { scrubText } from '../scrub.ts'
import type { VenueClock } from '../venue-clock.ts'
import type { Signer } from './signing.ts'
import { readError } from './wire.ts'

export interface Answer {
  body: unknown
  /** From the `Date` header, ms. */
  venueTime: number | null
}

/** Throws {@link VenueError}. `weight` is in the venue's tokens. */
export type Get = (path: string, query: Query, weight: number, signal: AbortSignal) => Promise<Answer>

/** Sent in the order of its names; null is left out. */
export type Query = Readonly<Record<string, string | number | null>>

export interface RestDeps {
  http: HttpClient
  budget: Budget
  venueClock: VenueClock
  sign: Signer
  /** Takes this account's own secrets out of whatever the venue says. */
  scrubSecrets: (text: string) => string
}

/** The edge answers 403 during maintenance and while a key's IP list is edited; so many in a row are meant. */
export const FORBIDDEN_IN_A_ROW = 3

/** `Retry-After` is in milliseconds here, against the standard. Without a believable one, or beyond these, we choose. */
const DEFAULT_WAIT_MS = 5_000
const MIN_WAIT_MS = 1_000
const MAX_WAIT_MS = 10 * 60_000

const MAX_MESSAGE_CHARS = 300

/** The venue allows "a few seconds", and `Date` has no fractions. */
const CLOCK_TOLERANCE_MS = 5_000

export function createGet(deps: RestDeps): Get {
  const { http, budget, venueClock, sign, scrubSecrets } = deps
  let forbidden = 0

  const send = async (path: string, query: string, weight: number, signal: AbortSignal) => {
    let timestamp = 0
    const headers = () => {
      timestamp = venueClock.signingTime()
      return sign({ timestamp, method: 'GET', path, query })
    }
    const reply = await http.request({ method: 'GET', path, query, weight, headers }, signal)
    return { reply, skewed: blamesClock(reply, timestamp) }
  }

  return async (path, query, weight, signal) => {
    const text = encode(query)
    let { reply, skewed } = await send(path, text, weight, signal)
    if (skewed && reply.venueTime !== null) {
      // Signing anew with the venue's own time cures it; without a `Date` it would fail the same.
      venueClock.learn(reply.venueTime)
      ;({ reply } = await send(path, text, weight, signal))
    }
    // A 5xx is a proxy's word as often as the venue's and says nothing about the key.
    if (reply.status === 403) forbidden++
    else if (reply.status < 500) forbidden = 0
    if (reply.status >= 200 && reply.status < 300) return { body: bodyOf(reply, path), venueTime: reply.venueTime }
    const said = scrubSecrets(scrubText(wordsOf(reply))).slice(0, MAX_MESSAGE_CHARS)
    const asked = { path, forbidden }
    const error = failureOf(reply, `${reply.status} on GET ${path}: ${said}`, asked)
    if (error.failure === 'limited') budget.pause(waitOf(reply))
    throw error
  }
}

/**
 * A timestamp in the future is a 409. What a stale one gets is not documented: a 401 whose own `Date` is far from what was
 * signed speaks of the clock, not of the key.
 */
function blamesClock({ status, venueTime }: ApiReply, signed: number): boolean {
  return status === 409 || (status === 401 && venueTime !== null && Math.abs(venueTime - signed) > CLOCK_TOLERANCE_MS)
}

/** The bytes of the query, encoded once: they are signed and sent as they are. */
export function encode(query: Query): string {
  return Object.entries(query)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&')
}

const ONE_ORDER = /[0-9a-f]{12}$/i

function failureOf(reply: ApiReply, message: string, { path, forbidden }: { path: string; forbidden: number }) {
  const { status } = reply
  if (status === 400) return new VenueError('misused', message)
  if (status === 401) return new VenueError('refused', message)
  if (status === 403) return new VenueError(forbidden >= FORBIDDEN_IN_A_ROW ? 'refused' : 'later', message)
  // Only a path that names an order can miss one; a list that is not there is a path or a host we got wrong.
  if (status === 404 && errorOf(reply) === null) return new VenueError('later', message)
  if (status === 404) return new VenueError(ONE_ORDER.test(path) ? 'not_found' : 'misused', message)
  if (status === 409) return new VenueError('skew', message)
  if (status === 429) return new VenueError('limited', message, { retry: { afterMs: waitOf(reply) } })
  if (status >= 500 || status === 408 || status === 425) return new VenueError('later', message)
  if (status < 400) return new VenueError('broken', message)
  return new VenueError('misused', message)
}

function waitOf(reply: ApiReply): number {
  const header = reply.headers['retry-after']?.trim() ?? ''
  if (!/^\d{1,12}$/.test(header)) return DEFAULT_WAIT_MS
  return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, Number(header)))
}

/** The venue's words about a failure. Its `timestamp` is left out: the examples carry one of the year 2075. */
function wordsOf(reply: ApiReply): string {
  const error = errorOf(reply)
  return error === null ? 'an answer that is not the venue’s' : `${error.message} (error_id ${error.errorId})`
}

function errorOf(reply: ApiReply): ReturnType<typeof readError> {
  try {
    return readError(parseJson(reply.body))
  } catch {
    return null
  }
}

function bodyOf(reply: ApiReply, path: string): unknown {
  try {
    return parseJson(reply.body)
  } catch (cause) {
    const why = cause instanceof JsonLimitError ? cause.message : 'not JSON'
    throw new VenueError('broken', `${reply.status} on GET ${path}: ${why}`, { cause })
  }
}
