/** Owns Revolut X's words for the truth: today's rows, the older rows of `GET /orders`, order details and trades. */
import { type Decimal, isZero, subtract } from '../core/decimal.ts'
import { hexOf } from './chance.ts'
import { instrumentOf, lots, lotsIn } from './instruments.ts'
import { averagePrice, type TrueOrder, type TrueState, type TrueTrade, toMs } from './truth.ts'
import type { View } from './views.ts'

type Row = Record<string, unknown>

/** A new order is `pending_new` for its first moment. */
const PENDING_MS = 25
/** A buy's quantity is an estimate that is made anew this often. */
const ESTIMATE_MS = 5_000

/** An element of the active and historical lists. `now` is the venue's time in ms. */
export function orderRow(view: View, now: number): Row {
  const { order, state, trades } = view
  const quantity = quantityOf(view, now)
  const average = averagePrice(trades)
  return {
    id: order.id,
    ...(order.replaces === null ? {} : { previous_order_id: order.replaces }),
    client_order_id: order.clientOrderId === '' ? order.id : order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    type: typeOf(order),
    ...(quantity === null ? {} : { quantity, leaves_quantity: subtract(quantity, state.filled) }),
    filled_quantity: state.filled,
    ...amountsOf(view),
    ...(state.price === null || isConditional(order) ? {} : { price: state.price }),
    ...(average === null ? {} : { average_fill_price: money(average) }),
    status: statusOf(order, state, now),
    ...(state.status === 'rejected' ? { reject_reason: state.refusal ?? 'Rejected' } : {}),
    time_in_force: order.timeInForce,
    execution_instructions: isConditional(order) ? [] : instructionsOf(order),
    ...triggersOf(order, state),
    ...(order.twap === null ? {} : { twap: twapOf(view) }),
    created_date: toMs(order.openedUs),
    updated_date: toMs(state.atUs),
  }
}

/** What `GET /orders/{id}` answers: `parent` and `cause` are the TWAP and the conditional order it comes from. */
export function detailRow(view: View, now: number, origin: { parent: TrueOrder | null; cause: View | null }): Row {
  const { order, trades } = view
  const row = orderRow(view, now)
  return {
    ...row,
    ...(order.twap === null ? {} : { twap: { ...twapOf(view), linked_ids: order.childIds } }),
    total_fee: money(trades.reduce((sum, trade) => sum + Number(trade.fee), 0)),
    fee_currency: instrumentOf(order.venue, order.symbol).quote,
    ...triggeredBy(order, origin),
  }
}

/** An element of `GET /orders`, by the names of its own page. */
export function olderRow(view: View, now: number): Row {
  const { order, state, trades } = view
  const average = averagePrice(trades)
  const quantity = quantityOf(view, now)
  return {
    venue_order_id: order.id,
    client_order_id: order.clientOrderId === '' ? order.id : order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    state: statusOf(order, state, now),
    type: typeOf(order),
    created_at: new Date(toMs(order.openedUs)).toISOString(),
    updated_at: new Date(toMs(state.atUs)).toISOString(),
    ...(quantity === null ? {} : { base_size: quantity }),
    ...(state.price === null
      ? {}
      : { price: state.price, quote_size: money(Number(state.quantity) * Number(state.price)) }),
    filled_size: state.filled,
    filled_value: money(valueTraded(trades)),
    ...(average === null ? {} : { average_filled_price: money(average) }),
    execution_instructions: instructionsOf(order),
    time_in_force: order.timeInForce,
    legs: Object.values(triggersOf(order, state)),
  }
}

export function tradeRow(order: TrueOrder, trade: TrueTrade): Row {
  const { base, quote, pricePlaces } = instrumentOf(order.venue, order.symbol)
  return {
    tdt: toMs(trade.atUs),
    aid: base,
    anm: base,
    p: Number(trade.price).toFixed(pricePlaces),
    pc: quote,
    pn: 'MONE',
    q: Number(trade.quantity).toFixed(8),
    qc: base,
    qn: 'UNIT',
    ve: 'REVX',
    pdt: toMs(trade.atUs),
    vp: 'REVX',
    tid: trade.id.replaceAll('-', ''),
    oid: order.id,
    s: order.side,
    im: trade.maker,
  }
}

/** The status in a list that is filtered by it. */
export function statusOf(order: TrueOrder, state: TrueState, now: number): string {
  if (state.status === 'open') {
    if (!isZero(state.filled)) return 'partially_filled'
    return now - toMs(order.openedUs) < PENDING_MS ? 'pending_new' : 'new'
  }
  if (state.status === 'cancelled') return state.reason === 'replaced' ? 'replaced' : 'cancelled'
  return state.status
}

export function typeOf(order: TrueOrder): string {
  if (order.type === 'oco') return 'tpsl'
  if (order.type === 'twap' || order.type === 'market' || order.type === 'limit') return order.type
  return 'conditional'
}

const isConditional = (order: TrueOrder): boolean => typeOf(order) === 'conditional' || order.type === 'oco'

/** Exact for a sell; for a buy an estimate while it lives, since what is locked is the amount. Null: it does not say. */
function quantityOf({ order, state }: View, now: number): Decimal | null {
  if (order.side === 'sell' || state.status !== 'open') return state.status === 'filled' ? state.filled : state.quantity
  if (order.twap !== null) return null
  if (isZero(state.filled) && now - toMs(order.openedUs) < ESTIMATE_MS) return state.quantity
  const instrument = instrumentOf(order.venue, order.symbol)
  const drift = Number.parseInt(hexOf(`${order.id}/${Math.floor(now / ESTIMATE_MS)}`, 2), 16) % 5
  return lots(instrument, lotsIn(instrument, state.quantity) + drift)
}

function amountsOf({ order, state, trades }: View): Row {
  const price = state.price ?? state.triggerPrice
  const amount =
    price === null || (order.twap !== null && order.side === 'sell') ? {} : { amount: amountAt(state, price) }
  return { ...amount, ...(trades.length === 0 ? {} : { filled_amount: money(valueTraded(trades)) }) }
}

function triggersOf(order: TrueOrder, state: TrueState): Row {
  const leg = (triggerPrice: Decimal, direction: 'ge' | 'le', limit: Decimal | null): Row => ({
    trigger_price: triggerPrice,
    type: limit === null ? 'market' : 'limit',
    trigger_direction: direction,
    ...(limit === null ? {} : { limit_price: limit }),
    time_in_force: limit === null ? 'ioc' : 'gtc',
    execution_instructions: ['allow_taker'],
  })
  const [gain, loss] = order.side === 'sell' ? (['ge', 'le'] as const) : (['le', 'ge'] as const)
  if (order.type === 'oco') {
    return {
      ...(order.takeProfit === null ? {} : { take_profit: leg(order.takeProfit, gain, state.price) }),
      ...(order.stopLoss === null ? {} : { stop_loss: leg(order.stopLoss, loss, null) }),
    }
  }
  if (typeOf(order) !== 'conditional' || state.triggerPrice === null) return {}
  const direction = order.type.startsWith('take_profit') ? gain : loss
  return { conditional: leg(state.triggerPrice, direction, state.price) }
}

function twapOf({ order, state }: View): Row {
  const { slices, intervalMs, taken } = order.twap ?? { slices: 0, intervalMs: 0, taken: 0 }
  const start = toMs(order.openedUs)
  const frequency = Math.max(1, Math.round(intervalMs / 1_000))
  return {
    type: state.price === null ? 'market' : 'limit',
    ...(state.price === null ? {} : { price: state.price }),
    period: slices * frequency,
    frequency,
    total_slices: slices,
    completed_slices: taken,
    start_date: start,
    end_date: order.endedUs === null ? start + slices * frequency * 1_000 : toMs(order.endedUs),
  }
}

function triggeredBy(order: TrueOrder, { parent, cause }: { parent: TrueOrder | null; cause: View | null }): Row {
  if (parent !== null) {
    const twap = { parent_id: parent.id, slice_index: parent.childIds.indexOf(order.id) + 1 }
    return { triggered_by: { twap, reason: 'twap' } }
  }
  if (cause === null) return {}
  const triggers = triggersOf(cause.order, cause.state)
  return { triggered_by: { ...triggers, reason: Object.keys(triggers)[0] ?? 'conditional' } }
}

const instructionsOf = (order: TrueOrder): string[] => [order.postOnly ? 'post_only' : 'allow_taker']
const amountAt = (state: TrueState, price: Decimal): string => money(Number(state.quantity) * Number(price))
const valueTraded = (trades: readonly TrueTrade[]): number =>
  trades.reduce((sum, trade) => sum + Number(trade.quantity) * Number(trade.price), 0)
const money = (value: number): string => value.toFixed(8).replace(/\.?0+$/, '')
