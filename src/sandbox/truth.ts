/** Owns the shape of the truth: what really became of every order, whatever the venue servers say about it. */
import type { Decimal } from '../core/decimal.ts'
import type { EndReason, OrderKind, OrderType, Side, VenueName } from '../core/order.ts'

/** Microseconds since the epoch by the venue's clock; no two changes at one venue share one. */
export type Micros = number

export type TrueStatus = 'open' | 'filled' | 'cancelled' | 'rejected'

export type TrueChange =
  | 'opened'
  | 'filled'
  | 'amended'
  /** A TWAP's slices have filled more of it. */
  | 'progressed'
  | 'cancelled'
  | 'rejected'
  /** The price has reached a conditional order that keeps its id. */
  | 'triggered'
  /** A fill was taken back. */
  | 'reversed'
  /** A fill that the venue announces after it announced the ending. */
  | 'late_fill'

/** An order as it stood from `atUs` until its next state. */
export interface TrueState {
  atUs: Micros
  change: TrueChange
  status: TrueStatus
  reason: EndReason | null
  /** The venue's word for a rejection. */
  refusal: string | null
  quantity: Decimal
  price: Decimal | null
  triggerPrice: Decimal | null
  /** The price has reached it, where a conditional order keeps its id. */
  triggered: boolean
  filled: Decimal
  /** What is left by the reckoning of a venue that subtracts in binary floating point. */
  floatRemaining: number
  tradeId: string | null
}

export interface TrueTrade {
  id: string
  atUs: Micros
  quantity: Decimal
  price: Decimal
  fee: Decimal
  maker: boolean
  /** The venue could not settle it and took it back. */
  reversed: boolean
}

export interface TrueTwap {
  slices: number
  intervalMs: number
  taken: number
}

export interface TrueOrder {
  venue: VenueName
  /** The sandbox's name of the account it belongs to. */
  account: string
  kind: OrderKind
  id: string
  clientOrderId: string
  symbol: string
  side: Side
  type: OrderType
  timeInForce: 'gtc' | 'ioc' | 'fok' | 'gtt'
  postOnly: boolean
  reduceOnly: boolean
  takeProfit: Decimal | null
  stopLoss: Decimal | null
  /** The TWAP it is a slice of. */
  parentId: string | null
  childIds: string[]
  /** The conditional order whose trigger made it. */
  triggeredById: string | null
  replaces: string | null
  replacedBy: string | null
  twap: TrueTwap | null
  /** It waits in the book or for a trigger, so that the venue lists it while it is open. */
  rests: boolean
  /** Of the wallet it belongs to, where an account has several. */
  address: string | null
  /** It ends by itself at this instant. */
  expiresUs: Micros | null
  openedUs: Micros
  endedUs: Micros | null
  /** Every state it was ever in, oldest first. */
  states: TrueState[]
  trades: TrueTrade[]
  /** A list or a frame that shows it open has been made for somebody. */
  shownOpen: boolean
}

/** Times in ms, fractions cut, as a mirror of it would keep them. */
export const toMs = (us: Micros): number => Math.floor(us / 1_000)

/** The newest state. */
export function stateOf(order: TrueOrder): TrueState {
  const state = order.states.at(-1)
  if (state === undefined) throw new RangeError(`order ${order.id} has no state`)
  return state
}

/** The state at some instant; null before it was placed. */
export function stateAt(order: TrueOrder, atUs: Micros): TrueState | null {
  return order.states.findLast((state) => state.atUs <= atUs) ?? null
}

/** The quantity-weighted price of what stands; null where nothing has traded. */
export function averagePrice(all: readonly TrueTrade[]): number | null {
  const trades = all.filter(({ reversed }) => !reversed)
  const quantity = trades.reduce((sum, trade) => sum + Number(trade.quantity), 0)
  if (quantity === 0) return null
  return trades.reduce((sum, trade) => sum + Number(trade.quantity) * Number(trade.price), 0) / quantity
}
