/** Owns the Revolut X server of the sandbox: read-only REST with cursors, signed requests and token budgets. */
import { z } from 'zod'
import type { RevolutXAccount } from './credentials.ts'
import type { FaultPoint } from './faults.ts'
import { createRevolutXAuth } from './revolut-x-auth.ts'
import { detailRow, olderRow, orderRow, statusOf, tradeRow, typeOf } from './revolut-x-rows.ts'
import { createBucket, queryOf, type ServerDeps, type ServerReply, type VenueServer } from './server.ts'
import { type TrueOrder, toMs } from './truth.ts'
import type { View } from './views.ts'

const BASE = '/api/1.0'
const DAY_MS = 86_400_000
const MAX_RANGE_DAYS = 30
/** Where only one end of a range is given, the other is this far away: not now. */
const DEFAULT_RANGE_DAYS = 7

const words = z.string().transform((text) => text.split(','))
const limit = (most: number) => z.coerce.number().int().min(1).max(most).default(most)
const filters = { symbols: words.optional(), order_states: words.optional(), order_types: words.optional() }
const active = z.object({
  ...filters,
  side: z.enum(['buy', 'sell']).optional(),
  cursor: z.string().optional(),
  limit: limit(300),
})
const older = z.object({ symbol: z.string().optional(), side: z.enum(['buy', 'sell']).optional(), limit: limit(300) })
const time = z.coerce.number().int().positive()
const historical = z.object({
  ...filters,
  start_date: time.optional(),
  end_date: time.optional(),
  cursor: z.string().optional(),
  limit: limit(1_900),
})

export interface RevolutXDeps extends ServerDeps {
  accounts: readonly RevolutXAccount[]
  nextErrorId: () => string
}

/** A reply, or the words of a refusal. */
type Answer = { body: unknown } | { refused: 400 | 404; message: string }

export function createRevolutXServer(deps: RevolutXDeps): VenueServer {
  const { views, clock } = deps
  const verify = createRevolutXAuth(deps)
  const bucketsByKey = new Map(deps.accounts.map(({ apiKey }) => [apiKey, bucketsOf(clock)]))

  const reply = (status: number, body: unknown, headers: Record<string, string> = {}): ServerReply => ({
    status,
    headers,
    body,
  })
  const failure = (status: number, retryAfterMs: number, message = MESSAGES[status] ?? 'Something went wrong!') => {
    const body = { message, error_id: deps.nextErrorId(), timestamp: Math.floor(deps.venueNow()) }
    // Milliseconds, whatever HTTP says the header means.
    return reply(status, body, status === 429 ? { 'retry-after': String(retryAfterMs) } : {})
  }
  const pay = (key: string, tokens: number): number =>
    Math.max(0, ...(bucketsByKey.get(key) ?? []).map((bucket) => bucket.take(tokens)))

  return {
    venue: 'revolut-x',
    pointOf,
    failure,
    takesSocketAt: () => false,
    converse: null,
    handle(request) {
      const verdict = verify(request)
      const account = verdict.is === 'known' ? verdict.account.id : null
      if (request.method !== 'GET') {
        deps.violated({ venue: 'revolut-x', account, what: `${request.method} ${request.path}`, at: deps.venueNow() })
        return failure(403, 0)
      }
      if (verdict.is === 'future') return failure(409, 0)
      if (verdict.is !== 'known') return failure(401, 0)
      const params = Object.fromEntries(queryOf(request.query))
      const wait = pay(verdict.account.apiKey, costOf(request.path, params))
      if (wait > 0) return failure(429, wait)
      const answer = route(verdict.account.id, request.path, params, { ...deps, views })
      return 'body' in answer ? reply(200, answer.body) : failure(answer.refused, 0, answer.message)
    },
  }
}

const bucketsOf = (clock: ServerDeps['clock']) => [createBucket(100, 1_000, clock), createBucket(1_000, 60_000, clock)]

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'API key can only be used for authentication from whitelisted IP',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Request timestamp is in the future',
  429: 'Rate Limit Exceeded',
}

function pointOf(path: string): FaultPoint {
  if (path === `${BASE}/orders/active` || path === `${BASE}/orders`) return 'list'
  if (path === `${BASE}/orders/historical`) return 'history'
  return path.startsWith(`${BASE}/orders/fills/`) ? 'trades' : 'lookup'
}

/** One token a request; for history one a day of the range. */
function costOf(path: string, params: Record<string, string>): number {
  const parsed = historical.safeParse(params)
  if (pointOf(path) !== 'history' || !parsed.success) return 1
  const { start, end } = rangeOf(parsed.data, 0)
  return Math.max(1, Math.min(MAX_RANGE_DAYS, Math.ceil((end - start) / DAY_MS)))
}

function route(account: string, path: string, params: Record<string, string>, deps: RevolutXDeps): Answer {
  if (path === `${BASE}/orders/active`) return listActive(account, params, deps)
  if (path === `${BASE}/orders`) return listOlder(account, params, deps)
  if (path === `${BASE}/orders/historical`) return listHistorical(account, params, deps)
  const [, kind, id] = /^\/api\/1\.0\/orders\/(fills\/)?([0-9a-f-]{36})$/.exec(path) ?? []
  if (id === undefined) return { refused: 404, message: 'Not Found' }
  const view = deps.views.one(account, id, kind === undefined ? 'lookup' : 'trades')
  if (view === null) return { refused: 404, message: `Order with ID '${id}' not found.` }
  if (kind !== undefined) return { body: { data: view.trades.map((trade) => tradeRow(view.order, trade)) } }
  return { body: { data: detailRow(view, deps.venueNow(), originOf(view, deps)) } }
}

function originOf({ order }: View, { market, views }: RevolutXDeps) {
  const parent = order.parentId === null ? null : market.order(order.parentId)
  const cause = order.triggeredById === null ? null : views.one(order.account, order.triggeredById, 'lookup')
  return { parent, cause }
}

function listActive(account: string, params: Record<string, string>, deps: RevolutXDeps): Answer {
  const parsed = active.safeParse(params)
  if (!parsed.success) return refusalOf(parsed.error)
  const now = deps.venueNow()
  const rows = deps.views
    .open(account)
    .filter((view) => matches(view, parsed.data, now))
    .filter(({ order }) => parsed.data.side === undefined || order.side === parsed.data.side)
  return paged(rows, (view) => toMs(view.order.openedUs), { ...parsed.data, account, on: 'list' }, deps)
}

function listOlder(account: string, params: Record<string, string>, deps: RevolutXDeps): Answer {
  const parsed = older.safeParse(params)
  if (!parsed.success) return refusalOf(parsed.error)
  const { symbol, side, limit: most } = parsed.data
  const rows = deps.views
    .open(account)
    .filter(({ order }) => symbol === undefined || order.symbol === symbol)
    .filter(({ order }) => side === undefined || order.side === side)
  return { body: { data: rows.slice(0, most).map((view) => olderRow(view, deps.venueNow())) } }
}

function listHistorical(account: string, params: Record<string, string>, deps: RevolutXDeps): Answer {
  const parsed = historical.safeParse(params)
  if (!parsed.success) return refusalOf(parsed.error)
  const now = deps.venueNow()
  const { start, end } = rangeOf(parsed.data, now)
  if (end - start > MAX_RANGE_DAYS * DAY_MS || end < start) {
    return { refused: 400, message: 'Date range must not exceed 30 days' }
  }
  const rows = deps.views
    .ended(account)
    // A TWAP stands for its slices.
    .filter(({ order }) => order.parentId === null)
    .filter(({ order }) => endedAt(order) >= start && endedAt(order) <= end)
    .filter((view) => matches(view, parsed.data, now))
  return paged(rows, (view) => endedAt(view.order), { ...parsed.data, account, on: 'history' }, deps)
}

interface Page {
  cursor?: string | undefined
  limit: number
  account: string
  on: 'list' | 'history'
}

/** Newest first; the cursor names the last row of the page before. */
function paged(views: View[], dateOf: (view: View) => number, page: Page, deps: RevolutXDeps): Answer {
  const after = page.cursor === undefined ? null : cursorOf(page.cursor)
  if (page.cursor !== undefined && after === null) return { refused: 400, message: 'Invalid cursor' }
  const sorted = views.toSorted((a, b) => dateOf(b) - dateOf(a) || (a.order.id < b.order.id ? -1 : 1))
  const rest = sorted.filter((view) => {
    if (after === null) return true
    const date = dateOf(view)
    return date < after.date || (date === after.date && view.order.id > after.id)
  })
  const torn = deps.views.tear(rest, { first: after === null, account: page.account, on: page.on })
  const rows = torn.slice(0, page.limit)
  const last = rows.at(-1)
  const isLast = torn.length <= page.limit || last === undefined
  const cursor = isLast ? '' : Buffer.from(`date=${dateOf(last)};id=${last.order.id}`).toString('base64')
  const now = deps.venueNow()
  // At the end the cursor is empty in some replies and absent in others.
  const next = isLast && deps.dice.happens(0.5) ? {} : { next_cursor: cursor }
  return { body: { data: rows.map((view) => orderRow(view, now)), metadata: { timestamp: Math.floor(now), ...next } } }
}

function cursorOf(text: string): { date: number; id: string } | null {
  const [, date, id] = /^date=(\d+);id=([0-9a-f-]{36})$/.exec(Buffer.from(text, 'base64').toString()) ?? []
  return date === undefined || id === undefined ? null : { date: Number(date), id }
}

function rangeOf(given: { start_date?: number | undefined; end_date?: number | undefined }, now: number) {
  const { start_date: start, end_date: end } = given
  if (start !== undefined) return { start, end: end ?? start + DEFAULT_RANGE_DAYS * DAY_MS }
  return { start: (end ?? now) - DEFAULT_RANGE_DAYS * DAY_MS, end: end ?? now }
}

function matches(
  view: View,
  filter: Partial<Record<keyof typeof filters, string[] | undefined>>,
  now: number,
): boolean {
  const { symbols, order_states, order_types } = filter
  if (symbols !== undefined && !symbols.includes(view.order.symbol.replace('/', '-'))) return false
  if (order_states !== undefined && !order_states.includes(statusOf(view.order, view.state, now))) return false
  return order_types === undefined || order_types.includes(typeOf(view.order))
}

const endedAt = (order: TrueOrder): number => toMs(order.endedUs ?? order.openedUs)

function refusalOf(error: z.ZodError): Answer {
  const [issue] = error.issues
  return { refused: 400, message: `${issue?.path.join('.') ?? 'query'}: ${issue?.message ?? 'invalid'}` }
}
