/** Owns the moves of the autopilot: what a trader and a market do to orders, each drawn from the dice. */
import { compare, subtract } from '../core/decimal.ts'
import type { EndReason, Side } from '../core/order.ts'
import type { Dice } from './chance.ts'
import { type Instrument, instrumentOf, instrumentsOf, lots, lotsIn, priceAt } from './instruments.ts'
import type { Market } from './market.ts'
import type { Move } from './move-weights.ts'
import type { MarketAccount, OrderSpec } from './placing.ts'
import { stateOf, type TrueOrder } from './truth.ts'

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
    if (turn.account.venue !== 'qfex' && turn.account.venue !== 'dexpal') return false
    return withOpen(turn, isUntouched, (order) => turn.market.amend(order, newTerms(turn, order)))
  },
  replace: (turn) => withOpen(turn, isUntouched, (order) => void turn.market.replace(order, newTerms(turn, order))),
  trigger(turn) {
    const fire = (order: TrueOrder) => {
      const fired = turn.market.trigger(order)
      if (tradesAtOnce(fired) || turn.dice.happens(0.5)) turn.market.fillRest(fired)
    }
    return withOpen(turn, isConditional, fire)
  },
  slice: (turn) => withOpen(turn, isTwap, (order) => void turn.market.slice(order)),
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
  stop_limit: (turn) => place(turn, conditionalLimit(turn, 'stop_limit', 0.97)) !== null,
  take_profit_limit: (turn) => place(turn, conditionalLimit(turn, 'take_profit_limit', 1.03)) !== null,
  timed(turn) {
    const timeInForce = turn.account.venue === 'dexpal' ? 'gtt' : 'gtc'
    return place(turn, { type: 'limit', timeInForce, expiresInMs: turn.dice.integer(2_000, 40_000) }) !== null
  },
  trigger_fails: (turn) => withOpen(turn, isConditional, (order) => turn.market.cancel(order, 'trigger_failed')),
  venue_cancel: (turn) => withOpen(turn, isInBook, (order) => turn.market.cancel(order, turn.dice.pick(VENUE_REASONS))),
  twap_short: (turn) =>
    withOpen(
      turn,
      (order) => isTwap(order) && order.trades.length > 0,
      (order) => turn.market.cancel(order, 'completed_short'),
    ),
  reverse({ market, account, dice }) {
    const reversible = market
      .orders(account.id)
      .filter((order) => isReversible(order) && !market.reserved.has(order.id))
    if (reversible.length === 0) return false
    market.reverse(dice.pick(reversible.slice(-RECENT)))
    return true
  },
}

const VENUE_REASONS: readonly EndReason[] = ['margin', 'mmp', 'disconnect', 'venue']
/** A settlement fails soon or not at all. */
const RECENT = 20

/** Not of a filled order: whether the venue would open it again is not known. */
const isReversible = (order: TrueOrder): boolean =>
  stateOf(order).status !== 'filled' && order.trades.some(({ reversed }) => !reversed)

function conditionalLimit(turn: Turn, type: 'stop_limit' | 'take_profit_limit', factor: number) {
  const { symbol, triggerPrice } = triggerAt(turn, factor)
  return { type, symbol, triggerPrice, price: somePrice(instrumentOf(turn.account.venue, symbol), turn.dice) } as const
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
  const isFree = ({ id, rests }: TrueOrder) => rests && !market.reserved.has(id)
  const candidates = market.open(account.id).filter((order) => isFree(order) && fits(order))
  if (candidates.length === 0) return false
  run(dice.pick(candidates))
  return true
}

const isTwap = (order: TrueOrder): boolean => order.type === 'twap'
/** A conditional order with a price of its own rests once it has fired. */
const isInBook = (order: TrueOrder): boolean =>
  order.type === 'limit' || (order.type.endsWith('_limit') && stateOf(order).triggered)
const isUntouched = (order: TrueOrder): boolean => isInBook(order) && order.trades.length === 0
const isConditional = (order: TrueOrder): boolean =>
  (order.type === 'oco' || stateOf(order).triggerPrice !== null) && !stateOf(order).triggered
/** What cannot rest: a venue that shows a market order as triggered executes it in the same breath. */
const tradesAtOnce = (order: TrueOrder): boolean =>
  !order.rests || (stateOf(order).triggered && order.type.endsWith('_market'))

function lotsLeft(order: TrueOrder): number {
  const { quantity, filled } = stateOf(order)
  if (compare(filled, quantity) >= 0) return 0
  return lotsIn(instrumentOf(order.venue, order.symbol), subtract(quantity, filled))
}

const somePrice = (instrument: Instrument, dice: Dice): string =>
  priceAt(instrument, instrument.price * (0.98 + dice.next() * 0.04))
