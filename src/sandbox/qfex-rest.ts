/** Owns the QFEX server's REST side: how orders ended, what traded, and what can be traded. */
import { z } from 'zod'
import type { QfexAccount } from './credentials.ts'
import type { FaultPoint } from './faults.ts'
import { instrumentsOf } from './instruments.ts'
import type { createQfexAuth } from './qfex-auth.ts'
import { historicRow, historicTwapRow, tradeRow } from './qfex-rows.ts'
import { queryOf, type ServerDeps, type ServerReply, type ServerRequest, type VenueServer } from './server.ts'

const POINTS: Readonly<Record<string, FaultPoint>> = {
  '/user/historic-orders': 'history',
  '/user/historic-twaps': 'history',
  '/user/trade': 'trades',
  '/refdata': 'reference',
}

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) * 1_000)
const page = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  offset: z.coerce.number().int().nonnegative().default(0),
  symbol: z.string().optional(),
})
const historic = page.extend({
  client_order_id: z.string().optional(),
  start: instant.optional(),
  end: instant.optional(),
})
const trades = page.extend({
  exchange_order_id: z.string().optional(),
  start: instant.optional(),
  end: instant.optional(),
  start_time: instant.optional(),
  end_time: instant.optional(),
})
const account = z.object({
  'x-qfex-public-key': z.string(),
  'x-qfex-nonce': z.string(),
  'x-qfex-timestamp': z.coerce.number().int(),
  'x-qfex-hmac-signature': z.string(),
  'x-qfex-requested-account-id': z.string().optional(),
})

interface Deps extends ServerDeps {
  verify: ReturnType<typeof createQfexAuth>
}

type Params = Record<string, string>

export function createQfexRest(deps: Deps): Pick<VenueServer, 'pointOf' | 'handle' | 'failure'> {
  const { views } = deps

  const historicOrders = (user: QfexAccount, params: Params): ServerReply => {
    const parsed = historic.safeParse(params)
    if (!parsed.success) return problem(422, 'Unprocessable Entity', parsed.error)
    const { limit, offset, symbol, client_order_id, start = 0, end = Number.POSITIVE_INFINITY } = parsed.data
    const rows = views
      .ended(user.id)
      .filter(({ order }) => order.kind === 'order' && (symbol === undefined || order.symbol === symbol))
      .filter(({ order }) => client_order_id === undefined || order.clientOrderId === client_order_id)
      .filter(({ order }) => (order.endedUs ?? 0) >= start && (order.endedUs ?? 0) <= end + SUB_MS)
      .reverse()
    return listed(
      views.tear(rows.slice(offset), { first: offset === 0, account: user.id, on: 'history' }),
      limit,
      rows.length,
      historicRow,
    )
  }
  const historicTwaps = (user: QfexAccount, params: Params): ServerReply => {
    const parsed = page.omit({ offset: true }).safeParse(params)
    if (!parsed.success) return problem(422, 'Unprocessable Entity', parsed.error)
    const { limit, symbol } = parsed.data
    const rows = views
      .ended(user.id)
      .filter(({ order }) => order.kind === 'algo' && (symbol === undefined || order.symbol === symbol))
      .reverse()
    return listed(rows, limit, rows.length, historicTwapRow)
  }
  const userTrades = (user: QfexAccount, params: Params): ServerReply => {
    const parsed = trades.safeParse(params)
    if (!parsed.success) return problem(422, 'Unprocessable Entity', parsed.error)
    const { limit, offset, symbol, exchange_order_id } = parsed.data
    const start = parsed.data.start ?? parsed.data.start_time ?? 0
    const end = parsed.data.end ?? parsed.data.end_time ?? Number.POSITIVE_INFINITY
    const rows = views
      .trades(user.id)
      .filter(({ order }) => symbol === undefined || order.symbol === symbol)
      .filter(({ order }) => exchange_order_id === undefined || order.id === exchange_order_id)
      .filter(({ trade }) => trade.atUs >= start && trade.atUs <= end + SUB_MS)
      .reverse()
    return listed(rows.slice(offset), limit, rows.length, ({ order, trade }) => tradeRow(order, trade))
  }

  const routes: Readonly<Record<string, (user: QfexAccount, params: Params) => ServerReply>> = {
    '/user/historic-orders': historicOrders,
    '/user/historic-twaps': historicTwaps,
    '/user/trade': userTrades,
  }
  return {
    pointOf: (path) => POINTS[path] ?? 'reference',
    failure: (status) => problem(status, TITLES[status] ?? 'Error', null),
    handle(request) {
      if (request.method !== 'GET') {
        const what = `${request.method} ${request.path}`
        deps.violated({ venue: 'qfex', account: null, what, at: deps.venueNow() })
        return problem(405, 'Method Not Allowed', null)
      }
      const params = Object.fromEntries(queryOf(request.query))
      if (request.path === '/refdata') return refdata(params.ticker)
      const route = routes[request.path]
      if (route === undefined) return problem(404, 'Not Found', null)
      const verdict = authenticate(request, deps.verify)
      return verdict.is === 'known' ? route(verdict.account, params) : problem(401, 'Unauthorized', null)
    },
  }
}

/** An end that is given in ms means all of that millisecond. */
const SUB_MS = 999

function authenticate(request: ServerRequest, verify: Deps['verify']): ReturnType<Deps['verify']> {
  const headers = account.safeParse(request.headers)
  if (!headers.success) return { is: 'unknown_key' }
  return verify({
    publicKey: headers.data['x-qfex-public-key'],
    nonce: headers.data['x-qfex-nonce'],
    unixSeconds: headers.data['x-qfex-timestamp'],
    signature: headers.data['x-qfex-hmac-signature'],
    subaccount: headers.data['x-qfex-requested-account-id'] ?? null,
  })
}

function listed<T>(rows: T[], limit: number, total: number, toRow: (row: T) => unknown): ServerReply {
  const data = rows.slice(0, limit).map(toRow)
  return { status: 200, headers: {}, body: { data: data.length === 0 ? null : data, count: total } }
}

function refdata(ticker: string | undefined): ServerReply {
  const data = instrumentsOf('qfex')
    .filter(({ symbol }) => ticker === undefined || symbol === ticker)
    .map((instrument, index) => ({
      clobPairId: String(index + 1),
      symbol: instrument.symbol,
      underlier_price: String(instrument.price),
      price_change_24h: '0.4',
      default_max_leverage: 20,
      tick_size: String(10 ** -instrument.pricePlaces),
      lot_size: String(10 ** -instrument.lotPlaces),
      min_price: '0.01',
      max_price: '1000000',
      min_quantity: String(10 ** -instrument.lotPlaces),
      max_quantity: '100000',
      base_asset: instrument.base,
      quote_asset: instrument.quote,
      margin_asset: instrument.quote,
      order_time_in_force: ['GTC', 'IOC', 'FOK'],
      order_types: ['LIMIT', 'MARKET', 'ALO', 'TAKE_PROFIT', 'STOP_LOSS'],
      market_hours: {},
      status: 'ACTIVE',
      product_category: 'equities',
    }))
  return { status: 200, headers: { 'cache-control': 'max-age=60' }, body: { type: 'refdata', data } }
}

const TITLES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
}

/** RFC 7807, as the venue's error page shows it. */
function problem(status: number, title: string, cause: z.ZodError | null): ServerReply {
  const errors = cause?.issues.map(({ message, path }) => ({ message, location: `query.${path.join('.')}` })) ?? null
  const body = { title, status, detail: cause === null ? title : 'validation failed', errors, type: 'about:blank' }
  return { status, headers: { 'content-type': 'application/problem+json' }, body }
}
