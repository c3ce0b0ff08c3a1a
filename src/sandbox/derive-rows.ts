/** Owns Derive's words for the truth: orders of both protocols, and trades with how far their settlement is. */
import type { EndReason } from '../core/order.ts'
import { hexOf } from './chance.ts'
import type { DeriveAccount } from './credentials.ts'
import { instrumentOf, priceAt } from './instruments.ts'
import { averagePrice, type TrueOrder, type TrueState, type TrueTrade, toMs } from './truth.ts'
import type { View } from './views.ts'

type Row = Record<string, unknown>

const DAY_S = 86_400

/** A conditional order whose price has not been reached. */
export const isWaiting = ({ order, state }: Pick<View, 'order' | 'state'>): boolean =>
  isConditional(order) && !state.triggered

export const isAlgo = ({ order }: Pick<View, 'order'>): boolean => order.type === 'twap'

/** What rests where others can take it: neither waiting nor sliced, and with a price to rest at. */
export const isOnBook = (view: Pick<View, 'order' | 'state'>): boolean =>
  !isWaiting(view) && !isAlgo(view) && !isMarket(view.order, view.state)

const isConditional = ({ type }: TrueOrder): boolean => type.startsWith('stop') || type.startsWith('take_profit')

const isMarket = ({ type }: TrueOrder, { price }: TrueState): boolean =>
  type.endsWith('market') || (type === 'twap' && price === null)

/** `isPast`: out of history, where the signature is gone. */
export function orderRow(view: View, account: DeriveAccount, isPast = false): Row {
  const { order, state, trades } = view
  const conditional = isConditional(order)
  const row = {
    subaccount_id: account.subaccountId,
    order_id: order.id,
    instrument_name: order.symbol,
    direction: order.side,
    label: order.clientOrderId,
    quote_id: null,
    creation_timestamp: toMs(order.openedUs),
    last_update_timestamp: toMs(state.atUs),
    limit_price: limitPrice(order, state),
    amount: state.quantity,
    filled_amount: state.filled,
    average_price: averageOf(order, trades),
    order_fee: sumOf(trades, ({ fee }) => Number(fee)),
    order_type: isMarket(order, state) ? 'market' : 'limit',
    time_in_force: order.postOnly ? 'post_only' : order.timeInForce === 'gtt' ? 'gtc' : order.timeInForce,
    order_status: statusOf(view, account.protocol),
    max_fee: '1000',
    cancel_reason: cancelReasonOf(order, state),
    mmp: false,
    is_transfer: false,
    replaced_order_id: order.replaces,
    trigger_type: conditional ? (order.type.startsWith('stop') ? 'stoploss' : 'takeprofit') : null,
    trigger_price: conditional ? state.triggerPrice : null,
    trigger_price_type: conditional ? 'mark' : null,
    trigger_reject_message: state.reason === 'trigger_failed' ? 'Insufficient margin' : null,
    signature_expiry_sec: Math.floor((order.expiresUs ?? order.openedUs + 30 * DAY_S * 1e6) / 1e6),
    signature: isPast ? '' : `0x${hexOf(`${order.id}/signature`, 130)}`,
    signer: account.signer,
  }
  // The nonce of v2 is a number that a double still holds, that of v3 is nineteen digits of nanoseconds.
  if (account.protocol === 'v2') return { ...row, nonce: toMs(order.openedUs) * 1_000 + (order.openedUs % 1_000) }
  return { ...row, ...algoOf(order), extra_fee: '0', signed_limit_price: null, nonce: `${order.openedUs}000` }
}

/** An element of the trades channel and of the trade history. `now` is the venue's time in ms. */
export function tradeRow(order: TrueOrder, trade: TrueTrade, account: DeriveAccount, now: number): Row {
  const { price } = instrumentOf(order.venue, order.symbol)
  const batch = batchStatus(trade, now)
  return {
    subaccount_id: account.subaccountId,
    order_id: order.id,
    instrument_name: order.symbol,
    direction: order.side,
    label: order.clientOrderId,
    quote_id: null,
    rfq_id: null,
    trade_id: trade.id,
    timestamp: toMs(trade.atUs),
    mark_price: String(price),
    index_price: String(price),
    trade_price: trade.price,
    trade_amount: trade.quantity,
    liquidity_role: trade.maker ? 'maker' : 'taker',
    realized_pnl: '0',
    realized_pnl_excl_fees: '0',
    is_transfer: false,
    trade_fee: trade.fee,
    extra_fee: '0',
    expected_rebate: '0',
    batch_status: batch,
    op_uuid: trade.id,
    tx_hash: batch?.startsWith('Sett') ? `0x${hexOf(`${trade.id}/tx`, 64)}` : null,
  }
}

/** How old a trade is when its batch comes to each stage; before the first it is with the sequencer alone. */
const STAGES = [
  ['Batching', 400],
  ['Executing', 1_500],
  ['Proving', 4_000],
  ['Settling', 8_000],
  ['Settled', 12_000],
] as const

function batchStatus(trade: TrueTrade, now: number): string | null {
  if (trade.reversed) return `${STAGES[digitOf(`${trade.id}/failed`) % STAGES.length]?.[0]}Error`
  return STAGES.findLast(([, fromMs]) => now - toMs(trade.atUs) >= fromMs)?.[0] ?? null
}

function statusOf(view: View, protocol: DeriveAccount['protocol']): string {
  const { order, state } = view
  switch (state.status) {
    case 'open':
      if (isWaiting(view)) return 'untriggered'
      return isAlgo(view) && protocol === 'v3' ? 'algo_active' : 'open'
    case 'filled':
      return isAlgo(view) && isToldAsCompleted(order) ? 'cancelled' : 'filled'
    case 'rejected':
      return 'rejected'
    case 'cancelled':
      return state.reason === 'expired' ? 'expired' : 'cancelled'
  }
}

/** Whether a TWAP that was filled ends as `filled` is not known: half of them say that they were cancelled, complete. */
const isToldAsCompleted = ({ id }: TrueOrder): boolean => digitOf(`${id}/completed`) % 2 === 0

/** The venue's own reasons for taking an order off. */
const VENUE_WORDS = ['compliance', 'session_key_deregistered', 'subaccount_withdrawn', 'signed_max_fee_too_low']

const CANCEL_WORDS: Partial<Record<EndReason, string>> = {
  user: 'user_request',
  replaced: 'user_request',
  mmp: 'mmp_trigger',
  margin: 'insufficient_margin',
  disconnect: 'cancel_on_disconnect',
  ioc_remainder: 'ioc_or_market_partial_fill',
  trigger_failed: 'trigger_failed',
  completed_short: 'algo_completed',
  rejected: 'validation_failed',
}

function cancelReasonOf(order: TrueOrder, state: TrueState): string {
  if (state.status === 'filled') return order.type === 'twap' && isToldAsCompleted(order) ? 'algo_completed' : ''
  if (state.reason === null || state.reason === 'expired') return ''
  return CANCEL_WORDS[state.reason] ?? VENUE_WORDS[digitOf(order.id) % VENUE_WORDS.length] ?? ''
}

function algoOf({ twap }: TrueOrder): Row {
  return {
    algo_type: twap === null ? null : 'twap',
    algo_duration_sec: twap === null ? null : Math.round((twap.slices * twap.intervalMs) / 1_000),
    algo_num_slices: twap?.slices ?? null,
    algo_slices_completed: twap?.taken ?? null,
  }
}

/** A market order carries the worst price it may trade at. */
function limitPrice(order: TrueOrder, state: TrueState): string {
  if (state.price !== null && !order.type.endsWith('market')) return state.price
  const instrument = instrumentOf(order.venue, order.symbol)
  return priceAt(instrument, instrument.price * (order.side === 'buy' ? 1.05 : 0.95))
}

/** Divided in the venue's decimals, so that it has up to twelve places; `"0"` where nothing traded. */
function averageOf(order: TrueOrder, trades: readonly TrueTrade[]): string {
  const average = averagePrice(trades)
  if (average === null) return '0'
  return trimmed(average.toFixed(instrumentOf(order.venue, order.symbol).pricePlaces + 6))
}

const sumOf = (trades: readonly TrueTrade[], of: (trade: TrueTrade) => number): string =>
  trimmed(trades.reduce((sum, trade) => (trade.reversed ? sum : sum + of(trade)), 0).toFixed(6))

const trimmed = (text: string): string => text.replace(/\.?0+$/, '')

const digitOf = (text: string): number => Number.parseInt(hexOf(text, 2), 16)
