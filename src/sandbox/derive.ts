/** Owns the Derive server of the sandbox: both protocols over HTTP, and the socket of v3 with what it pushes. */
import { z } from 'zod'
import type { MarketChange } from './book.ts'
import { uuidOf } from './chance.ts'
import type { DeriveAccount } from './credentials.ts'
import { createDeriveAuth, type DeriveClaim, type DeriveVerdict } from './derive-auth.ts'
import { type Answer, codeOfStatus, type RpcCode, refused } from './derive-errors.ts'
import { createDeriveLimits } from './derive-limits.ts'
import { accountNamed, type Caller, type DeriveDeps, type Params, V2_METHODS, V3_METHODS } from './derive-methods.ts'
import { orderRow, tradeRow } from './derive-rows.ts'
import { createDeriveConversation, type DeriveSession, NOBODY } from './derive-socket.ts'
import type { Knobs } from './knobs.ts'
import type { ServerDeps, ServerReply, ServerRequest, VenueServer } from './server.ts'

const PATH = /^(\/v3)?\/((?:private|public)\/\w+)$/
const SOCKET_PATH = '/v3/ws'
/** What reads without being of use to a mirror; everything else that is private changes something. */
const READS = /^(?:public\/\w+|private\/(?:get_|poll_|session_keys)\w*)$/

const params = z.record(z.string(), z.unknown())

export interface DeriveServerDeps extends ServerDeps {
  accounts: readonly DeriveAccount[]
  knobs: Knobs
}

export function createDeriveServer(given: DeriveServerDeps): VenueServer {
  const { market, faults, knobs, clock } = given
  const limits = createDeriveLimits({ clock, knobs })
  const deps: DeriveDeps = { ...given, limits }
  const verify = createDeriveAuth(given)
  const sessions = new Set<DeriveSession>()
  let replies = 0

  const refuseTrading = (method: string, account: DeriveAccount | null): Answer => {
    if (READS.test(method)) return refused(-32601)
    deps.violated({ venue: 'derive', account: account?.id ?? null, what: method, at: deps.venueNow() })
    return refused(method.startsWith('private/') ? 14031 : -32601)
  }
  const identify = (claim: DeriveClaim): Caller | ReturnType<typeof refused> => {
    const verdict = verify(claim)
    if (verdict.is !== 'known') return refused(REFUSALS[verdict.is])
    const { accounts } = verdict
    const isRefused = accounts.some(({ id }) =>
      faults.strike('refuse_auth', { venue: 'derive', account: id, on: 'auth' }),
    )
    return isRefused ? refused(14030) : { wallet: claim.wallet.toLowerCase(), accounts }
  }
  const call = (request: ServerRequest, isV3: boolean, method: string): Answer => {
    const body = paramsOf(request.body)
    if (body === null) return refused(-32700)
    const known = (isV3 ? V3_METHODS : V2_METHODS)[method]
    if (known === undefined) return refuseTrading(method, accountNamed(body, deps.accounts))
    const caller = method.startsWith('public/') ? NOBODY : callerOf(request, isV3)
    if ('error' in caller) return caller
    return limits.take(caller.wallet) ? known.answer(body, caller, deps) : refused(-32000)
  }
  const callerOf = ({ headers }: ServerRequest, isV3: boolean) => {
    const claim = claimOf(headers, isV3 ? 'x-derive' : 'x-lyra')
    return claim === null ? refused(14021) : identify(claim)
  }
  const answered = (answer: Answer, status = 200): ServerReply => {
    return { status, headers: {}, body: { id: uuidOf('derive/replies', replies++), ...answer } }
  }

  market.watch((change) => {
    const { order } = change
    const account = deps.accounts.find(({ id }) => id === order.account)
    if (account?.protocol !== 'v3' || faults.hides(order.id, 'frames')) return
    announce(change, account, sessions, deps)
  })

  return {
    venue: 'derive',
    takesSocketAt: (path) => path === SOCKET_PATH,
    pointOf(path) {
      const [, v3, method = ''] = PATH.exec(path) ?? []
      return (v3 === undefined ? V2_METHODS : V3_METHODS)[method]?.on ?? 'reference'
    },
    failure: (status) => answered(refused(codeOfStatus(status)), status),
    handle(request) {
      const [, v3, method] = PATH.exec(request.path) ?? []
      if (request.method !== 'POST' || method === undefined) return plain(request.method === 'POST' ? 404 : 405)
      // The newer gateway lets nobody in who does not say who it is.
      if (v3 !== undefined && (request.headers['user-agent'] ?? '') === '') return plain(403)
      return answered(call(request, v3 !== undefined, method))
    },
    converse(peer) {
      const session: DeriveSession = { peer, caller: null, channels: new Set() }
      if (sessions.size >= knobs.deriveSockets) return turnAway(session, deps)
      sessions.add(session)
      return createDeriveConversation(session, { deps, identify, refuseTrading, left: () => sessions.delete(session) })
    },
  }
}

/** The account whose list or history a request is for, by the subaccount in its body. */
export const deriveAccountOf =
  (accounts: readonly DeriveAccount[]) =>
  ({ body }: ServerRequest): string | null =>
    accountNamed(paramsOf(body), accounts)?.id ?? null

const REFUSALS: Record<Exclude<DeriveVerdict['is'], 'known'>, RpcCode> = {
  unknown_wallet: 14000,
  bad_signature: 14014,
  unknown_key: 14026,
  stale: 14014,
}

function claimOf(headers: ServerRequest['headers'], prefix: string): DeriveClaim | null {
  const [wallet, timestamp, signature] = ['wallet', 'timestamp', 'signature'].map((name) => headers[prefix + name])
  if (wallet === undefined || timestamp === undefined || signature === undefined) return null
  return { wallet, timestamp, signature }
}

function paramsOf(body: string): Params | null {
  try {
    return params.parse(body === '' ? {} : JSON.parse(body))
  } catch {
    return null
  }
}

const plain = (status: number): ServerReply => ({ status, headers: {}, body: { message: `HTTP ${status}` } })

/** What the conversation was begun with has to be returned before its socket can be closed. */
function turnAway({ peer }: DeriveSession, { clock }: DeriveDeps) {
  const timer = clock.after(0, () => {
    peer.send({ id: null, ...refused(-32100) }, 'auth', null)
    peer.close(1008, 'too many connections')
  })
  return { accounts: () => [], receive: () => undefined, closed: () => timer[Symbol.dispose]() }
}

/** The two channels are not ordered against each other, and a replacement may be heard of before what it replaces. */
function announce(change: MarketChange, account: DeriveAccount, sessions: Set<DeriveSession>, deps: DeriveDeps): void {
  const { order, state, trade } = change
  const frames: [string, unknown][] = []
  if (isTold(change)) {
    const rows = rowsOf(change, account, deps)
    // One notification carries several rows, or each has its own.
    const messages = deps.dice.happens(0.5) ? [rows] : rows.map((row) => [row])
    for (const data of messages) frames.push([`${account.subaccountId}.orders`, data])
  }
  if (trade !== null) {
    frames.push([`${account.subaccountId}.trades`, [tradeRow(order, trade, account, deps.venueNow())]])
  }
  if (deps.dice.happens(0.5)) frames.reverse()
  for (const { peer, channels } of sessions) {
    for (const [channel, data] of frames) {
      if (!channels.has(channel)) continue
      peer.send({ method: 'subscription', params: { channel, data } }, 'frames', account.id)
      if (state.status === 'open') order.shownOpen = true
    }
  }
}

/** What is over at once is told when it is; an order that is being replaced is told together with its successor. */
const isTold = ({ order, state }: MarketChange): boolean =>
  state.reason !== 'replaced' && (state.change !== 'opened' || order.rests)

function rowsOf({ order, state }: MarketChange, account: DeriveAccount, deps: DeriveDeps): unknown[] {
  const row = orderRow({ order, state, trades: order.trades }, account)
  const replaced = order.replaces === null || state.change !== 'opened' ? null : deps.market.order(order.replaces)
  const before = replaced === null ? null : deps.views.one(account.id, replaced.id, 'frames')
  if (before === null) return [row]
  const rows = [orderRow(before, account), row]
  return deps.dice.happens(0.5) ? rows.reverse() : rows
}
