/** Owns the translation of Derive's rows into our words: pure, one row in, one sighting or fill out. */
import { add, type Decimal, decimal, isZero } from '../../core/decimal.ts'
import type { Fill, OrderType, TimeInForce } from '../../core/order.ts'
import type { Claim, Sighting, Stated } from '../../core/report.ts'
import { scrub } from '../scrub.ts'
import { claimOf, REASONS } from './statuses.ts'
import { ORDER_FIELDS, type OrderRow, type TradeRow } from './wire.ts'

/**
 * A row of a list, of history or of a frame: they all state the same facts with the same authority. Resting, untriggered
 * and algo orders are one kind, because an order keeps its id through all of them.
 */
export function orderOf(row: OrderRow): Sighting {
  const claim = claimOf(row)
  const updatedAt = row.last_update_timestamp ?? null
  const fee = feeOf(row.order_fee, row.extra_fee)
  return {
    kind: 'order',
    venueOrderId: row.order_id,
    partition: null,
    word: row.order_status,
    claim,
    stated: statedBy(row),
    filled: filledOf(row, claim),
    venueClock: updatedAt === null ? null : decimal(String(updatedAt)),
    ...(row.average_price == null ? {} : { averageFillPrice: noneIfZero(row.average_price) }),
    ...(fee === null ? {} : { fee, feeAsset: assetsOf(row.instrument_name).quote }),
    details: detailsOf(row),
  }
}

/** An execution. One whose settlement failed at any stage is taken back. */
export function fillOf(row: TradeRow): Fill {
  return {
    kind: 'order',
    venueOrderId: row.order_id,
    tradeId: row.trade_id,
    quantity: row.trade_amount,
    price: row.trade_price,
    fee: feeOf(row.trade_fee, row.extra_fee),
    feeAsset: assetsOf(row.instrument_name).quote,
    venueTime: row.timestamp ?? null,
    reversed: row.batch_status?.endsWith('Error') ?? false,
  }
}

/** `filled` with a fill of zero contradicts itself: then the row does not say how much. */
const filledOf = (row: OrderRow, claim: Claim): Decimal | null =>
  claim.is === 'filled' && isZero(row.filled_amount) ? null : row.filled_amount

function statedBy(row: OrderRow): Stated {
  const isMarket = row.order_type === 'market'
  const stated: Stated = {
    symbol: row.instrument_name,
    ...assetsOf(row.instrument_name),
    side: row.direction,
    type: typeOf(row),
    price: isMarket || row.limit_price == null ? null : row.limit_price,
    triggerPrice: row.trigger_price == null ? null : noneIfZero(row.trigger_price),
  }
  if (row.label != null) stated.clientOrderId = row.label || null
  if (!isZero(row.amount)) stated.quantity = row.amount
  if (row.creation_timestamp != null) stated.openedAt = row.creation_timestamp
  if (row.replaced_order_id && row.replaced_order_id !== row.order_id) stated.replaces = row.replaced_order_id
  const timeInForce = TIMES_IN_FORCE.get(row.time_in_force ?? '')
  if (timeInForce !== undefined) {
    stated.timeInForce = timeInForce
    stated.postOnly = row.time_in_force === 'post_only'
  }
  return stated
}

/** A post-only order is one that rests until it is cancelled. */
const TIMES_IN_FORCE: ReadonlyMap<string, TimeInForce> = new Map<string, TimeInForce>([
  ['gtc', 'gtc'],
  ['post_only', 'gtc'],
  ['ioc', 'ioc'],
  ['fok', 'fok'],
])

/**
 * A spot instrument names both its assets (`ETH-USDC`); of a perpetual (`ETH-PERP`) and an option (`ETH-20261225-4000-C`)
 * only the underlying is named, and what it is quoted in is not ours to guess.
 */
function assetsOf(instrument: string): { base: string | null; quote: string | null } {
  const [base, second, ...rest] = instrument.split('-')
  if (!base || !second) return { base: null, quote: null }
  return { base, quote: rest.length > 0 || second === 'PERP' ? null : second }
}

function typeOf(row: OrderRow): OrderType {
  if (row.algo_type) return row.algo_type === 'twap' ? 'twap' : 'other'
  const { order_type: type } = row
  if (type !== 'limit' && type !== 'market') return 'other'
  switch (row.trigger_type ?? '') {
    case '':
      return type
    case 'stoploss':
      return `stop_${type}`
    case 'takeprofit':
      return `take_profit_${type}`
    default:
      return 'other'
  }
}

function feeOf(fee: Decimal | null | undefined, extra: Decimal | null | undefined): Decimal | null {
  if (fee == null) return extra ?? null
  return extra == null ? fee : add(fee, extra)
}

/** Zero means none. */
const noneIfZero = (value: Decimal): Decimal | null => (isZero(value) ? null : value)

// ---- details ----------------------------------------------------------------------------------------------------------

const KEPT = [
  'max_fee',
  'quote_id',
  'trigger_type',
  'trigger_price_type',
  'trigger_reject_message',
  'algo_type',
] as const

/** What proves that a key signed is nobody's business: it is not even kept as `[redacted]`. */
const DROPPED: ReadonlySet<string> = new Set(['signature', 'signer', 'nonce'])

function detailsOf(row: OrderRow): Record<string, unknown> {
  const details = new Map<string, unknown>()
  for (const [name, value] of Object.entries(row)) {
    if (!ORDER_FIELDS.has(name) && !DROPPED.has(name) && isScalar(value)) details.set(name, value)
  }
  for (const name of KEPT) if (row[name] != null) details.set(name, row[name])
  if (row.cancel_reason && !REASONS.has(row.cancel_reason)) details.set('cancel_reason', row.cancel_reason)
  if (row.time_in_force && !TIMES_IN_FORCE.has(row.time_in_force)) details.set('time_in_force', row.time_in_force)
  if (row.order_type === 'market' && row.limit_price != null) details.set('worst_price', row.limit_price)
  if (typeOf(row) === 'other') details.set('order_type', row.order_type)
  const kept = scrub(Object.fromEntries(details))
  // Only the signature of this price would be a secret, and the name alone makes the scrubber take it for one.
  const signedPrice = row.signed_limit_price == null ? {} : { signed_limit_price: row.signed_limit_price }
  return { ...(typeof kept === 'object' ? kept : {}), ...signedPrice, ...expiryOf(row) }
}

/** A number of seconds this large would lie thousands of years ahead: live answers have carried milliseconds here. */
const LARGEST_SECONDS = 100_000_000_000

function expiryOf({ signature_expiry_sec: expiry }: OrderRow): { expires_at?: number } {
  if (expiry == null || expiry <= 0) return {}
  return { expires_at: Math.trunc(expiry >= LARGEST_SECONDS ? expiry : expiry * 1_000) }
}

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
