/** Owns one client's talk on QFEX's trade socket: logging in, subscribing, asking, and being told no. */
import { z } from 'zod'
import type { QfexAccount } from './credentials.ts'
import type { createQfexAuth, QfexVerdict } from './qfex-auth.ts'
import { orderRow, twapRow, userTradeRow } from './qfex-rows.ts'
import type { Conversation, Peer, ServerDeps } from './server.ts'
import type { View } from './views.ts'

const CHANNELS = ['order_responses', 'fills', 'positions', 'balances', 'stop_orders']
const TRADING = new Set([
  'add_order',
  'modify_order',
  'cancel_order',
  'cancel_all_orders',
  'close_position',
  'add_twap',
  'cancel_stop_order',
  'modify_stop_order',
  'cancel_on_disconnect',
  'set_user_leverage',
])
const WEIGHTS: Readonly<Record<string, number>> = { get_order: 2, get_user_orders: 5, get_user_trades: 0.5 }
const OTHER_WEIGHT = 0.1
const AUTH_TIMEOUT_MS = 60_000
const PING_EVERY_MS = 20_000
const BALANCE_EVERY_MS = 1_000
const MAX_ROWS = 1_000
const ACKS = {
  result_success: { type: 'auth', result: 'success' },
  authenticated_true: { authenticated: true },
  type_authenticated: { type: 'authenticated' },
} as const
const VARIANTS = ['result_success', 'authenticated_true', 'type_authenticated'] as const

const message = z.object({ type: z.string(), params: z.record(z.string(), z.unknown()).default({}) })
const hmac = z.object({ public_key: z.string(), nonce: z.string(), unix_ts: z.int(), signature: z.string() })
const authParams = z.object({ hmac, account_id: z.uuid().optional() })
const channelParams = z.object({ channels: z.array(z.enum(CHANNELS)) })
const count = z.int().nonnegative()
const listParams = z.object({ limit: count.default(MAX_ROWS), offset: count.default(0), symbol: z.string().optional() })
const orderParams = z.object({ symbol: z.string(), order_id: z.string() })
const tradesParams = z.object({
  limit: count.default(100),
  offset: count.default(0),
  order_id: z.string().optional(),
  start_ts: z.number().optional(),
  end_ts: z.number().optional(),
})

/** One socket and what its client has asked to hear. */
export interface Session {
  peer: Peer
  user: QfexAccount | null
  channels: Set<string>
}

export interface QfexDeps extends ServerDeps {
  accounts: readonly QfexAccount[]
}

/** What a conversation shares with the server. */
export interface Room {
  deps: QfexDeps
  verify: ReturnType<typeof createQfexAuth>
  pay: (user: QfexAccount, weight: number) => number
  left: () => void
  views: ServerDeps['views']
}

export function createConversation(session: Session, room: Room): Conversation {
  const { deps } = room
  const timers = new Map<string, Disposable>()
  const every = (name: string, ms: number, run: () => void) => {
    const again = () => {
      run()
      timers.set(name, deps.clock.after(ms, again))
    }
    timers.set(name, deps.clock.after(ms, again))
  }
  timers.set(
    'auth',
    deps.clock.after(AUTH_TIMEOUT_MS, () => session.peer.close(1008, 'authentication timeout')),
  )
  return {
    accounts: () => (session.user === null ? [] : [session.user.id]),
    closed() {
      for (const timer of timers.values()) timer[Symbol.dispose]()
      room.left()
    },
    receive(text) {
      const incoming = message.safeParse(jsonOf(text))
      if (!incoming.success) return fail(session, 'InvalidJSONFormat', 'not a message', text.slice(0, 1_000))
      const { type, params } = incoming.data
      if (type === 'auth') {
        if (!logIn(session, params, room, incoming.data)) return
        timers.get('auth')?.[Symbol.dispose]()
        every('ping', PING_EVERY_MS, () => session.peer.beat())
        return
      }
      if (isViolation(type)) {
        const what = `${type} on the trade socket`
        deps.violated({ venue: 'qfex', account: session.user?.id ?? null, what, at: deps.venueNow() })
        return fail(session, 'PermissionDenied', 'this key may not trade', incoming.data)
      }
      const user = session.user
      if (user === null) return fail(session, 'PermissionDenied', 'not authenticated', incoming.data)
      const wait = room.pay(user, WEIGHTS[type] ?? OTHER_WEIGHT)
      if (wait > 0) return fail(session, 'RateLimited', `retry after ${wait}ms`, incoming.data)
      if (!answer(session, user, type, params, room)) fail(session, 'InvalidParameter', 'invalid params', incoming.data)
      if (session.channels.has('balances') && !timers.has('balances')) {
        every('balances', BALANCE_EVERY_MS, () => session.peer.send(balance(user), 'frames', user.id))
      }
    },
  }
}

const READING = new Set(['subscribe', 'unsubscribe', 'get_user_orders', 'get_order', 'get_user_trades'])
const isViolation = (type: string): boolean => TRADING.has(type) || !READING.has(type)

function logIn(session: Session, params: unknown, { deps, verify }: Room, incoming: unknown): boolean {
  const site = { venue: 'qfex', account: null, on: 'auth' } as const
  if (session.user !== null) {
    fail(session, 'AlreadyAuthenticated', null, incoming)
    return false
  }
  const parsed = authParams.safeParse(params)
  if (!parsed.success) {
    // Without an HMAC block there is nothing to check: the shape of older samples is refused since it became mandatory.
    fail(session, 'InvalidParameter', 'hmac is required', incoming)
    return false
  }
  const { public_key: publicKey, nonce, unix_ts: unixSeconds, signature } = parsed.data.hmac
  const verdict = verify({ publicKey, nonce, unixSeconds, signature, subaccount: parsed.data.account_id ?? null })
  const account = verdict.is === 'known' ? verdict.account.id : null
  const refusal = deps.faults.strike('refuse_auth', { ...site, account })
  if (verdict.is !== 'known' || refusal !== null) {
    refuse(session, refusal?.as ?? REFUSALS[verdict.is], verdict, incoming)
    return false
  }
  session.user = verdict.account
  const variant = deps.faults.strike('auth_variant', { ...site, account })?.as ?? deps.dice.pick(VARIANTS)
  session.peer.send(ACKS[variant], 'auth', account)
  return true
}

const REFUSALS: Record<QfexVerdict['is'], 'authenticated_false' | 'err'> = {
  known: 'authenticated_false',
  unknown_key: 'authenticated_false',
  bad_signature: 'authenticated_false',
  stale: 'err',
  nonce_reused: 'err',
  bad_nonce: 'err',
  no_such_subaccount: 'err',
}

function refuse(session: Session, as: string, verdict: QfexVerdict, incoming: unknown): void {
  if (as === 'authenticated_false') session.peer.send({ authenticated: false }, 'auth', null)
  else if (as === 'err') fail(session, 'PermissionDenied', verdict.is.replaceAll('_', ' '), incoming)
  session.peer.close(1008, 'not authenticated')
}

/** False where the parameters are not what the message takes. */
function answer(session: Session, user: QfexAccount, type: string, params: unknown, room: Room): boolean {
  switch (type) {
    case 'subscribe':
    case 'unsubscribe':
      return changeChannels(session, type, params)
    case 'get_user_orders':
      return listOrders(session, user, params, room)
    case 'get_order':
      return showOrder(session, user, params, room)
    default:
      return listTrades(session, user, params, room)
  }
}

function changeChannels(session: Session, type: 'subscribe' | 'unsubscribe', params: unknown): boolean {
  const parsed = channelParams.safeParse(params)
  if (!parsed.success) return false
  for (const channel of parsed.data.channels) {
    if (type === 'subscribe') session.channels.add(channel)
    else session.channels.delete(channel)
    session.peer.send({ [`${type}d`]: channel }, 'auth', session.user?.id ?? null)
  }
  return true
}

function listOrders(session: Session, user: QfexAccount, params: unknown, { views, deps }: Room): boolean {
  const parsed = listParams.safeParse(params)
  if (!parsed.success) return false
  const { limit, offset, symbol } = parsed.data
  const open = views.open(user.id).filter(({ order }) => symbol === undefined || order.symbol === symbol)
  const orders = open.filter(({ order }) => order.kind === 'order').slice(offset)
  const page = views
    .tear(orders, { first: offset === 0, account: user.id, on: 'list' })
    .slice(0, Math.min(limit, MAX_ROWS))
  const twaps = offset > 0 ? [] : open.filter(({ order }) => order.kind === 'algo')
  const userIdOf = (view: View) => deps.accounts.find(({ id }) => id === view.order.account)?.userId ?? user.userId
  const isWhole = deps.faults.strike('missing_list', { venue: 'qfex', account: user.id, on: 'list' }) === null
  const body = {
    orders: page.map((view) => orderRow(view, userIdOf(view))),
    ...(isWhole ? { twaps: twaps.map((view) => twapRow(view, userIdOf(view))) } : {}),
  }
  session.peer.send({ all_orders_response: body }, 'list', user.id)
  return true
}

/** Only open orders are found; the reply to any other id is an empty list under the same key. */
function showOrder(session: Session, user: QfexAccount, params: unknown, { views }: Room): boolean {
  const parsed = orderParams.safeParse(params)
  if (!parsed.success) return false
  const view = views.one(user.id, parsed.data.order_id, 'lookup')
  const isFound = view !== null && view.state.status === 'open' && view.order.symbol === parsed.data.symbol
  const orders = isFound && view.order.rests && view.order.kind === 'order' ? [orderRow(view, user.userId)] : []
  session.peer.send({ all_orders_response: { orders, stop_orders: [] } }, 'lookup', user.id)
  return true
}

function listTrades(session: Session, user: QfexAccount, params: unknown, { views }: Room): boolean {
  const parsed = tradesParams.safeParse(params)
  if (!parsed.success) return false
  const { limit, offset, order_id, start_ts = 0, end_ts = Number.POSITIVE_INFINITY } = parsed.data
  const rows = views
    .trades(user.id)
    .filter(({ order }) => order_id === undefined || order.id === order_id)
    .filter(({ trade }) => trade.atUs >= start_ts * 1e6 && trade.atUs <= end_ts * 1e6)
    .reverse()
  const user_trades = rows.slice(offset, offset + limit).map(({ order, trade }) => userTradeRow(order, trade))
  session.peer.send({ user_trades, count: user_trades.length }, 'trades', user.id)
  return true
}

const balance = (user: QfexAccount) => ({
  balance_response: { id: user.userId, user_id: user.userId, deposit: 100_000, available_balance: 100_000 },
})

function fail(session: Session, error_code: string, text: string | null, incoming: unknown): void {
  session.peer.send(
    { err: { error_code, message: text, incoming_message: incoming } },
    'auth',
    session.user?.id ?? null,
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
