/** Owns one GET at a DexPal partner and what its answer means: the list, or a failure that answers for its own retry. */
import type { Budget } from '../budget.ts'
import { VenueError } from '../errors.ts'
import type { AllowRule, ApiReply, HttpClient } from '../http.ts'
import { JsonLimitError, parseJson } from '../json.ts'
import { scrubText } from '../scrub.ts'
import { type List, readError, readList, saysFailed } from './wire.ts'

export const ORDERS_PATH = '/dexpal/v1/users/orders'
export const HISTORY_PATH = '/dexpal/v1/users/history'

/** Nothing in the partner's API trades, and nothing but these two is asked. */
export const ALLOWED: readonly AllowRule[] = [
  { method: 'GET', path: /^\/dexpal\/v1\/users\/orders$/ },
  { method: 'GET', path: /^\/dexpal\/v1\/users\/history$/ },
]

/** Throws {@link VenueError}. `query` is encoded already. */
export type Get = (path: string, query: string, signal: AbortSignal) => Promise<List>

export interface RestDeps {
  http: HttpClient
  budget: Budget
  apiKey: string
  /** Takes this account's own secrets out of whatever the venue says. */
  scrubSecrets: (text: string) => string
}

/** The wait of a 429 stands in its text. Without a legible one, or beyond these, we choose. */
const DEFAULT_WAIT_MS = 30_000
const MIN_WAIT_MS = 1_000
const MAX_WAIT_MS = 10 * 60_000

const MAX_MESSAGE_CHARS = 300

export function createGet({ http, budget, apiKey, scrubSecrets }: RestDeps): Get {
  return async (path, query, signal) => {
    const headers = () => ({ authorization: `Bearer ${apiKey}` })
    const reply = await http.request({ method: 'GET', path, query, weight: 1, headers }, signal)
    const body = bodyOf(reply)
    const said = body.is === 'json' ? readError(body.value) : null
    const words = scrubSecrets(scrubText(said ?? 'an answer that is not the venue’s')).slice(0, MAX_MESSAGE_CHARS)
    const message = `${reply.status} on GET ${path}: ${words}`
    if (reply.status < 200 || reply.status >= 300) {
      const error = failureOf(reply, message, said)
      if (error.failure === 'limited') budget.pause(waitOf(reply, said))
      throw error
    }
    if (body.is !== 'json') throw new VenueError('broken', `${reply.status} on GET ${path}: ${body.why}`)
    if (saysFailed(body.value)) throw new VenueError('later', message)
    const list = readList(body.value)
    if (!list.ok) throw new VenueError('broken', `${reply.status} on GET ${path}: not a list: ${list.problem}`)
    return { ...list.value, venueTime: reply.venueTime ?? list.value.venueTime }
  }
}

/** `said` is null where the answer is not in the venue's own words. */
function failureOf(reply: ApiReply, message: string, said: string | null): VenueError {
  const { status } = reply
  if (status === 400) return new VenueError('misused', message)
  if (status === 401) return new VenueError('refused', message)
  // Nobody documents it, and proxies speak it as often as venues: it says nothing about the key.
  if (status === 403) return new VenueError('later', message)
  // The venue's word for an address it does not know, says one page; another promises an empty list. It proves nothing.
  if (status === 404) return new VenueError(said === null ? 'later' : 'not_found', message)
  if (status === 429) return new VenueError('limited', message, { retry: { afterMs: waitOf(reply, said) } })
  if (status >= 500 || status === 408 || status === 425) return new VenueError('later', message)
  return new VenueError(status < 400 ? 'broken' : 'misused', message)
}

const WAIT = /(\d{1,7}(?:\.\d{1,3})?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m)\b/i

/** "Try again in 30 seconds.", else the standard header in seconds. */
function waitOf(reply: ApiReply, said: string | null): number {
  const [, count, unit = ''] = WAIT.exec(said ?? '') ?? []
  const header = reply.headers['retry-after']?.trim() ?? ''
  const seconds = /^\d{1,7}$/.test(header) ? Number(header) * 1_000 : DEFAULT_WAIT_MS
  const wait = count === undefined ? seconds : Number(count) * unitMs(unit.toLowerCase())
  return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, Math.ceil(wait)))
}

function unitMs(unit: string): number {
  if (unit.startsWith('s')) return 1_000
  return unit === 'ms' || unit.startsWith('milli') ? 1 : 60_000
}

function bodyOf(reply: ApiReply): { is: 'json'; value: unknown } | { is: 'nonsense'; why: string } {
  try {
    return { is: 'json', value: parseJson(reply.body) }
  } catch (error) {
    return { is: 'nonsense', why: error instanceof JsonLimitError ? error.message : 'not JSON' }
  }
}
