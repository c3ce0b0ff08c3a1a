/** Owns the names of the autopilot's moves, and how often each is tried at which venue. */
import type { VenueName } from '../core/order.ts'

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
  | 'stop_limit'
  | 'take_profit_limit'
  | 'timed'
  | 'trigger_fails'
  | 'venue_cancel'
  | 'twap_short'
  | 'reverse'

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
  stop_limit: 0,
  take_profit_limit: 0,
  timed: 0,
  trigger_fails: 0,
  venue_cancel: 0,
  twap_short: 0,
  reverse: 0,
}

const DERIVE_WEIGHTS: Readonly<Record<Move, number>> = {
  ...MOVE_WEIGHTS,
  replace: 8,
  stop_limit: 3,
  take_profit_limit: 2,
  timed: 3,
  trigger_fails: 1,
  venue_cancel: 3,
  twap_short: 1,
  reverse: 2,
}

/** What a partner lists it changes in place; it names no replacement. */
const DEXPAL_WEIGHTS: Readonly<Record<Move, number>> = {
  ...MOVE_WEIGHTS,
  replace: 0,
  flash_in_gap: 0,
  stop_limit: 2,
  timed: 5,
}

const WEIGHTS: Record<VenueName, Readonly<Record<Move, number>>> = {
  qfex: MOVE_WEIGHTS,
  'revolut-x': MOVE_WEIGHTS,
  derive: DERIVE_WEIGHTS,
  dexpal: DEXPAL_WEIGHTS,
}

/** The weights of the moves at a venue. What it does not do is tried all the same, and is no move. */
export const weightsAt = (venue: VenueName): Readonly<Record<Move, number>> => WEIGHTS[venue]
