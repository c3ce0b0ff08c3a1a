/** Owns what an order is when it is placed, and what of it is checked before anything may happen to it. */
import { type Decimal, decimal, isZero, subtract, ZERO } from '../core/decimal.ts'
import type { OrderType, Side, VenueName } from '../core/order.ts'
import { uuidOf } from './chance.ts'
import { instrumentOf, lots, lotsIn, priceAt } from './instruments.ts'
import { type Micros, stateOf, type TrueOrder, type TrueState } from './truth.ts'

/** What somebody asks a venue to place. Quantities and prices are decimal text. */
export interface OrderSpec {
  symbol: string
  side: Side
  type: OrderType
  quantity: string
  price?: string | null
  triggerPrice?: string | null
  timeInForce?: 'gtc' | 'ioc' | 'fok' | 'gtt'
  /** Ends it by itself after so long. */
  expiresInMs?: number
  postOnly?: boolean
  reduceOnly?: boolean
  takeProfit?: string | null
  stopLoss?: string | null
  clientOrderId?: string
  /** For a TWAP. */
  slices?: number
  intervalMs?: number
  /** Which of the account's addresses, from 0; they take turns if not given. */
  address?: number
}

export interface MarketAccount {
  id: string
  venue: VenueName
  /** Where an account is several wallets. */
  addresses?: readonly string[]
}

/** A venue where each slice of a TWAP is an order of its own; elsewhere the TWAP itself fills. */
export const SLICES_ARE_ORDERS: Record<VenueName, boolean> = {
  qfex: true,
  'revolut-x': true,
  derive: false,
  dexpal: false,
}

/** The address of an order that is the n-th of its venue; null where an account has none. */
export function addressOf({ id, addresses }: MarketAccount, spec: OrderSpec, n: number): string | null {
  if (addresses === undefined) return null
  const address = addresses[spec.address ?? n % addresses.length]
  if (address === undefined) throw new RangeError(`account ${id} has no address ${spec.address}`)
  return address
}

export function newOrder(
  owner: MarketAccount,
  id: string,
  spec: OrderSpec,
  at: Micros,
  links: Partial<TrueOrder>,
): TrueOrder {
  const timeInForce = spec.timeInForce ?? (spec.type === 'market' ? 'ioc' : 'gtc')
  const quantity = positive(spec.quantity)
  instrumentOf(owner.venue, spec.symbol)
  return {
    venue: owner.venue,
    account: owner.id,
    kind: spec.type === 'twap' && SLICES_ARE_ORDERS[owner.venue] ? 'algo' : 'order',
    id,
    clientOrderId: spec.clientOrderId ?? (owner.venue === 'dexpal' ? '' : uuidOf(id, 0)),
    symbol: spec.symbol,
    side: spec.side,
    type: spec.type,
    timeInForce,
    postOnly: spec.postOnly ?? false,
    reduceOnly: spec.reduceOnly ?? false,
    takeProfit: orNull(spec.takeProfit),
    stopLoss: orNull(spec.stopLoss),
    parentId: null,
    childIds: [],
    triggeredById: null,
    replaces: null,
    replacedBy: null,
    twap: spec.type === 'twap' ? { slices: spec.slices ?? 4, intervalMs: spec.intervalMs ?? 30_000, taken: 0 } : null,
    rests: (timeInForce === 'gtc' || timeInForce === 'gtt') && spec.type !== 'market',
    address: null,
    expiresUs: spec.expiresInMs === undefined ? null : at + spec.expiresInMs * 1_000,
    openedUs: at,
    endedUs: null,
    states: [firstState(spec, quantity, at)],
    trades: [],
    shownOpen: false,
    ...links,
  }
}

function firstState(spec: OrderSpec, quantity: Decimal, atUs: Micros): TrueState {
  return {
    atUs,
    change: 'opened',
    status: 'open',
    reason: null,
    refusal: null,
    quantity,
    price: orNull(spec.price),
    triggerPrice: orNull(spec.triggerPrice),
    triggered: false,
    filled: ZERO,
    floatRemaining: Number(quantity),
    tradeId: null,
  }
}

export function specOf(order: TrueOrder, state: TrueState): OrderSpec {
  const { symbol, side, type, timeInForce, postOnly, reduceOnly, takeProfit, stopLoss, clientOrderId } = order
  const { quantity, price, triggerPrice } = state
  const terms = { symbol, side, type, timeInForce, postOnly, reduceOnly, takeProfit, stopLoss }
  return { ...terms, quantity, price, triggerPrice, clientOrderId }
}

export function openState(order: TrueOrder): TrueState {
  const state = stateOf(order)
  if (state.status !== 'open') throw new RangeError(`order ${order.id} has ended`)
  return state
}

export function sliceQuantity(order: TrueOrder, twap: { slices: number; taken: number }, state: TrueState): Decimal {
  if (twap.taken >= twap.slices) return subtract(state.quantity, state.filled)
  const instrument = instrumentOf(order.venue, order.symbol)
  return lots(instrument, Math.max(1, Math.floor(lotsIn(instrument, state.quantity) / twap.slices)))
}

export const tradingPrice = (order: TrueOrder, state: TrueState): Decimal => {
  const instrument = instrumentOf(order.venue, order.symbol)
  return state.price ?? priceAt(instrument, instrument.price)
}

export function positive(text: string): Decimal {
  const value = decimal(text)
  if (isZero(value) || value.startsWith('-')) throw new RangeError(`not a quantity: ${text.slice(0, 40)}`)
  return value
}

const orNull = (text: string | null | undefined): Decimal | null =>
  text === undefined || text === null ? null : decimal(text)
