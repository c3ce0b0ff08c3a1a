/** Owns a DexPal partner's words for the truth: pending orders without a fill, and the events of positions. */
import { subtract } from '../core/decimal.ts'
import { hexOf } from './chance.ts'
import { type Instrument, instrumentOf } from './instruments.ts'
import { type TrueOrder, type TrueState, type TrueTrade, toMs } from './truth.ts'
import type { View } from './views.ts'

type Row = Record<string, unknown>

const EXCHANGE = 'vela'
/** Arbitrum. */
const CHAIN_ID = 42_161
const LEVERAGE = 10
/** The mark moves this often, and what is reckoned from it with it. */
const MARK_MS = 3_000

/** What is left is all that is stated of a size. `cased` is the address as this reply writes it; `now` venue time, ms. */
export function orderRow({ order, state }: View, cased: string, now: number): Row {
  const instrument = instrumentOf(order.venue, order.symbol)
  const left = Number(subtract(state.quantity, state.filled))
  const usd = left * markOf(order, state, instrument, now)
  return {
    orderId: idAs(order, cased),
    address: cased,
    exchange: EXCHANGE,
    side: order.side === 'buy' ? 'long' : 'short',
    baseAsset: instrument.base,
    quoteAsset: instrument.quote,
    assetType: 'crypto',
    limitPrice: Number(state.price ?? 0),
    positionSizeUsd: cents(usd),
    positionSizeToken: left,
    collateralUsd: cents(usd / LEVERAGE),
    leverage: LEVERAGE,
    feeFundingUsd: 0,
    closingFeeUsd: cents(usd * 0.0006),
    chainId: CHAIN_ID,
    createdAt: iso(order.openedUs),
    triggerOrders: triggersOf(order),
    orderType: TYPES[order.type] ?? 'limit',
    orderFlags: flagsOf(order),
    timeInForce: order.timeInForce,
    ...(order.expiresUs === null ? {} : { expiresAt: iso(order.expiresUs) }),
    ...(state.triggerPrice === null ? {} : { stopPrice: Number(state.triggerPrice), triggerPriceType: 'mark' }),
    ...(order.twap === null ? {} : { twapConfig: twapOf(order.twap) }),
    isSystemGenerated: false,
  }
}

/** An event about a position; nothing in it leads back to an order. */
export function positionRow(order: TrueOrder, trade: TrueTrade): Row {
  const { base, quote } = instrumentOf(order.venue, order.symbol)
  return {
    eventId: trade.id,
    eventType: trade === order.trades[0] ? 'positionOpened' : 'positionIncreased',
    address: order.address,
    exchange: EXCHANGE,
    side: order.side === 'buy' ? 'long' : 'short',
    baseAsset: base,
    quoteAsset: quote,
    price: Number(trade.price),
    sizeToken: Number(trade.quantity),
    sizeUsd: cents(Number(trade.quantity) * Number(trade.price)),
    txHash: `0x${hexOf(`${trade.id}/tx`, 64)}`,
    createdAt: iso(trade.atUs),
  }
}

/** An event that names an order and how it ended, which not every partner has. */
export function endingRow({ order, state }: View): Row {
  const { base, quote } = instrumentOf(order.venue, order.symbol)
  const { address } = order
  const createdAt = iso(order.endedUs ?? state.atUs)
  return {
    eventId: hexOf(`${order.id}/ending`, 32),
    eventType: state.reason === 'expired' ? 'orderExpired' : ENDINGS[state.status],
    orderId: order.id,
    ...{ address, exchange: EXCHANGE, baseAsset: base, quoteAsset: quote, createdAt },
  }
}

const ENDINGS = { open: 'orderOpened', filled: 'orderFilled', cancelled: 'orderCancelled', rejected: 'orderRejected' }

/** The same wallet in other letters: digits have no case, and a partner may write either. */
export const otherCase = (address: string): string =>
  address.replace(/[a-f]/gi, (digit) => (digit === digit.toLowerCase() ? digit.toUpperCase() : digit.toLowerCase()))

/** The wallet stands in the middle of the id, in whatever case this reply writes it. */
const idAs = ({ id }: TrueOrder, cased: string): string => id.replace(cased.toLowerCase(), cased)

const TYPES: Partial<Record<TrueOrder['type'], string>> = {
  limit: 'limit',
  market: 'market',
  stop_market: 'stopMarket',
  stop_limit: 'stopLimit',
  take_profit_market: 'takeProfit',
  take_profit_limit: 'takeProfit',
  twap: 'twap',
}

const flagsOf = ({ reduceOnly, postOnly, timeInForce }: TrueOrder): string[] => [
  ...(reduceOnly ? ['reduceOnly'] : []),
  ...(postOnly ? ['postOnly'] : []),
  ...(timeInForce === 'ioc' || timeInForce === 'fok' ? [timeInForce] : []),
]

function triggersOf({ takeProfit, stopLoss, openedUs }: TrueOrder): Row[] {
  const legs = [
    { action: 'takeProfit', price: takeProfit },
    { action: 'stopLoss', price: stopLoss },
  ]
  return legs.flatMap(({ action, price }) =>
    price === null ? [] : [{ action, triggerPrice: Number(price), amountPercent: 100, createdAt: iso(openedUs) }],
  )
}

const twapOf = ({ slices, intervalMs }: { slices: number; intervalMs: number }): Row => ({
  intervals: slices,
  intervalSecs: Math.round(intervalMs / 1_000),
  maxSlippagePct: 0.5,
})

/** Money is reckoned anew while the order stands still. */
function markOf(order: TrueOrder, state: TrueState, instrument: Instrument, now: number): number {
  const drift = Number.parseInt(hexOf(`${order.symbol}/${Math.floor(now / MARK_MS)}`, 2), 16) / 255
  return Number(state.price ?? instrument.price) * (0.999 + drift * 0.002)
}

const cents = (value: number): number => Math.round(value * 100) / 100

export const iso = (us: number): string => new Date(toMs(us)).toISOString()
