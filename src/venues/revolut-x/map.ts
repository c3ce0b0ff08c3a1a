/** Owns the translation of Revolut X's words into ours. Pure. */
import { type Decimal, isZero } from '../../core/decimal.ts'
import type { EndReason, Fill, OrderKind, OrderRef, OrderType, TimeInForce } from '../../core/order.ts'
import type { Claim, Sighting, Stated } from '../../core/report.ts'
import { scrub } from '../scrub.ts'
import { type Decoded, ORDER_FIELDS, type OrderRow, readOrder, readTrade, type Trigger } from './wire.ts'

/** An order as one message shows it, and the slices it names. */
export interface Seen {
  sighting: Sighting
  linkedIds: readonly string[]
}

/** The kind of a row by its own type word. Only a TWAP has slices that are orders of their own. */
export const kindOf = (type: string): OrderKind => (type === 'twap' ? 'algo' : 'order')

export function mapOrder(raw: unknown): Decoded<Seen> {
  const row = readOrder(raw)
  if (!row.ok) return row
  const linkedIds = row.value.twap?.linked_ids ?? []
  return { ok: true, value: { sighting: sightingOf(row.value), linkedIds } }
}

/** An execution of `order`. One of another order, or in another currency than the order's own, is not believed. */
export function mapTrade(raw: unknown, order: Sighting): Decoded<Fill> {
  const trade = readTrade(raw)
  if (!trade.ok) return trade
  const { tid, oid, p, q, qc, tdt } = trade.value
  if (oid !== order.venueOrderId) return { ok: false, problem: 'oid: another order' }
  if (qc != null && order.stated.base != null && qc !== order.stated.base) {
    return { ok: false, problem: 'qc: not the base currency' }
  }
  const { kind, venueOrderId } = order
  return {
    ok: true,
    value: {
      kind,
      venueOrderId,
      tradeId: tid,
      quantity: q,
      price: p,
      fee: null,
      feeAsset: null,
      venueTime: tdt.ms,
      reversed: false,
    },
  }
}

/** What a row proves present that does not parse: where its type is illegible too, it may be of either kind. */
export function presentRefs(id: string, type: string | null): OrderRef[] {
  const kinds: OrderKind[] = type === null ? ['order', 'algo'] : [kindOf(type)]
  return kinds.map((kind) => ({ kind, venueOrderId: id }))
}

// ---- status -----------------------------------------------------------------------------------------------------------

const ended = (row: OrderRow): number | null => row.updated_date?.ms ?? null
const cancelled = (row: OrderRow, reason: EndReason): Claim => ({ is: 'cancelled', reason, at: ended(row) })

/** What was not to rest was not taken off by anybody: the venue drops the remainder. */
const isImmediate = (row: OrderRow): boolean =>
  row.time_in_force === 'ioc' || row.time_in_force === 'fok' || row.type === 'market'

const cancelledByWord = (row: OrderRow): Claim => cancelled(row, isImmediate(row) ? 'ioc_remainder' : 'user')

const CLAIMS: ReadonlyMap<string, (row: OrderRow) => Claim> = new Map<string, (row: OrderRow) => Claim>([
  ['pending_new', () => ({ is: 'open' })],
  ['new', () => ({ is: 'open' })],
  ['partially_filled', () => ({ is: 'open' })],
  ['filled', (row) => ({ is: 'filled', at: ended(row) })],
  ['cancelled', cancelledByWord],
  // The venue's own library accepts this spelling beside the documented one.
  ['canceled', cancelledByWord],
  ['rejected', (row) => ({ is: 'rejected', at: ended(row) })],
  ['replaced', (row) => cancelled(row, 'replaced')],
])

// ---- one row ----------------------------------------------------------------------------------------------------------

function sightingOf(row: OrderRow): Sighting {
  const claim: Claim = CLAIMS.get(row.status)?.(row) ?? { is: 'unrecognised' }
  // What a buy locks is money: its quantity follows the market, and only a sale's is what the user asked for.
  const estimate = row.side === 'buy' && row.quantity != null ? { estimatedQuantity: row.quantity } : {}
  return {
    kind: kindOf(row.type),
    venueOrderId: row.id,
    partition: null,
    word: row.status,
    claim,
    stated: statedBy(row),
    ...estimate,
    filled: filledOf(row, claim),
    venueClock: row.updated_date?.exact ?? null,
    ...(row.average_fill_price == null ? {} : { averageFillPrice: nonZero(row.average_fill_price) }),
    ...(row.total_fee == null ? {} : { fee: row.total_fee, feeAsset: row.fee_currency || null }),
    details: detailsOf(row),
  }
}

/** `filled` with a fill of zero contradicts itself (the venue's examples do it): then the row does not say how much. */
function filledOf(row: OrderRow, claim: Claim): Decimal | null {
  if (row.filled_quantity == null) return null
  return claim.is === 'filled' && isZero(row.filled_quantity) ? null : row.filled_quantity
}

function statedBy(row: OrderRow): Stated {
  const [base = null, quote = null] = row.symbol.split(/[/-]/)
  const trigger = onlyTrigger(row)
  const stated: Stated = { symbol: `${base}/${quote}`, base, quote, side: row.side, type: typeOf(row) }
  if (row.client_order_id != null) stated.clientOrderId = row.client_order_id || null
  if (row.triggered_by?.twap != null) stated.parentOrderId = row.triggered_by.twap.parent_id
  if (row.previous_order_id != null && row.previous_order_id !== row.id) stated.replaces = row.previous_order_id
  if (row.created_date != null) stated.openedAt = row.created_date.ms
  const timeInForce = TIMES_IN_FORCE.get(row.time_in_force ?? '')
  if (timeInForce !== undefined) stated.timeInForce = timeInForce
  const postOnly = isPostOnly(row.execution_instructions) ?? isPostOnly(trigger?.execution_instructions)
  if (postOnly !== null) stated.postOnly = postOnly
  if (row.side === 'sell' && row.quantity != null) stated.quantity = row.quantity
  if (row.side === 'buy' && row.amount != null) stated.quoteQuantity = row.amount
  const price = priceOf(row, trigger)
  if (price !== undefined) stated.price = price
  if (trigger !== null) stated.triggerPrice = trigger.trigger_price
  return stated
}

/** Undefined: the row does not say. A market order's price is only the worst it would take. */
function priceOf(row: OrderRow, trigger: Trigger | null): Decimal | null | undefined {
  if (row.type === 'market') return null
  const price = row.price ?? trigger?.limit_price ?? row.twap?.price
  return price == null ? undefined : nonZero(price)
}

const TIMES_IN_FORCE: ReadonlyMap<string, TimeInForce> = new Map<string, TimeInForce>([
  ['gtc', 'gtc'],
  ['ioc', 'ioc'],
  ['fok', 'fok'],
])

function isPostOnly(instructions: readonly string[] | null | undefined): boolean | null {
  if (instructions?.includes('post_only')) return true
  return instructions?.includes('allow_taker') ? false : null
}

// ---- triggers ---------------------------------------------------------------------------------------------------------

/** The one trigger of an order; null where it has none, or two legs. */
function onlyTrigger(row: OrderRow): Trigger | null {
  if (row.type === 'conditional') return row.conditional ?? null
  if (row.type !== 'tpsl' || (row.take_profit != null && row.stop_loss != null)) return null
  return row.take_profit ?? row.stop_loss ?? null
}

function typeOf(row: OrderRow): OrderType {
  switch (row.type) {
    case 'limit':
    case 'market':
    case 'twap':
      return row.type
    case 'conditional':
      return row.conditional == null ? 'other' : triggeredType(row.conditional, goalOf(row.side, row.conditional))
    case 'tpsl':
      if (row.take_profit != null && row.stop_loss != null) return 'oco'
      if (row.take_profit != null) return triggeredType(row.take_profit, 'take_profit')
      return row.stop_loss == null ? 'other' : triggeredType(row.stop_loss, 'stop')
    default:
      return 'other'
  }
}

type Goal = 'stop' | 'take_profit'

/** Buying once the price is up, or selling once it is down, runs after a loss; the other way it waits for a better price. */
function goalOf(side: 'buy' | 'sell', { trigger_direction }: Trigger): Goal | null {
  if (trigger_direction !== 'ge' && trigger_direction !== 'le') return null
  return (side === 'buy') === (trigger_direction === 'ge') ? 'stop' : 'take_profit'
}

function triggeredType({ type }: Trigger, goal: Goal | null): OrderType {
  return goal === null || (type !== 'limit' && type !== 'market') ? 'other' : `${goal}_${type}`
}

// ---- details ----------------------------------------------------------------------------------------------------------

const KEPT_WHOLE = [
  'conditional',
  'take_profit',
  'stop_loss',
  'legs',
  'twap',
  'triggered_by',
  'on_fill',
  'reject_reason',
  'leaves_quantity',
  'filled_amount',
] as const

function detailsOf(row: OrderRow): Record<string, unknown> {
  const details = new Map<string, unknown>()
  for (const name of KEPT_WHOLE) if (row[name] != null) details.set(name, row[name])
  if (row.side === 'buy' && row.quantity != null) details.set('estimated_quantity', row.quantity)
  if (row.side === 'sell' && row.amount != null) details.set('estimated_amount', row.amount)
  if (row.type === 'market' && row.price != null) details.set('worst_price', row.price)
  if (typeOf(row) === 'other' || typeOf(row) === 'oco') details.set('type', row.type)
  if (row.time_in_force && !TIMES_IN_FORCE.has(row.time_in_force)) details.set('time_in_force', row.time_in_force)
  for (const [name, value] of Object.entries(row)) {
    if (!ORDER_FIELDS.has(name) && isScalar(value)) details.set(name, value)
  }
  const kept = scrub(Object.fromEntries(details))
  return typeof kept === 'object' && kept !== null ? { ...kept } : {}
}

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

/** Zero means none here. */
const nonZero = (value: Decimal): Decimal | null => (isZero(value) ? null : value)
