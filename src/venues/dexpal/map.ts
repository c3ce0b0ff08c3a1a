/** Owns the translation of DexPal's words into ours. Pure. */
import { type Decimal, isZero } from '../../core/decimal.ts'
import type { OrderType, TimeInForce } from '../../core/order.ts'
import type { Claim, Sighting, Stated } from '../../core/report.ts'
import { scrub } from '../scrub.ts'
import { normaliseAddress, normaliseOrderId } from './address.ts'
import { type Decoded, type EventRow, FACT_FIELDS, type OrderRow, readEvent, readOrder } from './wire.ts'

/** A pending order. The venue states no status, no fill and no time of change: being listed is all there is. */
export function mapOrder(raw: unknown): Decoded<Sighting> {
  const row = readOrder(raw)
  if (!row.ok) return row
  const { value } = row
  return {
    ok: true,
    value: {
      kind: 'order',
      venueOrderId: normaliseOrderId(value.orderId),
      partition: normaliseAddress(value.address),
      word: null,
      claim: { is: 'open' },
      stated: statedBy(value),
      filled: null,
      venueClock: null,
      details: detailsOf(value),
    },
  }
}

// ---- facts ------------------------------------------------------------------------------------------------------------

function statedBy(row: OrderRow): Stated {
  const { baseAsset: base, quoteAsset: quote } = row
  const stated: Stated = { symbol: `${base}/${quote}`, base, quote, positionSide: row.side, type: typeOf(row) }
  const flags = statedFlags(row)
  stated.side = sideOf(row, flags)
  if (flags !== null) {
    stated.reduceOnly = flags.includes('reduceOnly')
    stated.postOnly = flags.includes('postOnly')
  }
  const timeInForce = timeInForceOf(row, flags)
  if (timeInForce !== undefined) stated.timeInForce = timeInForce
  if (row.positionSizeToken != null) stated.quantity = nonZero(row.positionSizeToken)
  if (row.orderType === 'market') stated.price = null
  else if (row.limitPrice != null) stated.price = nonZero(row.limitPrice)
  const trigger = firstNonZero(row.stopPrice, row.activationPrice)
  if (trigger !== null) stated.triggerPrice = trigger
  if (row.createdAt != null) stated.openedAt = row.createdAt
  return stated
}

/** Orders of these types close a position as a rule, and then their side is the other one. */
const USUALLY_CLOSES: ReadonlySet<string> = new Set(['stopMarket', 'stopLimit', 'trailingStop', 'takeProfit', 'oco'])

const usuallyCloses = ({ orderType }: OrderRow): boolean => USUALLY_CLOSES.has(orderType ?? '')

/** Null: the row does not say. A partner that knows no flags may still send the empty list. */
function statedFlags(row: OrderRow): readonly string[] | null {
  const flags = row.orderFlags ?? null
  return flags?.length === 0 && usuallyCloses(row) ? null : flags
}

/**
 * What they call a side is the direction of the position. Whether an order that reduces a long one is listed as long or
 * as short differs from partner to partner, so of an order that may do so nobody knows if it buys or sells.
 */
function sideOf(row: OrderRow, flags: readonly string[] | null): 'buy' | 'sell' | null {
  if (flags === null ? usuallyCloses(row) : flags.includes('reduceOnly')) return null
  return row.side === 'long' ? 'buy' : 'sell'
}

function typeOf(row: OrderRow): OrderType {
  const theirs = row.orderType || 'limit'
  if (theirs === 'takeProfit') return firstNonZero(row.limitPrice) === null ? 'take_profit_market' : 'take_profit_limit'
  return TYPES.get(theirs) ?? 'other'
}

const TYPES: ReadonlyMap<string, OrderType> = new Map<string, OrderType>([
  ['limit', 'limit'],
  ['market', 'market'],
  ['stopMarket', 'stop_market'],
  ['stopLimit', 'stop_limit'],
  ['trailingStop', 'trailing_stop'],
  ['twap', 'twap'],
  ['oco', 'oco'],
  ['iceberg', 'iceberg'],
])

const TIMES_IN_FORCE: ReadonlyMap<string, TimeInForce> = new Map<string, TimeInForce>([
  ['gtc', 'gtc'],
  ['ioc', 'ioc'],
  ['fok', 'fok'],
  ['gtt', 'gtt'],
])

/** Undefined: the row does not say. Flags speak where the field of its own does not. */
function timeInForceOf(row: OrderRow, flags: readonly string[] | null): TimeInForce | undefined {
  if (row.timeInForce) return TIMES_IN_FORCE.get(row.timeInForce)
  if (flags?.includes('fok')) return 'fok'
  return flags?.includes('ioc') ? 'ioc' : undefined
}

// ---- details ----------------------------------------------------------------------------------------------------------

/** Facts whose own words are worth keeping beside what became of them. */
function wordsOf(row: OrderRow): Record<string, unknown> {
  const words: Record<string, unknown> = { address: normaliseAddress(row.address) }
  if (row.linkedOrderId) words.linkedOrderId = normaliseOrderId(row.linkedOrderId)
  if (row.orderType && (typeOf(row) === 'other' || typeOf(row) === 'oco')) words.orderType = row.orderType
  if (row.orderFlags?.length) words.orderFlags = row.orderFlags
  if (row.timeInForce && !TIMES_IN_FORCE.has(row.timeInForce)) words.timeInForce = row.timeInForce
  if (row.orderType === 'market' && row.limitPrice != null) words.limitPrice = row.limitPrice
  if (row.stopPrice != null && row.activationPrice != null) words.activationPrice = row.activationPrice
  // The field belongs to good-till-time alone; beside another word it is no expiry to rely on.
  if (row.expiresAt != null)
    words[!row.timeInForce || row.timeInForce === 'gtt' ? 'expires_at' : 'expiresAt'] = row.expiresAt
  return words
}

/** Objects of the specification that are kept whole. */
const KEPT_WHOLE: ReadonlySet<string> = new Set(['triggerOrders', 'twapConfig'])

function detailsOf(row: OrderRow): Record<string, unknown> {
  const others = Object.entries(row).filter(
    ([name, value]) =>
      !FACT_FIELDS.has(name) &&
      value !== null &&
      (KEPT_WHOLE.has(name) || typeof value !== 'object') &&
      !OURS.has(name),
  )
  const kept = scrub(Object.fromEntries(others))
  return { ...(typeof kept === 'object' ? kept : {}), ...wordsOf(row) }
}

/** Names that the reconciler reads: a row may not speak under them. */
const OURS: ReadonlySet<string> = new Set(['expires_at'])

/** Zero means none here. */
const nonZero = (value: Decimal): Decimal | null => (isZero(value) ? null : value)

const firstNonZero = (...values: readonly (Decimal | null | undefined)[]): Decimal | null =>
  values.find((value): value is Decimal => value != null && !isZero(value)) ?? null

// ---- history ----------------------------------------------------------------------------------------------------------

/**
 * The ending that an event of the history names, with the order it names. Null where it does not name one clearly: most
 * events are about positions, and the closing of a position is the end of no order.
 */
export function mapEnding(raw: unknown): Sighting | null {
  const event = readEvent(raw)
  const claim = event.ok ? claimOf(event.value) : null
  if (!event.ok || claim === null) return null
  const { orderId, address, baseAsset: base, quoteAsset: quote } = event.value
  return {
    kind: 'order',
    venueOrderId: normaliseOrderId(orderId),
    partition: normaliseAddress(address),
    word: null,
    claim,
    stated: { symbol: `${base}/${quote}`, base, quote },
    filled: null,
    venueClock: null,
    details: {},
  }
}

/** Fields in which an event may say what happened, and what is said there about an order and nothing else. */
const WORD_FIELDS = ['event', 'eventType', 'type', 'action', 'status', 'orderStatus']

const ENDINGS: ReadonlyMap<string, (at: number) => Claim> = new Map<string, (at: number) => Claim>([
  ['orderfilled', (at) => ({ is: 'filled', at })],
  ['filled', (at) => ({ is: 'filled', at })],
  ['ordercancelled', (at) => ({ is: 'cancelled', reason: 'user', at })],
  ['cancelled', (at) => ({ is: 'cancelled', reason: 'user', at })],
  ['orderexpired', (at) => ({ is: 'cancelled', reason: 'expired', at })],
  ['expired', (at) => ({ is: 'cancelled', reason: 'expired', at })],
  ['orderrejected', (at) => ({ is: 'cancelled', reason: 'rejected', at })],
  ['rejected', (at) => ({ is: 'cancelled', reason: 'rejected', at })],
])

function claimOf(event: EventRow): Claim | null {
  const said = WORD_FIELDS.flatMap((name) => {
    const value = event[name]
    const word = typeof value === 'string' ? plainWord(value) : ''
    return ENDINGS.get(word)?.(event.createdAt) ?? []
  })
  const [first, ...others] = said
  const agree = others.every((other) => JSON.stringify(other) === JSON.stringify(first))
  return first !== undefined && agree ? first : null
}

/** `order_cancelled`, `OrderCanceled` and `order cancelled` are one word. */
const plainWord = (value: string): string =>
  value
    .slice(0, 40)
    .replace(/[^a-z]/gi, '')
    .toLowerCase()
    .replace(/canceled$/, 'cancelled')
