/** Owns the methods that Derive answers, over HTTP and over the socket alike. */
import { z } from 'zod'
import type { DeriveAccount } from './credentials.ts'
import { type Answer, refused } from './derive-errors.ts'
import type { DeriveLimits } from './derive-limits.ts'
import { isAlgo, isOnBook, isWaiting, orderRow, tradeRow } from './derive-rows.ts'
import type { FaultPoint } from './faults.ts'
import type { ServerDeps } from './server.ts'
import { toMs } from './truth.ts'
import type { View } from './views.ts'

export type Params = Readonly<Record<string, unknown>>

/** Who asks: what a signature or a log-in has shown it may read. */
export interface Caller {
  wallet: string
  accounts: readonly DeriveAccount[]
}

export interface DeriveDeps extends ServerDeps {
  accounts: readonly DeriveAccount[]
  limits: DeriveLimits
}

export interface Method {
  on: FaultPoint
  answer: (params: Params, caller: Caller, deps: DeriveDeps) => Answer
}

const MAX_PAGE_SIZE = 1_000
const unsigned = z.int().nonnegative()
const page = { page: unsigned.nullish(), page_size: unsigned.nullish() }
const window = { from_timestamp: z.int().nullish(), to_timestamp: z.int().nullish() }
const history = z.object({ wallet: z.string().nullish(), ...window, ...page })
const tradeHistory = history.extend({
  order_id: z.string().nullish(),
  instrument_name: z.string().nullish(),
  quote_id: z.string().nullish(),
})
const olderOrders = z.object({
  instrument_name: z.string().nullish(),
  label: z.string().nullish(),
  status: z.enum(['open', 'filled', 'cancelled', 'expired', 'untriggered']).nullish(),
  ...page,
})
const oneOrder = z.object({ order_id: z.uuid() })

/** Methods of v3 with their paths' last two parts; all of them read. */
export const V3_METHODS: Readonly<Record<string, Method>> = {
  'private/get_open_orders': { on: 'list', answer: aggregated(isOnBook) },
  'private/get_trigger_orders': { on: 'list', answer: aggregated(isWaiting) },
  'private/get_algo_orders': { on: 'list', answer: algoOrders },
  'private/get_order': { on: 'lookup', answer: oneOf },
  'private/get_order_history': { on: 'history', answer: orderHistory },
  'private/get_trade_history': { on: 'trades', answer: tradesOf },
  'private/get_subaccounts': { on: 'reference', answer: subaccountsOf },
  'public/get_time': { on: 'reference', answer: (_, __, deps) => ({ result: Math.floor(deps.venueNow()) }) },
  'public/getRateLimits': { on: 'reference', answer: rateLimits },
}

/** The one method of the older page that a mirror needs. */
export const V2_METHODS: Readonly<Record<string, Method>> = {
  'private/get_orders': { on: 'list', answer: olderList },
  'public/get_time': { on: 'reference', answer: (_, __, deps) => ({ result: Math.floor(deps.venueNow()) }) },
}

/** The account that a request speaks of, for faults that strike one account; null where it names none of ours. */
export function accountNamed(params: unknown, accounts: readonly DeriveAccount[]): DeriveAccount | null {
  const named = z.object({ subaccount_id: z.int() }).safeParse(params)
  return accounts.find(({ subaccountId }) => named.success && subaccountId === named.data.subaccount_id) ?? null
}

/** The account, or the error for one that the caller may not read. */
type Own = { account: DeriveAccount } | { error: ReturnType<typeof refused> }

function own(params: Params, { accounts }: Caller, deps: DeriveDeps): Own {
  const { subaccount_id: id } = params
  if (id === undefined || id === null) return { error: refused(14025) }
  // Digits in quotes are no integer to this venue.
  if (!Number.isSafeInteger(id)) {
    const found = typeof id === 'string' ? `string ${JSON.stringify(id.slice(0, 40))}` : typeof id
    return { error: refused(-32602, `invalid type: ${found}, expected i64`) }
  }
  const account = accounts.find(({ subaccountId }) => subaccountId === id)
  if (account !== undefined) return { account }
  return { error: refused(deps.accounts.some(({ subaccountId }) => subaccountId === id) ? 14020 : 14001) }
}

function aggregated(isListed: (view: View) => boolean): Method['answer'] {
  return (params, caller, deps) => {
    const found = own(params, caller, deps)
    if ('error' in found) return found.error
    const { account } = found
    const orders = deps.views.open(account.id, isListed).map((view) => rowOf(view, account, deps))
    return { result: { subaccount_id: account.subaccountId, orders } }
  }
}

/** The bare list, where its two siblings wrap theirs. */
function algoOrders(params: Params, caller: Caller, deps: DeriveDeps): Answer {
  const found = own(params, caller, deps)
  if ('error' in found) return found.error
  return { result: deps.views.open(found.account.id, isAlgo).map((view) => rowOf(view, found.account, deps)) }
}

/** A conditional order that has not fired is not found, nor is one that ended before it did. */
function oneOf(params: Params, caller: Caller, deps: DeriveDeps): Answer {
  const found = own(params, caller, deps)
  if ('error' in found) return found.error
  const parsed = oneOrder.safeParse(params)
  if (!parsed.success) return invalid(parsed.error)
  const view = deps.views.one(found.account.id, parsed.data.order_id, 'lookup')
  return view === null || isWaiting(view) ? refused(11006) : { result: orderRow(view, found.account) }
}

function orderHistory(params: Params, caller: Caller, deps: DeriveDeps): Answer {
  const parsed = history.safeParse(params)
  if (!parsed.success) return invalid(parsed.error)
  return forEach(params, caller, deps, (accounts) => {
    const { from_timestamp: from, to_timestamp: to } = parsed.data
    const rows = accounts.flatMap((account) =>
      deps.views
        .ended(account.id)
        .filter(({ order }) => isWithin(toMs(order.endedUs ?? 0), from, to))
        .map((view) => ({ atUs: view.order.endedUs ?? 0, row: orderRow(view, account, true) })),
    )
    return paged(rows, parsed.data, accounts, 'orders', 'history', deps)
  })
}

function tradesOf(params: Params, caller: Caller, deps: DeriveDeps): Answer {
  const parsed = tradeHistory.safeParse(params)
  if (!parsed.success) return invalid(parsed.error)
  return forEach(params, caller, deps, (accounts) => {
    const { from_timestamp: from, to_timestamp: to, order_id, instrument_name, quote_id } = parsed.data
    const rows = accounts.flatMap((account) =>
      deps.views
        .trades(account.id)
        .filter(({ order }) => order_id == null || order.id === order_id)
        .filter(({ order }) => quote_id == null && (instrument_name == null || order.symbol === instrument_name))
        .filter(({ trade }) => isWithin(toMs(trade.atUs), from, to))
        .map(({ order, trade }) => ({ atUs: trade.atUs, row: tradeRow(order, trade, account, deps.venueNow()) })),
    )
    return paged(rows, parsed.data, accounts, 'trades', 'trades', deps)
  })
}

function subaccountsOf(_: Params, { wallet, accounts }: Caller): Answer {
  return { result: { wallet, subaccount_ids: idsOf(accounts) } }
}

export const idsOf = (accounts: readonly DeriveAccount[]): number[] =>
  accounts.map(({ subaccountId }) => subaccountId).sort((a, b) => a - b)

function rateLimits(_: Params, { wallet }: Caller, { limits }: DeriveDeps): Answer {
  const remaining = limits.report(wallet)
  return {
    result: { remaining_matching: remaining, remaining_non_matching: remaining, remaining_per_endpoint: {} },
  }
}

/** `GET Orders` of v2: of any status if none is given, the newest first. */
function olderList(params: Params, caller: Caller, deps: DeriveDeps): Answer {
  const found = own(params, caller, deps)
  if ('error' in found) return found.error
  const parsed = olderOrders.safeParse(params)
  if (!parsed.success) return invalid(parsed.error)
  const { account } = found
  const { status, instrument_name, label } = parsed.data
  const wants = (row: Readonly<Record<string, unknown>>) =>
    (status == null || row.order_status === status) &&
    (instrument_name == null || row.instrument_name === instrument_name) &&
    (label == null || row.label === label)
  const living = status == null || status === 'open' || status === 'untriggered'
  const isListed = (view: View) => wants(rowOf(view, account, deps))
  const live = living ? deps.views.open(account.id, isListed) : []
  const ended = status == null || !living ? deps.views.ended(account.id).filter(isListed) : []
  const rows = [...ended, ...live].map((view) => ({
    atUs: view.order.openedUs,
    row: rowOf(view, account, deps),
  }))
  return paged(rows, parsed.data, [account], 'orders', 'list', deps)
}

/** One subaccount or a whole wallet, exactly one of the two. */
function forEach(
  params: Params,
  caller: Caller,
  deps: DeriveDeps,
  answer: (accounts: readonly DeriveAccount[]) => Answer,
): Answer {
  const { wallet, subaccount_id: id } = params
  if (typeof wallet === 'string' && id == null) {
    return wallet.toLowerCase() === caller.wallet ? answer(caller.accounts) : refused(14000)
  }
  if (wallet != null) return refused(-32602, 'specify exactly one of subaccount_id and wallet')
  const found = own(params, caller, deps)
  return 'error' in found ? found.error : answer([found.account])
}

interface Dated {
  atUs: number
  row: unknown
}

/** Newest first. A page above the last is answered with the last one again. */
function paged(
  all: readonly Dated[],
  { page, page_size }: { page?: number | null | undefined; page_size?: number | null | undefined },
  accounts: readonly DeriveAccount[],
  name: 'orders' | 'trades',
  on: FaultPoint,
  deps: DeriveDeps,
): Answer {
  const size = Math.min(MAX_PAGE_SIZE, Math.max(1, page_size ?? 100))
  const sorted = all.toSorted((a, b) => b.atUs - a.atUs).map(({ row }) => row)
  const pages = Math.ceil(sorted.length / size)
  const number = Math.min(Math.max(1, page ?? 1), Math.max(1, pages))
  const rest = sorted.slice((number - 1) * size)
  const [account] = accounts
  const torn = account === undefined ? rest : deps.views.tear(rest, { first: number === 1, account: account.id, on })
  const rows = torn.slice(0, size)
  const pagination = { count: sorted.length, num_pages: pages }
  return { result: { subaccount_id: account?.subaccountId ?? 0, [name]: rows, pagination } }
}

/** By the account that the order really is of: a list can be somebody else's. */
function rowOf(view: View, asked: DeriveAccount, { accounts }: DeriveDeps) {
  return orderRow(view, accounts.find(({ id }) => id === view.order.account) ?? asked)
}

const isWithin = (ms: number, from: number | null | undefined, to: number | null | undefined): boolean =>
  ms >= (from ?? Number.NEGATIVE_INFINITY) && ms <= (to ?? Number.POSITIVE_INFINITY)

function invalid(error: z.ZodError): Answer {
  const [issue] = error.issues
  return refused(-32602, `${issue?.path.join('.') ?? 'params'}: ${issue?.message ?? 'invalid'}`)
}
