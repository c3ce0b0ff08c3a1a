/** Owns the translation of QFEX's rows into our words: pure, one row in, one sighting or fill out. */
import { compare, type Decimal, isNegative, isZero, snap, subtract, ZERO } from '../../core/decimal.ts'
import type { Fill, OrderKind, OrderType, TimeInForce } from '../../core/order.ts'
import type { Claim, Sighting, Stated } from '../../core/report.ts'
import { HISTORIC_NAMES, ORDER_NAMES, rest, STOP_NAMES, TWAP_NAMES } from './details.ts'
import { type Circumstances, framedClaim, historicClaim, listedClaim, STATUSES, twapClaim } from './statuses.ts'
import { epochMs, isoMs, timeMs, wholeMs } from './times.ts'
import type { FillRow, HistoricOrderRow, OrderRow, StopRow, TradeRow, TwapRow } from './wire.ts'

/** What `/refdata` says of a symbol; every part may be missing. */
export interface Instrument {
  lotSize: Decimal | null
  base: string | null
  quote: string | null
}

export type FindInstrument = (symbol: string) => Instrument | null

/** A row of the open list. */
export function listedOrder(row: OrderRow, find: FindInstrument): Sighting {
  const filled = filledOf(row, find)
  return orderSighting(row, find, filled, listedClaim(row.status, circumstancesOf(row, filled)))
}

/** An `order_response`; null where it is the outcome of somebody's request, which changes no order. */
export function framedOrder(row: OrderRow, find: FindInstrument): Sighting | null {
  const filled = filledOf(row, find)
  const claim = framedClaim(row.status, circumstancesOf(row, filled))
  if (claim === null) return null
  const sighting = orderSighting(row, find, filled, claim)
  // Whether an amended order keeps its id is disputed, so this id has to be listed before it is a new order.
  return STATUSES.get(row.status) === 'modified' ? { ...sighting, neverOpens: true } : sighting
}

/** A row of `/user/historic-orders`; `kind` is the kind that was asked about, `order` in a sweep. */
export function historicOrder(row: HistoricOrderRow, find: FindInstrument, kind: OrderKind = 'order'): Sighting {
  const lot = find(row.symbol)?.lotSize ?? null
  const reached = snap(row.filled_qty, lot)
  const filled = compare(reached, snap(row.quantity, lot)) === 0 ? row.quantity : reached
  const clock = isoMs(row.status_ts)
  const complete = compare(filled, row.quantity) >= 0
  const circumstances = { complete, immediate: isImmediate(row), at: wholeMs(clock) }
  return {
    kind,
    venueOrderId: row.order_id,
    partition: null,
    word: row.terminal_status,
    claim: historicClaim(row.terminal_status, !isZero(filled), circumstances),
    stated: statedOf(row, find),
    filled,
    venueClock: clock,
    averageFillPrice: noneIfZero(row.avg_price),
    details: { ...rest(row, HISTORIC_NAMES), ...unstatedWord(row) },
  }
}

/** A TWAP parent. Its slices are orders of their own, so its fills are theirs. */
export function twapOrder(row: TwapRow, source: 'frame' | 'list' | 'history', find: FindInstrument): Sighting {
  const lot = find(row.symbol)?.lotSize ?? null
  const filled = snap(row.filled_quantity, lot)
  const clock = timeMs(row.updated_at) ?? (source === 'history' ? null : timeMs(row.created_at))
  const quantity = noneIfZero(row.total_quantity)
  const complete = quantity !== null && compare(filled, snap(quantity, lot)) >= 0
  return {
    kind: 'algo',
    venueOrderId: row.twap_id,
    partition: null,
    word: row.status || null,
    claim: twapClaim(row.status, source, complete, wholeMs(clock)),
    stated: {
      symbol: row.symbol,
      ...assets(row.symbol, find),
      clientOrderId: row.client_twap_id || null,
      side: row.side === 'BUY' ? 'buy' : 'sell',
      type: 'twap',
      ...(typeof row.reduce_only === 'boolean' ? { reduceOnly: row.reduce_only } : {}),
      ...(quantity === null ? {} : { quantity }),
      openedAt: wholeMs(timeMs(row.created_at)),
    },
    filled,
    venueClock: clock,
    averageFillPrice: noneIfZero(row.average_fill_price),
    details: rest(row, TWAP_NAMES),
  }
}

/** A stop of `stop_orders[]`, where no order has its id. It is listed, so it is open. */
export function stopOrder(row: StopRow, find: FindInstrument): Sighting {
  const takesProfit = row.stop_order_type === 'TAKE_PROFIT'
  return {
    kind: 'trigger',
    venueOrderId: row.stop_order_id,
    partition: null,
    word: null,
    claim: { is: 'open' },
    stated: {
      symbol: row.symbol,
      ...assets(row.symbol, find),
      clientOrderId: row.client_order_id || null,
      side: row.direction === 'BUY' ? 'buy' : 'sell',
      type: takesProfit ? 'take_profit_market' : row.stop_order_type === 'STOP_LOSS' ? 'stop_market' : 'other',
      price: null,
      triggerPrice: noneIfZero(row.price),
      ...(isZero(row.quantity) ? {} : { quantity: row.quantity }),
    },
    filled: null,
    venueClock: timeMs(row.update_time),
    details: rest(row, STOP_NAMES),
  }
}

/** A `fill_response`. */
export const framedFill = (row: FillRow, find: FindInstrument): Fill => ({
  ...fillOf(row, find),
  tradeId: row.trade_id,
  venueTime: row.timestamp == null ? null : wholeMs(epochMs(row.timestamp)),
})

/** A row of `/user/trade`. */
export const historicFill = (row: TradeRow, find: FindInstrument): Fill => ({
  ...fillOf(row, find),
  tradeId: row.id,
  venueTime: wholeMs(timeMs(row.order_timestamp)),
})

const fillOf = (row: FillRow | TradeRow, find: FindInstrument) => ({
  kind: 'order' as const,
  venueOrderId: row.order_id,
  // The last fill of an order is what was left of it, so it carries the error of the subtraction.
  quantity: snap(row.quantity, find(row.symbol)?.lotSize ?? null),
  price: row.price,
  fee: row.fee ?? null,
  feeAsset: null,
  reversed: false,
})

function orderSighting(row: OrderRow, find: FindInstrument, filled: Decimal | null, claim: Claim): Sighting {
  return {
    kind: 'order',
    venueOrderId: row.order_id,
    partition: null,
    word: row.status,
    claim,
    stated: statedOf(row, find),
    // A closing message with nothing remaining that is not a fill has had its remainder cleared: it says nothing.
    filled: claim.is === 'cancelled' && isZero(row.quantity_remaining) ? null : filled,
    venueClock: clockOf(row),
    details: {
      ...rest(row, ORDER_NAMES),
      ...unstatedWord(row),
      ...(row.take_profit === undefined ? {} : { take_profit: noneIfZero(row.take_profit) }),
      ...(row.stop_loss === undefined ? {} : { stop_loss: noneIfZero(row.stop_loss) }),
    },
  }
}

/**
 * The cumulative fill out of one message; null where its quantity is 0 (then it says nothing) or less than what remains.
 * QFEX subtracts in binary, so what remains of 0.3 after 0.2 arrives as 0.09999999999999998.
 */
function filledOf(row: OrderRow, find: FindInstrument): Decimal | null {
  const { quantity, quantity_remaining: remaining } = row
  if (isZero(quantity)) return null
  if (isZero(remaining)) return quantity
  if (remaining === quantity) return ZERO
  const lot = find(row.symbol)?.lotSize ?? null
  const filled = snap(subtract(quantity, snap(remaining, lot)), lot)
  // Without a lot size a remainder of pure error vanishes in 15 digits of the difference, or leaves one of its own.
  if (compare(filled, snap(quantity, lot)) === 0) return quantity
  return isNegative(filled) ? (isDust(filled) ? ZERO : null) : filled
}

const isDust = (value: Decimal): boolean => Math.abs(Number(value)) <= 1e-9

const circumstancesOf = (row: OrderRow, filled: Decimal | null): Circumstances => ({
  complete: isZero(row.quantity_remaining) || (filled !== null && compare(filled, row.quantity) >= 0),
  immediate: isImmediate(row),
  at: wholeMs(clockOf(row)),
})

const clockOf = (row: OrderRow): Decimal | null => (row.update_time == null ? null : epochMs(row.update_time))

// ---- the words that orders of every source share ----------------------------------------------------------------------

const TYPES: ReadonlyMap<string, OrderType> = new Map<string, OrderType>([
  ['LIMIT', 'limit'],
  ['ALO', 'limit'],
  ['MARKET', 'market'],
  ['TAKE_PROFIT', 'take_profit_market'],
  ['STOP_LOSS', 'stop_market'],
  ['STOP_MARKET', 'stop_market'],
])
const TRIGGERED: readonly (OrderType | undefined)[] = ['take_profit_market', 'stop_market']
const TIMES_IN_FORCE: ReadonlyMap<string, TimeInForce> = new Map<string, TimeInForce>([
  ['GTC', 'gtc'],
  ['IOC', 'ioc'],
  ['FOK', 'fok'],
])

type Described = Pick<OrderRow, 'symbol' | 'side' | 'type' | 'time_in_force' | 'quantity' | 'price' | 'client_order_id'>

function statedOf(row: Described, find: FindInstrument): Stated {
  const type = TYPES.get(row.type)
  const tif = timeInForceOf(row)
  return {
    symbol: row.symbol,
    ...assets(row.symbol, find),
    ...(row.client_order_id === undefined ? {} : { clientOrderId: row.client_order_id || null }),
    side: row.side === 'BUY' ? 'buy' : 'sell',
    type: type ?? 'other',
    ...(tif === null ? {} : { timeInForce: tif }),
    ...(type === undefined ? {} : { postOnly: row.type === 'ALO' }),
    ...(isZero(row.quantity) ? {} : { quantity: row.quantity }),
    ...pricesOf(type, row.price),
  }
}

/** The price of a stop is its trigger; that of a market order is a bound of the venue's own making. */
function pricesOf(
  type: OrderType | undefined,
  price: Decimal | null | undefined,
): Pick<Stated, 'price' | 'triggerPrice'> {
  if (type === 'market') return { price: null }
  if (price === undefined) return {}
  const value = noneIfZero(price)
  return TRIGGERED.includes(type) ? { price: null, triggerPrice: value } : { price: value }
}

/** A resting stop is not immediate whatever its time in force says: the venue ignores the word there. */
const timeInForceOf = ({ type, time_in_force: word }: Pick<OrderRow, 'type' | 'time_in_force'>): TimeInForce | null =>
  TRIGGERED.includes(TYPES.get(type)) ? null : (TIMES_IN_FORCE.get(word ?? '') ?? null)

/** A time in force that is no fact here is still worth showing. */
const unstatedWord = (row: Pick<OrderRow, 'type' | 'time_in_force'>) =>
  row.time_in_force && timeInForceOf(row) === null ? { time_in_force: row.time_in_force } : {}

const isImmediate = (row: Pick<OrderRow, 'type' | 'time_in_force'>): boolean =>
  TYPES.get(row.type) === 'market' || ['ioc', 'fok'].includes(timeInForceOf(row) ?? '')

function assets(symbol: string, find: FindInstrument): Pick<Stated, 'base' | 'quote'> {
  const { base = null, quote = null } = find(symbol) ?? {}
  return { ...(base === null ? {} : { base }), ...(quote === null ? {} : { quote }) }
}

const noneIfZero = (value: Decimal | null | undefined): Decimal | null =>
  value == null || isZero(value) ? null : value
