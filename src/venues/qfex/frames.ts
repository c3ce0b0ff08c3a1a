/** Owns the reading of the trade socket: one text in, everything it means out. It never throws. */
import type { OrderRef } from '../../core/order.ts'
import type { Budget } from '../budget.ts'
import { VenueError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { sampleOf, scrubText } from '../scrub.ts'
import type { Inbound, Reply } from '../venue.ts'
import { type FindInstrument, framedFill, framedOrder, twapOrder } from './map.ts'
import type { Memory } from './memory.ts'
import { pauseMs } from './rest.ts'
import { STATUSES } from './statuses.ts'
import { errSchema, fillSchema, legibleId, orderSchema, outcomeSchema, problemOf, twapSchema } from './wire.ts'

export interface FrameDeps {
  account: string
  find: FindInstrument
  memory: Memory
  budget: Budget
  scrubSecrets: (text: string) => string
}

export const AUTH = 'auth'
export const SUBSCRIBED = 'subscribed'
export const ALL_ORDERS = 'all_orders_response'

/** Messages of channels and requests that are not ours to use. */
const IGNORED = new Set([
  ...['ack', 'position_response', 'balance_response', 'user_leverage_response', 'available_leverage_levels_response'],
  ...['user_trades', 'user_trades_response', 'count', 'unsubscribed'],
])

/** Kinds of message that nobody has documented are shown once each, up to this many. */
const MAX_STRANGERS = 20
const MAX_MESSAGE_CHARS = 200

type Read = (body: unknown, deps: FrameDeps) => Inbound[]

const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['order_response', readOrder],
  ['fill_response', readFill],
  ['twap_response', readTwap],
  ['stop_order_response', readStop],
  ['err', readError],
  [ALL_ORDERS, (body) => [reply(ALL_ORDERS, null, body)]],
  ['authenticated', (body) => [reply(AUTH, null, body === true)]],
  ['subscribed', readSubscribed],
])

export function createFrameReader(deps: FrameDeps): (text: string) => Inbound[] {
  const strangers = new Set<string>()
  return (text) => {
    const message = messageOf(text)
    if (message === null) return unreadable(deps, 'message', 'not a JSON object', text)
    const typed = readTyped(message, deps)
    if (typed !== null) return typed
    const inbound = Object.entries(message).flatMap(([key, body]) => READERS.get(key)?.(body, deps) ?? [])
    if (inbound.length > 0) return inbound
    const kind = String(message.type ?? Object.keys(message).find((name) => !IGNORED.has(name)) ?? 'ack')
    if (IGNORED.has(kind) || strangers.has(kind) || strangers.size >= MAX_STRANGERS) return [{ is: 'noise' }]
    strangers.add(kind)
    const item = { where: 'message', problem: 'a kind of message nobody documented', sample: sample(deps, message) }
    return [{ is: 'quarantine', account: deps.account, item }]
  }
}

function messageOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = parseJson(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? Object.fromEntries(Object.entries(value)) : null
  } catch {
    return null
  }
}

/** The forms with a `type`: two of the three ways in which success is told, the envelope of a subscription, the flat error. */
function readTyped(message: Readonly<Record<string, unknown>>, deps: FrameDeps): Inbound[] | null {
  const { type } = message
  if (type === 'auth') return [reply(AUTH, null, message.result === 'success')]
  if (type === 'authenticated') return [reply(AUTH, null, true)]
  if (type === 'subscribed' && typeof message.channel === 'string') return readSubscribed(message.channel)
  if (type === 'Err' || type === 'err') return readError(message, deps)
  return null
}

/** Acknowledgements come one a channel; the older envelope puts a version before its name. */
function readSubscribed(body: unknown): Inbound[] {
  const channels = Array.isArray(body) ? body : [body]
  return channels.flatMap((channel) =>
    typeof channel === 'string' ? [reply(SUBSCRIBED, channel.replace(/^v\d+_/, ''), null)] : [],
  )
}

function readOrder(body: unknown, deps: FrameDeps): Inbound[] {
  const { account, memory } = deps
  const outcome = outcomeSchema.safeParse(body)
  const ref = refOf('order', legibleId(body, 'order_id'))
  if (!outcome.success) return unreadable(deps, 'order_response', problemOf(outcome.error), body, ref)
  const { status, user_id: user } = outcome.data
  if (!memory.isOurs(user)) return unreadable(deps, 'order_response', 'user_id: of another user', body, ref)
  const meaning = STATUSES.get(status)
  // Whether the order is open already is the store's to know; here it is somebody's request that came to nothing.
  if (meaning === 'refused') return [doubt(account, `a request ended in ${status}`, ref), { is: 'rejected', account }]
  if (meaning === 'request') return [doubt(account, `a request ended in ${status}`, ref)]

  const row = orderSchema.safeParse(body)
  if (!row.success) return unreadable(deps, 'order_response', problemOf(row.error), body, ref)
  if (meaning === undefined) return [doubt(account, `a status word we do not know: ${status.slice(0, 60)}`, ref)]
  memory.learnUser(user)
  memory.sawSymbol(row.data.symbol)
  const sighting = framedOrder(row.data, deps.find)
  return sighting === null ? [] : [{ is: 'order', account, sighting, tradeId: row.data.trade_id || null }]
}

/** A trade that is taken back is not an execution, and no document says how it would look. */
const REVERSED = /BUST|CANCEL|REVERS|CORRECT/i

function readFill(body: unknown, deps: FrameDeps): Inbound[] {
  const { account, memory } = deps
  const ref = refOf('order', legibleId(body, 'order_id'))
  const row = fillSchema.safeParse(body)
  if (!row.success) return unreadable(deps, 'fill_response', problemOf(row.error), body, ref)
  if (!memory.isOurs(row.data.user_id)) {
    return unreadable(deps, 'fill_response', 'user_id: of another user', body, ref)
  }
  if (REVERSED.test(row.data.execution_type ?? '')) {
    return unreadable(deps, 'fill_response', 'execution_type: not an execution', body, ref)
  }
  memory.learnUser(row.data.user_id)
  memory.sawSymbol(row.data.symbol)
  const fill = framedFill(row.data, deps.find)
  memory.streamed(fill)
  return [{ is: 'fill', account, fill }]
}

function readTwap(body: unknown, deps: FrameDeps): Inbound[] {
  const { account, memory } = deps
  const ref = refOf('algo', legibleId(body, 'twap_id'))
  const row = twapSchema.safeParse(body)
  if (!row.success) return unreadable(deps, 'twap_response', problemOf(row.error), body, ref)
  if (!memory.isOurs(row.data.user_id)) {
    return unreadable(deps, 'twap_response', 'user_id: of another user', body, ref)
  }
  memory.learnUser(row.data.user_id)
  memory.sawSymbol(row.data.symbol)
  const sighting = twapOrder(row.data, 'frame', deps.find)
  if (sighting.claim.is === 'unrecognised') return [doubt(account, 'a TWAP status we do not know', ref)]
  return [{ is: 'order', account, sighting, tradeId: null }]
}

/** It carries no status, and only the list knows whether the same stop is an order too. */
function readStop(body: unknown, { account }: FrameDeps): Inbound[] {
  return [doubt(account, 'a stop changed', refOf('trigger', legibleId(body, 'stop_order_id')))]
}

function readError(body: unknown, deps: FrameDeps): Inbound[] {
  const parsed = errSchema.safeParse(body)
  if (!parsed.success) {
    return [{ is: 'error', id: null, error: new VenueError('later', 'an error without a code') }]
  }
  const { error_code: code, message } = parsed.data
  // The echo of our request is left out: it may be the one that logs in.
  const text = `${code.slice(0, 60)} ${scrubText(deps.scrubSecrets(message ?? ''))}`.trim().slice(0, MAX_MESSAGE_CHARS)
  return [{ is: 'error', id: null, error: errorOf(code, text, message ?? '', deps.budget) }]
}

/** https://docs.qfex.com/websocket/errors, and the set may grow. */
function errorOf(code: string, text: string, hint: string, budget: Budget): VenueError {
  switch (code) {
    case 'RateLimited': {
      const afterMs = pauseMs(hint)
      budget.pause(afterMs)
      return new VenueError('limited', text, { retry: { afterMs } })
    }
    case 'PermissionDenied':
    case 'KycRequired':
    case 'TncRequired':
      return new VenueError('refused', text)
    case 'InvalidJSONFormat':
    case 'InvalidParameter':
    case 'InvalidOrder':
    case 'AlreadyAuthenticated':
      return new VenueError('misused', text)
    default:
      return new VenueError('later', text)
  }
}

// ---- the forms of what is said ----------------------------------------------------------------------------------------

const reply = (name: string, id: string | null, body: unknown): Reply => ({ is: 'reply', name, id, body })

const doubt = (account: string, why: string, ref: OrderRef | null): Inbound => ({ is: 'doubt', account, why, ref })

const refOf = (kind: OrderRef['kind'], venueOrderId: string | null): OrderRef | null =>
  venueOrderId === null ? null : { kind, venueOrderId }

/** Kept for a look, and looked at again: what we could not read may have been the end of an order. */
function unreadable(
  deps: FrameDeps,
  where: string,
  problem: string,
  body: unknown,
  ref: OrderRef | null = null,
): Inbound[] {
  const item = { where, problem, sample: sample(deps, body) }
  return [{ is: 'quarantine', account: deps.account, item }, doubt(deps.account, `${where} could not be read`, ref)]
}

const sample = (deps: FrameDeps, body: unknown): string => deps.scrubSecrets(sampleOf(body))
