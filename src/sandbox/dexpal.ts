/** Owns the DexPal partner's server of the sandbox: pending orders by address, the history of positions, and its gates. */
import { z } from 'zod'
import type { DexpalAccount } from './credentials.ts'
import { endingRow, orderRow, otherCase, positionRow } from './dexpal-rows.ts'
import type { Knobs } from './knobs.ts'
import { type Bucket, createBucket, queryOf, type ServerDeps, type ServerReply, type VenueServer } from './server.ts'
import { toMs } from './truth.ts'

const ORDERS = '/dexpal/v1/users/orders'
const HISTORY = '/dexpal/v1/users/history'
const REQUESTS_A_MINUTE = 120

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const history = z.object({
  addr: z.string(),
  from: time,
  to: time,
  limit: z.coerce.number().int().min(1).max(500).default(100),
  offset: z.coerce.number().int().nonnegative().default(0),
})

export interface DexpalServerDeps extends ServerDeps {
  accounts: readonly DexpalAccount[]
  knobs: Knobs
}

export function createDexpalServer(deps: DexpalServerDeps): VenueServer {
  const { clock, faults } = deps
  const buckets = new Map<string, Bucket>()
  const pay = (key: string): number => {
    const bucket = buckets.get(key) ?? createBucket(REQUESTS_A_MINUTE, 60_000, clock)
    buckets.set(key, bucket)
    return bucket.take(1)
  }
  return {
    venue: 'dexpal',
    takesSocketAt: () => false,
    converse: null,
    failure,
    pointOf: (path) => (path === HISTORY ? 'history' : 'list'),
    handle(request) {
      const account = deps.accounts.find((candidate) => isKeyOf(candidate, request.headers.authorization))
      if (request.method !== 'GET') {
        const what = `${request.method} ${request.path}`
        deps.violated({ venue: 'dexpal', account: account?.id ?? null, what, at: deps.venueNow() })
        return refused(405, 'Method not allowed')
      }
      if (account === undefined) return failure(401)
      const wait = pay(account.apiKey)
      if (wait > 0) return failure(429, wait)
      const on = request.path === HISTORY ? 'history' : 'list'
      if (faults.strike('success_false', { venue: 'dexpal', account: account.id, on }) !== null) {
        return { ...failure(500), status: 200 }
      }
      const params = Object.fromEntries(queryOf(request.query))
      const asked = (params.addr ?? '').split(',').filter((text) => text !== '')
      if (asked.length === 0) return refused(400, 'Missing required parameter: addr')
      if (asked.some((address) => gateOf(address, deps) === 'unknown')) return failure(404)
      if (request.path === ORDERS) return listOrders(account, asked, deps)
      return request.path === HISTORY ? listHistory(account, asked, params, deps) : failure(404)
    },
  }
}

/** The account that a request claims to be of. */
export const dexpalAccountOf =
  (accounts: readonly DexpalAccount[]) =>
  ({ headers }: { headers: Readonly<Record<string, string>> }): string | null =>
    accounts.find((account) => isKeyOf(account, headers.authorization))?.id ?? null

const isKeyOf = ({ apiKey }: DexpalAccount, header: string | undefined): boolean => header === `Bearer ${apiKey}`

const gateOf = (address: string, { knobs }: DexpalServerDeps) =>
  knobs.dexpalGates.get(address.toLowerCase()) ?? 'attributed'

/** Addresses whose orders may be shown, in lower case. */
const shownOf = (asked: readonly string[], deps: DexpalServerDeps): ReadonlySet<string> =>
  new Set(asked.filter((address) => gateOf(address, deps) === 'attributed').map((address) => address.toLowerCase()))

function listOrders(account: DexpalAccount, asked: readonly string[], deps: DexpalServerDeps): ServerReply {
  const shown = shownOf(asked, deps)
  const now = deps.venueNow()
  // One reply writes all of them alike, the next one may not.
  const isOther = deps.dice.happens(0.3)
  const rows = deps.views
    .open(account.id, ({ order }) => order.account !== account.id || shown.has((order.address ?? '').toLowerCase()))
    .map((view) => {
      const address = view.order.address ?? ''
      return orderRow(view, isOther ? otherCase(address) : address, now)
    })
  // The example of the page has no timestamp, the conventions say that there always is one.
  const timestamp = deps.dice.happens(0.5) ? { timestamp: new Date(now).toISOString() } : {}
  return { status: 200, headers: {}, body: { success: true, data: rows, ...timestamp } }
}

/** Newest first. */
function listHistory(
  account: DexpalAccount,
  asked: readonly string[],
  params: Record<string, string>,
  deps: DexpalServerDeps,
): ServerReply {
  const parsed = history.safeParse(params)
  if (!parsed.success) return refused(400, `Invalid parameter: ${parsed.error.issues[0]?.path.join('.') ?? 'query'}`)
  const { from, to, limit, offset } = parsed.data
  const shown = shownOf(asked, deps)
  const positions = deps.views.trades(account.id).map(({ order, trade }) => ({
    order,
    atUs: trade.atUs,
    row: positionRow(order, trade),
  }))
  const endings = deps.views.ended(account.id).map((view) => ({
    order: view.order,
    atUs: view.order.endedUs ?? 0,
    row: endingRow(view),
  }))
  const rows = [...positions, ...(deps.knobs.dexpalNamesEndings ? endings : [])]
    .filter(({ order }) => shown.has((order.address ?? '').toLowerCase()))
    .filter(({ atUs }) => toMs(atUs) >= from && toMs(atUs) <= to)
    .sort((a, b) => b.atUs - a.atUs)
    .map(({ row }) => row)
  const page = { first: offset === 0, account: account.id, on: 'history' } as const
  const data = deps.views.tear(rows.slice(offset), page).slice(0, limit)
  const pagination = { limit, offset, total: rows.length, hasMore: offset + limit < rows.length }
  return {
    status: 200,
    headers: {},
    body: { success: true, data, pagination, timestamp: new Date(deps.venueNow()).toISOString() },
  }
}

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'Invalid or missing API key',
  403: 'Forbidden',
  404: 'Resource does not exist',
}

/** The wait of a 429 is in its words and nowhere else. */
function failure(status: number, retryAfterMs = 30_000): ServerReply {
  if (status !== 429) return refused(status, MESSAGES[status] ?? 'Internal server error')
  return refused(429, `Rate limit exceeded. Try again in ${Math.ceil(retryAfterMs / 1_000)} seconds.`)
}

const refused = (status: number, error: string): ServerReply => ({
  status,
  headers: {},
  body: { success: false, error },
})
