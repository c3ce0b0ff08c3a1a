/** Owns the book that the market writes: every order with its id and its instants, kept before anybody hears of a change. */
import { type Decimal, decimal } from '../core/decimal.ts'
import type { VenueName } from '../core/order.ts'
import { uuidOf } from './chance.ts'
import { addressOf, type MarketAccount, newOrder, type OrderSpec } from './placing.ts'
import { type Micros, stateOf, type TrueChange, type TrueOrder, type TrueState, type TrueTrade } from './truth.ts'

/** What the venue servers tell their clients. */
export interface MarketChange {
  order: TrueOrder
  state: TrueState
  trade: TrueTrade | null
}

export interface BookDeps {
  seed: string
  accounts: readonly MarketAccount[]
  /** The venue's own clock in ms, fractions allowed. */
  venueNow: (venue: VenueName) => number
  /** Keeps an order whose truth has changed, before anybody is told. */
  keep: (orders: readonly TrueOrder[], idsUsed: number) => void
  restored: { orders: readonly TrueOrder[]; idsUsed: number }
}

export interface Book {
  orders(account?: string): readonly TrueOrder[]
  open(account: string): readonly TrueOrder[]
  order(id: string): TrueOrder | null
  idsUsed(): number
  now(venue: VenueName): Micros
  /** Throws a RangeError for an account there is not, or a symbol that its venue does not trade. */
  create(account: string, spec: OrderSpec, links?: Partial<TrueOrder>): TrueOrder
  /** Refused from the start. */
  createRejected(account: string, spec: OrderSpec, refusal: string): TrueOrder
  /** Adds a state, at the instant of its trade if it has one. */
  move(order: TrueOrder, change: TrueChange, to: Partial<TrueState>, trade?: TrueTrade | null): MarketChange
  execute(order: TrueOrder, quantity: Decimal, price: Decimal): TrueTrade
  tell(changes: readonly MarketChange[]): void
  watch(listener: (change: MarketChange) => void): Disposable
}

const FEE_RATE = 0.0005

/** Beyond this the oldest ended order is forgotten, as venues do. */
export const MAX_ORDERS = 50_000

export function createBook(deps: BookDeps): Book {
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
  const tick = (venue: VenueName) => {
    const at = Math.max(Math.floor(deps.venueNow(venue) * 1_000), (lastUs.get(venue) ?? 0) + 1)
    lastUs.set(venue, at)
    return at
  }
  const close = (order: TrueOrder, at: Micros) => {
    order.endedUs = at
    openByAccount.get(order.account)?.delete(order)
  }
  const create = (account: string, spec: OrderSpec, links: Partial<TrueOrder> = {}): TrueOrder => {
    const owner = deps.accounts.find((candidate) => candidate.id === account)
    if (owner === undefined) throw new RangeError(`the sandbox has no account ${account}`)
    const address = links.address ?? addressOf(owner, spec, idsUsed)
    const id = address === null ? nextId() : `vela:${address.toLowerCase()}:${idsUsed++}`
    const order = newOrder(owner, id, spec, tick(owner.venue), { ...links, address })
    orders.push(order)
    byId.set(id, order)
    openByAccount.get(account)?.add(order)
    if (orders.length > MAX_ORDERS) forgetOldest(orders, byId)
    return order
  }
  return {
    orders: (account) => (account === undefined ? orders : orders.filter((order) => order.account === account)),
    open: (account) => [...(openByAccount.get(account) ?? [])],
    order: (id) => byId.get(id) ?? null,
    idsUsed: () => idsUsed,
    now: (venue) => Math.max(Math.floor(deps.venueNow(venue) * 1_000), lastUs.get(venue) ?? 0),
    create,
    createRejected(account, spec, refusal) {
      const order = create(account, spec)
      const state = stateOf(order)
      Object.assign(state, { change: 'rejected', status: 'rejected', reason: 'rejected', refusal })
      close(order, state.atUs)
      return order
    },
    move(order, change, to, trade = null) {
      const tradeId = trade?.id ?? null
      const atUs = trade?.atUs ?? tick(order.venue)
      const state: TrueState = { ...stateOf(order), tradeId, ...to, change, atUs }
      order.states.push(state)
      if (state.status !== 'open' && order.endedUs === null) close(order, state.atUs)
      return { order, state, trade }
    },
    execute(order, quantity, price) {
      const fee = decimal((Number(quantity) * Number(price) * FEE_RATE).toFixed(6))
      const id = nextId()
      const trade = { id, atUs: tick(order.venue), quantity, price, fee, maker: order.rests, reversed: false }
      order.trades.push(trade)
      return trade
    },
    tell(changes) {
      deps.keep(
        changes.map((change) => change.order),
        idsUsed,
      )
      for (const change of changes) for (const listener of listeners) listener(change)
    },
    watch(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
}

const isOpenOf = (account: string) => (order: TrueOrder) => order.account === account && order.endedUs === null

function forgetOldest(orders: TrueOrder[], byId: Map<string, TrueOrder>): void {
  const index = orders.findIndex((order) => order.endedUs !== null)
  const [gone] = index === -1 ? [] : orders.splice(index, 1)
  if (gone !== undefined) byId.delete(gone.id)
}
