/** Owns the moves of the autopilot: what a trader and a market do to orders, each drawn from the dice. */
import { compare, subtract } from '../core/decimal.ts'
import type { Side } from '../core/order.ts'
import type { Dice } from './chance.ts'
import { type Instrument, instrumentOf, instrumentsOf, lots, lotsIn, priceAt } from './instruments.ts'
import type { Market } from './market.ts'
import type { MarketAccount, OrderSpec } from './placing.ts'
import { stateOf, type TrueOrder } from './truth.ts'

export type Move =
  | 'limit'
  | 'post_only'
  | 'market'
  | 'ioc'
  | 'fok'
  | 'stop'
  | 'take_profit'
  | 'oco'
  | 'twap'
  | 'reject'
  /** Opens and ends at once. */
  | 'flash'
  /** The same while every socket of the account is down. */
  | 'flash_in_gap'
  | 'fill_part'
  | 'fill_rest'
  | 'cancel'
  | 'self_trade'
  | 'amend'
  | 'replace'
  | 'trigger'
  | 'slice'
  | 'late_fill'

/** How often each move is tried, relative to the others. */
export const MOVE_WEIGHTS: Readonly<Record<Move, number>> = {
  limit: 26,
  post_only: 6,
  market: 7,
  ioc: 5,
  fok: 2,
  stop: 4,
  take_profit: 2,
  oco: 2,
  twap: 2,
  reject: 2,
  flash: 4,
  flash_in_gap: 1,
  fill_part: 14,
  fill_rest: 12,
  cancel: 14,
  self_trade: 1,
  amend: 6,
  replace: 3,
  trigger: 3,
  slice: 7,
  late_fill: 1,
}

export interface MoveDeps {
  market: Market
  dice: Dice
  closeSockets: (account: MarketAccount) => void
}

/** Makes a move; false where no order of the account allows it. */
export function makeMove(move: Move, account: MarketAccount, deps: MoveDeps): boolean {
  return MOVES[move]({ ...deps, account })
}

interface Turn extends MoveDeps {
  account: MarketAccount
}

const MAX_LOTS = 900
const REFUSALS = ['REJECTED_WOULD_BREACH_MAX_NOTIONAL', 'FAILED_MARGIN_CHECK', 'REJECTED_MARKET_CLOSED'] as const

const MOVES: Record<Move, (turn: Turn) => boolean> = {
  limit: (turn) => place(turn, { type: 'limit' }) !== null,
  post_only: (turn) => place(turn, { type: 'limit', postOnly: true }) !== null,
  market(turn) {
    turn.market.fillRest(place(turn, { type: 'market' }))
    return true
  },
  ioc(turn) {
    const order = place(turn, { type: 'limit', timeInForce: 'ioc' })
    for (let fills = turn.dice.integer(0, 2); fills > 0; fills--) fillSome(turn, order)
    if (turn.dice.happens(0.2)) turn.market.fillRest(order)
    else turn.market.cancel(order, 'ioc_remainder')
    return true
  },
  fok(turn) {
    const order = place(turn, { type: 'limit', timeInForce: 'fok' })
    if (turn.dice.happens(0.7)) turn.market.fillRest(order)
    else turn.market.cancel(order, 'ioc_remainder')
    return true
  },
  stop: (turn) => place(turn, { type: 'stop_market', ...triggerAt(turn, 0.97) }) !== null,
  take_profit: (turn) => place(turn, { type: 'take_profit_market', ...triggerAt(turn, 1.03) }) !== null,
  oco(turn) {
    if (turn.account.venue !== 'revolut-x') return false
    const { symbol, triggerPrice: takeProfit } = triggerAt(turn, 1.04)
    const instrument = instrumentOf(turn.account.venue, symbol)
    const stopLoss = priceAt(instrument, Number(takeProfit) * 0.92)
    return place(turn, { type: 'oco', side: 'sell', symbol, takeProfit, stopLoss, price: null }) !== null
  },
  twap(turn) {
    const instrument = turn.dice.pick(instrumentsOf(turn.account.venue))
    const slices = turn.dice.integer(2, 5)
    const quantity = lots(instrument, slices * turn.dice.integer(1, MAX_LOTS))
    const spec = { type: 'twap', symbol: instrument.symbol, quantity, slices, intervalMs: 30_000, price: null } as const
    return place(turn, spec) !== null
  },
  reject(turn) {
    turn.market.reject(turn.account.id, specOf(turn, { type: 'limit' }), turn.dice.pick(REFUSALS))
    return true
  },
  flash(turn) {
    const order = place(turn, { type: 'limit' })
    if (turn.dice.happens(0.6)) turn.market.fillRest(order)
    else turn.market.cancel(order)
    return true
  },
  flash_in_gap(turn) {
    turn.closeSockets(turn.account)
    return MOVES.flash(turn)
  },
  fill_part: (turn) => withOpen(turn, isInBook, (order) => fillSome(turn, order)),
  fill_rest: (turn) => withOpen(turn, isInBook, (order) => void turn.market.fillRest(order)),
  cancel: (turn) =>
    withOpen(
      turn,
      () => true,
      (order) => turn.market.cancel(order),
    ),
  self_trade(turn) {
    if (turn.account.venue !== 'qfex') return false
    return withOpen(turn, isInBook, (order) => turn.market.cancel(order, 'self_trade'))
  },
  amend(turn) {
    if (turn.account.venue !== 'qfex') return false
    return withOpen(turn, isUntouched, (order) => turn.market.amend(order, newTerms(turn, order)))
  },
  replace: (turn) => withOpen(turn, isUntouched, (order) => void turn.market.replace(order, newTerms(turn, order))),
  trigger(turn) {
    const fire = (order: TrueOrder) => {
      const fired = turn.market.trigger(order)
      if (!fired.rests || turn.dice.happens(0.5)) turn.market.fillRest(fired)
    }
    return withOpen(turn, isConditional, fire)
  },
  slice: (turn) =>
    withOpen(
      turn,
      (order) => order.kind === 'algo',
      (order) => void turn.market.slice(order),
    ),
  late_fill(turn) {
    if (turn.account.venue !== 'qfex') return false
    const order = place(turn, { type: 'limit' })
    fillSome(turn, order)
    turn.market.cancel(order)
    const left = lotsLeft(order)
    if (left > 1)
      turn.market.fillLate(order, lots(instrumentOf(order.venue, order.symbol), turn.dice.integer(1, left - 1)))
    return true
  },
}

function place(turn: Turn, wanted: Partial<OrderSpec> & Pick<OrderSpec, 'type'>): TrueOrder {
  return turn.market.place(turn.account.id, specOf(turn, wanted))
}

function specOf({ account, dice }: Turn, wanted: Partial<OrderSpec> & Pick<OrderSpec, 'type'>): OrderSpec {
  const instrument =
    wanted.symbol === undefined ? dice.pick(instrumentsOf(account.venue)) : instrumentOf(account.venue, wanted.symbol)
  const side: Side = dice.happens(0.5) ? 'buy' : 'sell'
  return {
    symbol: instrument.symbol,
    side,
    quantity: lots(instrument, dice.integer(2, MAX_LOTS)),
    price: wanted.type === 'limit' ? somePrice(instrument, dice) : null,
    ...wanted,
  }
}

function triggerAt({ account, dice }: Turn, factor: number): { symbol: string; triggerPrice: string } {
  const instrument = dice.pick(instrumentsOf(account.venue))
  return { symbol: instrument.symbol, triggerPrice: priceAt(instrument, instrument.price * factor) }
}

/** Something, but not all, of what is left; nothing where a single lot is. */
function fillSome({ market, dice }: Turn, order: TrueOrder): void {
  const left = lotsLeft(order)
  if (left < 2) return
  market.fill(order, lots(instrumentOf(order.venue, order.symbol), dice.integer(1, left - 1)))
}

function newTerms({ dice }: Turn, order: TrueOrder): { price?: string; quantity?: string } {
  const instrument = instrumentOf(order.venue, order.symbol)
  const price = somePrice(instrument, dice)
  return dice.happens(0.5) ? { price } : { price, quantity: lots(instrument, dice.integer(2, MAX_LOTS)) }
}

function withOpen(
  { market, account, dice }: Turn,
  fits: (order: TrueOrder) => boolean,
  run: (order: TrueOrder) => void,
) {
  const candidates = market.open(account.id).filter((order) => order.rests && fits(order))
  if (candidates.length === 0) return false
  run(dice.pick(candidates))
  return true
}

const isInBook = (order: TrueOrder): boolean => order.type === 'limit'
const isUntouched = (order: TrueOrder): boolean => isInBook(order) && order.trades.length === 0
const isConditional = (order: TrueOrder): boolean =>
  order.type === 'stop_market' || order.type === 'take_profit_market' || order.type === 'oco'

function lotsLeft(order: TrueOrder): number {
  const { quantity, filled } = stateOf(order)
  if (compare(filled, quantity) >= 0) return 0
  return lotsIn(instrumentOf(order.venue, order.symbol), subtract(quantity, filled))
}

const somePrice = (instrument: Instrument, dice: Dice): string =>
  priceAt(instrument, instrument.price * (0.98 + dice.next() * 0.04))
