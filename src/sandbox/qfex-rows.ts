/** Owns QFEX's words for the truth: the rows and frames of its trade socket and its REST history. */
import { type Decimal, isZero } from '../core/decimal.ts'
import { averagePrice, type TrueOrder, type TrueState, type TrueTrade } from './truth.ts'
import type { View } from './views.ts'

type Row = Record<string, unknown>

/** QFEX reckons in binary floating point, and so do its rows. */
const num = (value: Decimal | null): number => (value === null ? 0 : Number(value))
const seconds = (us: number): number => us / 1e6
const iso = (us: number): string =>
  `${new Date(us / 1_000).toISOString().slice(0, -1)}${String(us % 1_000).padStart(3, '0')}Z`
const sideOf = (order: TrueOrder): string => order.side.toUpperCase()

export const isStop = (order: TrueOrder): boolean => order.type === 'stop_market' || order.type === 'take_profit_market'

/** An element of `all_orders_response.orders`, and what an `order_response` carries. */
export function orderRow(view: View, userId: string): Row {
  const { order, state } = view
  return {
    order_id: order.id,
    symbol: order.symbol,
    status: wordOf(order, state),
    quantity: num(state.quantity),
    price: num(isStop(order) ? state.triggerPrice : state.price),
    take_profit: num(order.takeProfit),
    stop_loss: num(order.stopLoss),
    side: sideOf(order),
    type: typeOf(order),
    time_in_force: order.timeInForce.toUpperCase(),
    user_id: userId,
    client_order_id: order.clientOrderId,
    quantity_remaining: state.floatRemaining,
    update_time: seconds(state.atUs),
    trade_id: state.tradeId,
  }
}

/** As the documentation's example has it: a cancelled stop forgets its numbers. */
export function cancelledStopRow(view: View, userId: string): Row {
  return { ...orderRow(view, userId), quantity: 0, price: 0, quantity_remaining: 0 }
}

export function fillRow(order: TrueOrder, state: TrueState, trade: TrueTrade, userId: string): Row {
  const opposite = order.side === 'buy' ? 'SELL' : 'BUY'
  return {
    trade_id: trade.id,
    user_id: userId,
    symbol: order.symbol,
    price: num(trade.price),
    quantity: num(trade.quantity),
    side: sideOf(order),
    aggressor_side: trade.maker ? opposite : sideOf(order),
    order_id: order.id,
    fee: num(trade.fee),
    order_type: typeOf(order),
    tif: order.timeInForce.toUpperCase(),
    order_price: num(state.price),
    client_order_id: order.clientOrderId,
    remaining_quantity: state.floatRemaining,
    take_profit: num(order.takeProfit),
    stop_loss: num(order.stopLoss),
    execution_type: 'NEW',
    timestamp: seconds(trade.atUs),
    realised_pnl: 0,
  }
}

/** A row of `user_trades`. */
export function userTradeRow(order: TrueOrder, trade: TrueTrade): Row {
  const { trade_id, symbol, price, quantity, aggressor_side, order_id, client_order_id, fee } = fillRow(
    order,
    firstStateOf(order),
    trade,
    '',
  )
  const timestamp = Math.floor(seconds(trade.atUs))
  return { trade_id, symbol, price, quantity, aggressor_side, order_id, client_order_id, fee, timestamp }
}

/** An element of `twaps`, and what a `twap_response` carries. */
export function twapRow(view: View, userId: string): Row {
  const { order, state } = view
  const { filled_num_orders, created_at, updated_at, ...row } = historicTwapRow(view)
  return { ...row, user_id: userId, updated_at: seconds(state.atUs), created_at: seconds(order.openedUs) }
}

export function historicTwapRow({ order, state }: View): Row {
  return {
    twap_id: order.id,
    client_twap_id: order.clientOrderId === '' ? null : order.clientOrderId,
    status: state.status === 'open' ? 'ACTIVE' : state.status === 'filled' ? 'COMPLETED' : 'CANCELLED',
    symbol: order.symbol,
    total_quantity: num(state.quantity),
    filled_quantity: num(state.filled),
    average_fill_price: isZero(state.filled) ? 0 : num(state.price),
    total_num_orders: order.twap?.slices ?? 0,
    filled_num_orders: order.childIds.length,
    order_interval_secs: Math.max(1, Math.round((order.twap?.intervalMs ?? 0) / 1_000)),
    reduce_only: order.reduceOnly,
    side: sideOf(order),
    updated_at: iso(state.atUs),
    created_at: iso(order.openedUs),
  }
}

/** What the `stop_orders` channel says: other names and another kind of time than the order frames. */
export function stopRow({ order, state }: View, userId: string): Row {
  return {
    stop_order_id: order.id,
    user_id: userId,
    symbol: order.symbol,
    price: num(state.triggerPrice),
    quantity: num(state.quantity),
    direction: sideOf(order),
    stop_order_type: order.type === 'stop_market' ? 'STOP_LOSS' : 'TAKE_PROFIT',
    client_order_id: order.clientOrderId,
    update_time: iso(state.atUs),
  }
}

/** A row of `/user/historic-orders`. */
export function historicRow({ order, state, trades }: View): Row {
  const [first] = trades
  const last = trades.at(-1)
  const passive = trades.reduce((sum, trade) => sum + (trade.maker ? Number(trade.quantity) : 0), 0)
  return {
    order_id: order.id,
    terminal_status: wordOf(order, state),
    status_ts: iso(order.endedUs ?? state.atUs),
    symbol: order.symbol,
    side: sideOf(order),
    type: typeOf(order),
    time_in_force: order.timeInForce.toUpperCase(),
    quantity: num(state.quantity),
    price: num(isStop(order) ? state.triggerPrice : state.price),
    client_order_id: order.clientOrderId,
    passive_qty: passive,
    filled_qty: trades.reduce((sum, trade) => sum + Number(trade.quantity), 0),
    avg_price: averagePrice(trades),
    first_fill_ts: first === undefined ? null : iso(first.atUs),
    last_fill_ts: last === undefined ? null : iso(last.atUs),
    execution_state: state.status === 'filled' ? 'FULLY_FILLED' : first === undefined ? 'UNFILLED' : 'PARTIALLY_FILLED',
  }
}

/** A row of `/user/trade`. */
export function tradeRow(order: TrueOrder, trade: TrueTrade): Row {
  return {
    id: trade.id,
    order_timestamp: seconds(trade.atUs),
    symbol: order.symbol,
    price: num(trade.price),
    quantity: num(trade.quantity),
    side: sideOf(order),
    fee: num(trade.fee),
    margin_used: 0,
    order_type: typeOf(order),
    tif: order.timeInForce.toUpperCase(),
    order_id: order.id,
    realised_pnl_change: 0,
  }
}

function firstStateOf(order: TrueOrder): TrueState {
  const [state] = order.states
  if (state === undefined) throw new RangeError(`order ${order.id} has no state`)
  return state
}

function typeOf(order: TrueOrder): string {
  if (order.type === 'stop_market') return 'STOP_LOSS'
  if (order.type === 'take_profit_market') return 'TAKE_PROFIT'
  if (order.type === 'market') return 'MARKET'
  return order.postOnly ? 'ALO' : 'LIMIT'
}

function wordOf(order: TrueOrder, state: TrueState): string {
  if (state.status === 'rejected') return state.refusal ?? 'REJECTED'
  if (state.status === 'filled') return 'FILLED'
  if (state.status === 'cancelled') return CANCEL_WORDS[state.reason ?? 'user'] ?? 'CANCELLED'
  if (state.change === 'amended' || order.replaces !== null) return 'MODIFIED'
  return isZero(state.filled) ? 'ACK' : 'FILLED'
}

const CANCEL_WORDS: Readonly<Record<string, string>> = { self_trade: 'CANCELLED_STP', ioc_remainder: 'IOC_CANCELLED' }
