/** Owns what happens at the venues of the sandbox: the one place where an order is placed, filled, changed and ended. */
import { add, compare, decimal, min, subtract } from '../core/decimal.ts'
import type { EndReason, VenueName } from '../core/order.ts'
import { type BookDeps, createBook, type MarketChange } from './book.ts'
import {
  type MarketAccount,
  type OrderSpec,
  openState,
  positive,
  SLICES_ARE_ORDERS,
  sliceQuantity,
  specOf,
  tradingPrice,
} from './placing.ts'
import { type Micros, stateOf, type TrueOrder, type TrueTrade, type TrueTwap } from './truth.ts'

/** Every method that changes an order throws a RangeError where the order cannot change so. */
export interface Market {
  readonly accounts: readonly MarketAccount[]
  /** Everything ever placed, oldest first. */
  orders(account?: string): readonly TrueOrder[]
  /** What has not ended of an account, oldest first. */
  open(account: string): readonly TrueOrder[]
  order(id: string): TrueOrder | null
  /** Ids of what scripts still need as they left it: the autopilot keeps its hands off. */
  readonly reserved: Set<string>
  place(account: string, spec: OrderSpec): TrueOrder
  /** Refused at the door: it never opens. */
  reject(account: string, spec: OrderSpec, refusal: string): TrueOrder
  fill(order: TrueOrder, quantity: string, price?: string): TrueTrade
  fillRest(order: TrueOrder): TrueTrade
  cancel(order: TrueOrder, reason?: EndReason): void
  /** Changes it in place. */
  amend(order: TrueOrder, to: { quantity?: string; price?: string; triggerPrice?: string }): void
  /** Ends it and puts a new order with an id of its own in its place. */
  replace(order: TrueOrder, to: { quantity?: string; price?: string }): TrueOrder
  /** The price has reached a conditional order: it becomes, or makes, an order in the book. The order that trades then. */
  trigger(order: TrueOrder): TrueOrder
  /** Executes the next slice of a TWAP: the slice where it is an order of its own, else the TWAP. */
  slice(order: TrueOrder): TrueOrder
  /** An execution of a cancelled order that the venue made known too late; never the last of it. */
  fillLate(order: TrueOrder, quantity: string): TrueTrade
  /** Takes an execution back, the last one that stands if none is named. A filled order stays filled, with less. */
  reverse(order: TrueOrder, tradeId?: string): TrueTrade
  /** How many ids have been given; none is ever given twice, over restarts too. */
  idsUsed(): number
  /** The venue's time, after every change so far. */
  now(venue: VenueName): Micros
  watch(listener: (change: MarketChange) => void): Disposable
}

/** A venue where a fired conditional order ends and a new order trades in its place. */
const MAKES_NEW_ORDER: Record<VenueName, boolean> = { qfex: false, derive: false, 'revolut-x': true, dexpal: false }
/** A venue that shows whether a conditional order has fired. */
const SHOWS_TRIGGERED: Record<VenueName, boolean> = { qfex: false, derive: true, 'revolut-x': false, dexpal: false }

export function createMarket(deps: BookDeps): Market {
  const book = createBook(deps)
  const { tell, move, create, execute } = book
  const opening = (order: TrueOrder): MarketChange => ({ order, state: stateOf(order), trade: null })

  const sliceOff = (order: TrueOrder, twap: TrueTwap): TrueOrder => {
    const state = openState(order)
    const quantity = min(sliceQuantity(order, twap, state), subtract(state.quantity, state.filled))
    const trade = execute(order, quantity, tradingPrice(order, state))
    const filled = add(state.filled, quantity)
    const status = filled === state.quantity ? 'filled' : 'open'
    const floatRemaining = state.floatRemaining - Number(quantity)
    tell([move(order, 'progressed', { status, filled, floatRemaining }, trade)])
    return order
  }
  const sliceApart = (order: TrueOrder, twap: TrueTwap): TrueOrder => {
    const state = openState(order)
    const { symbol, side } = order
    const spec: OrderSpec = { symbol, side, type: 'market', quantity: sliceQuantity(order, twap, state) }
    const child = create(order.account, { ...spec, clientOrderId: '' }, { parentId: order.id })
    order.childIds.push(child.id)
    tell([opening(child)])
    market.fillRest(child)
    const filled = add(state.filled, stateOf(child).filled)
    const status = twap.taken >= twap.slices ? 'filled' : 'open'
    const floatRemaining = Number(state.quantity) - Number(filled)
    tell([move(order, 'progressed', { status, filled, floatRemaining })])
    return child
  }

  const market: Market = {
    accounts: deps.accounts,
    orders: book.orders,
    open: book.open,
    order: book.order,
    reserved: new Set(),
    idsUsed: book.idsUsed,
    now: book.now,
    watch: book.watch,
    place(account, spec) {
      const order = create(account, spec)
      tell([opening(order)])
      return order
    },
    reject(account, spec, refusal) {
      const order = book.createRejected(account, spec, refusal)
      tell([opening(order)])
      return order
    },
    fill(order, text, price) {
      const state = openState(order)
      const quantity = positive(text)
      const filled = add(state.filled, quantity)
      if (compare(filled, state.quantity) > 0) throw new RangeError(`order ${order.id} has not that much left`)
      const trade = execute(order, quantity, price === undefined ? tradingPrice(order, state) : decimal(price))
      const floatRemaining = state.floatRemaining - Number(quantity)
      const status = filled === state.quantity ? 'filled' : 'open'
      tell([move(order, 'filled', { status, filled, floatRemaining }, trade)])
      return trade
    },
    fillRest: (order) => market.fill(order, subtract(stateOf(order).quantity, stateOf(order).filled)),
    cancel(order, reason = 'user') {
      openState(order)
      tell([move(order, 'cancelled', { status: 'cancelled', reason })])
    },
    amend(order, to) {
      const state = openState(order)
      const quantity = to.quantity === undefined ? state.quantity : positive(to.quantity)
      if (compare(quantity, state.filled) <= 0) throw new RangeError(`order ${order.id} has filled more than that`)
      tell([
        move(order, 'amended', {
          quantity,
          price: to.price === undefined ? state.price : decimal(to.price),
          triggerPrice: to.triggerPrice === undefined ? state.triggerPrice : decimal(to.triggerPrice),
          floatRemaining: Number(quantity) - Number(state.filled),
        }),
      ])
    },
    replace(order, to) {
      const state = openState(order)
      const spec = specOf(order, state)
      const left = subtract(state.quantity, state.filled)
      const ended = move(order, 'cancelled', { status: 'cancelled', reason: 'replaced' })
      const quantity = to.quantity ?? left
      const price = to.price ?? spec.price ?? null
      const next = create(order.account, { ...spec, quantity, price }, { replaces: order.id, address: order.address })
      order.replacedBy = next.id
      tell([ended, opening(next)])
      return next
    },
    trigger(order) {
      const state = openState(order)
      if (state.triggerPrice === null && order.takeProfit === null) throw new RangeError(`${order.id} has no trigger`)
      if (SHOWS_TRIGGERED[order.venue]) {
        if (state.triggered) throw new RangeError(`${order.id} has fired`)
        tell([move(order, 'triggered', { triggered: true })])
      }
      if (!MAKES_NEW_ORDER[order.venue]) return order
      const ended = move(order, 'cancelled', { status: 'cancelled', reason: 'venue' })
      const { triggerPrice, takeProfit, stopLoss, ...rest } = specOf(order, state)
      const type = state.price === null ? 'market' : 'limit'
      const next = create(order.account, { ...rest, type }, { triggeredById: order.id })
      tell([ended, opening(next)])
      return next
    },
    slice(order) {
      openState(order)
      const { twap } = order
      if (twap === null) throw new RangeError(`order ${order.id} is not a TWAP`)
      twap.taken += 1
      return SLICES_ARE_ORDERS[order.venue] ? sliceApart(order, twap) : sliceOff(order, twap)
    },
    fillLate(order, text) {
      const state = stateOf(order)
      const quantity = positive(text)
      const filled = add(state.filled, quantity)
      if (state.status !== 'cancelled' || compare(filled, state.quantity) >= 0) {
        throw new RangeError(`order ${order.id} cannot have filled late`)
      }
      const trade = execute(order, quantity, tradingPrice(order, state))
      const floatRemaining = state.floatRemaining - Number(quantity)
      tell([move(order, 'late_fill', { filled, floatRemaining }, trade)])
      return trade
    },
    reverse(order, tradeId) {
      const state = stateOf(order)
      const trade = order.trades.findLast(({ id, reversed }) => !reversed && (tradeId === undefined || id === tradeId))
      if (trade === undefined) throw new RangeError(`order ${order.id} has no such trade to take back`)
      trade.reversed = true
      const filled = subtract(state.filled, trade.quantity)
      const floatRemaining = state.floatRemaining + Number(trade.quantity)
      tell([{ ...move(order, 'reversed', { filled, floatRemaining, tradeId: trade.id }), trade }])
      return trade
    },
  }
  return market
}
