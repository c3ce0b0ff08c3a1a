/** Owns what happens at the venues of the sandbox: the one place where an order is placed, filled, changed and ended. */
import { add, compare, type Decimal, decimal, subtract } from '../core/decimal.ts'
import type { EndReason, VenueName } from '../core/order.ts'
import { uuidOf } from './chance.ts'
import {
  type MarketAccount,
  newOrder,
  type OrderSpec,
  openState,
  positive,
  sliceQuantity,
  specOf,
  tradingPrice,
} from './placing.ts'
import { type Micros, stateOf, type TrueChange, type TrueOrder, type TrueState, type TrueTrade } from './truth.ts'

/** What the venue servers tell their clients. */
export interface MarketChange {
  order: TrueOrder
  state: TrueState
  trade: TrueTrade | null
}

export interface MarketDeps {
  seed: string
  accounts: readonly MarketAccount[]
  /** The venue's own clock in ms, fractions allowed. */
  venueNow: (venue: VenueName) => number
  /** Keeps an order whose truth has changed, before anybody is told. */
  keep: (orders: readonly TrueOrder[], idsUsed: number) => void
  restored: { orders: readonly TrueOrder[]; idsUsed: number }
}

/** Every method that changes an order throws a RangeError where the order cannot change so. */
export interface Market {
  readonly accounts: readonly MarketAccount[]
  /** Everything ever placed, oldest first. */
  orders(account?: string): readonly TrueOrder[]
  /** What has not ended of an account, oldest first. */
  open(account: string): readonly TrueOrder[]
  order(id: string): TrueOrder | null
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
  /** Executes the next slice of a TWAP. */
  slice(order: TrueOrder): TrueOrder
  /** An execution of a cancelled order that the venue made known too late; never the last of it. */
  fillLate(order: TrueOrder, quantity: string): TrueTrade
  /** How many ids have been given; none is ever given twice, over restarts too. */
  idsUsed(): number
  /** The venue's time, after every change so far. */
  now(venue: VenueName): Micros
  watch(listener: (change: MarketChange) => void): Disposable
}

/** A venue where a fired conditional order ends and a new order trades in its place. */
const MAKES_NEW_ORDER: Record<VenueName, boolean> = { qfex: false, derive: false, 'revolut-x': true, dexpal: false }
const FEE_RATE = 0.0005

/** Beyond this the oldest ended order is forgotten, as venues do. */
export const MAX_ORDERS = 50_000

export function createMarket(deps: MarketDeps): Market {
  const orders: TrueOrder[] = [...deps.restored.orders]
  const byId = new Map(orders.map((order) => [order.id, order]))
  const openByAccount = new Map(deps.accounts.map(({ id }) => [id, new Set(orders.filter(isOpenOf(id)))]))
  const lastUs = new Map<VenueName, Micros>()
  const listeners = new Set<(change: MarketChange) => void>()
  let idsUsed = deps.restored.idsUsed
  for (const order of orders) {
    lastUs.set(order.venue, Math.max(lastUs.get(order.venue) ?? 0, stateOf(order).atUs, order.endedUs ?? 0))
  }

  const nextId = () => uuidOf(deps.seed, idsUsed++)
  const now = (venue: VenueName) => Math.max(Math.floor(deps.venueNow(venue) * 1_000), lastUs.get(venue) ?? 0)
  const tick = (venue: VenueName) => {
    const at = Math.max(Math.floor(deps.venueNow(venue) * 1_000), (lastUs.get(venue) ?? 0) + 1)
    lastUs.set(venue, at)
    return at
  }
  const tell = (changes: readonly MarketChange[]) => {
    deps.keep(
      changes.map((change) => change.order),
      idsUsed,
    )
    for (const change of changes) for (const listener of listeners) listener(change)
  }
  const move = (order: TrueOrder, change: TrueChange, to: Partial<TrueState>, trade: TrueTrade | null = null) => {
    const state: TrueState = {
      ...stateOf(order),
      tradeId: trade?.id ?? null,
      ...to,
      change,
      atUs: trade?.atUs ?? tick(order.venue),
    }
    order.states.push(state)
    if (state.status !== 'open' && order.endedUs === null) {
      order.endedUs = state.atUs
      openByAccount.get(order.account)?.delete(order)
    }
    return { order, state, trade }
  }
  const create = (account: string, spec: OrderSpec, links: Partial<TrueOrder> = {}): TrueOrder => {
    const owner = deps.accounts.find((candidate) => candidate.id === account)
    if (owner === undefined) throw new RangeError(`the sandbox has no account ${account}`)
    const id = nextId()
    const order = newOrder(owner, id, spec, tick(owner.venue), links)
    orders.push(order)
    byId.set(id, order)
    openByAccount.get(account)?.add(order)
    if (orders.length > MAX_ORDERS) forgetOldest(orders, byId)
    return order
  }
  const execute = (order: TrueOrder, quantity: Decimal, price: Decimal): TrueTrade => {
    const fee = decimal((Number(quantity) * Number(price) * FEE_RATE).toFixed(6))
    const trade = { id: nextId(), atUs: tick(order.venue), quantity, price, fee, maker: order.rests }
    order.trades.push(trade)
    return trade
  }
  const opening = (order: TrueOrder): MarketChange => ({ order, state: stateOf(order), trade: null })

  const market: Market = {
    accounts: deps.accounts,
    orders: (account) => (account === undefined ? orders : orders.filter((order) => order.account === account)),
    open: (account) => [...(openByAccount.get(account) ?? [])],
    order: (id) => byId.get(id) ?? null,
    idsUsed: () => idsUsed,
    now,
    place(account, spec) {
      const order = create(account, spec)
      tell([opening(order)])
      return order
    },
    reject(account, spec, refusal) {
      const order = create(account, spec)
      const state = stateOf(order)
      Object.assign(state, { change: 'rejected', status: 'rejected', reason: 'rejected', refusal })
      order.endedUs = state.atUs
      openByAccount.get(account)?.delete(order)
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
      const next = create(order.account, { ...spec, quantity, price }, { replaces: order.id })
      order.replacedBy = next.id
      tell([ended, opening(next)])
      return next
    },
    trigger(order) {
      const state = openState(order)
      if (state.triggerPrice === null && order.takeProfit === null) throw new RangeError(`${order.id} has no trigger`)
      if (!MAKES_NEW_ORDER[order.venue]) return order
      const ended = move(order, 'cancelled', { status: 'cancelled', reason: 'venue' })
      const { triggerPrice, takeProfit, stopLoss, ...rest } = specOf(order, state)
      const type = state.price === null ? 'market' : 'limit'
      const next = create(order.account, { ...rest, type }, { triggeredById: order.id })
      tell([ended, opening(next)])
      return next
    },
    slice(order) {
      const state = openState(order)
      if (order.twap === null) throw new RangeError(`order ${order.id} is not a TWAP`)
      order.twap.taken += 1
      const { symbol, side } = order
      const spec: OrderSpec = { symbol, side, type: 'market', quantity: sliceQuantity(order, order.twap, state) }
      const child = create(order.account, { ...spec, clientOrderId: '' }, { parentId: order.id })
      order.childIds.push(child.id)
      tell([opening(child)])
      market.fillRest(child)
      const filled = add(state.filled, stateOf(child).filled)
      const status = order.twap.taken >= order.twap.slices ? 'filled' : 'open'
      const floatRemaining = Number(state.quantity) - Number(filled)
      tell([move(order, 'progressed', { status, filled, floatRemaining })])
      return child
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
    watch(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
  return market
}

const isOpenOf = (account: string) => (order: TrueOrder) => order.account === account && order.endedUs === null

function forgetOldest(orders: TrueOrder[], byId: Map<string, TrueOrder>): void {
  const index = orders.findIndex((order) => order.endedUs !== null)
  const [gone] = index === -1 ? [] : orders.splice(index, 1)
  if (gone !== undefined) byId.delete(gone.id)
}
