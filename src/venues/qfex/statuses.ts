/** Owns QFEX's status words: the one table of what each means, and what a message with it claims. */
import type { EndReason } from '../../core/order.ts'
import type { Claim } from '../../core/report.ts'

/**
 * - `live`: rests, or is about to. `modified`: the same, perhaps under another id than it opened with.
 * - `traded`: a fill; the end of the order only where nothing remains.
 * - `immediate`: a fill of an immediate order; live for a moment in a frame, an ending in history.
 * - `refused`: nothing opened. For an order that is open already it is the outcome of somebody's request.
 * - `request`: the outcome of somebody's request and never of an order.
 */
export type Meaning = 'live' | 'modified' | 'traded' | 'immediate' | 'refused' | 'request' | { ended: EndReason }

const refused = (...words: string[]): [string, Meaning][] => words.map((word) => [word, 'refused'])

/** All words of the AsyncAPI, of the enums page and of newer clients. The set is open: what is not here is unknown. */
export const STATUSES: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['ACK', 'live'],
  ['OPEN', 'live'],
  ['PARTIALLY_FILLED', 'live'],
  ['PARTIAL_FILL', 'live'],
  ['MODIFIED', 'modified'],
  ['FILLED', 'traded'],
  ['IOC_PARTIALLY_FILLED', 'immediate'],
  ['CANCELLED', { ended: 'user' }],
  ['CANCELLED_STP', { ended: 'self_trade' }],
  ['IOC_CANCELLED', { ended: 'ioc_remainder' }],
  ['NO_SUCH_ORDER', 'request'],
  ['CANNOT_MODIFY_PARTIAL_FILL', 'request'],
  ['CANNOT_MODIFY_NO_SUCH_ORDER', 'request'],
  ['CANNOT_MODIFY_ALO_WOULD_CROSS', 'request'],
  ...refused(
    'REJECTED',
    'INVALID_ORDER_TYPE',
    'BAD_SYMBOL',
    'PRICE_LESS_THAN_MIN_PRICE',
    'PRICE_GREATER_THAN_MAX_PRICE',
    'FAILED_MARGIN_CHECK',
    'INVALID_TICK_SIZE_PRECISION_PRICE',
    'INVALID_TICK_SIZE_PRECISION_QUANTITY',
    'QUANTITY_LESS_THAN_MIN_QUANTITY',
    'QUANTITY_GREATER_THAN_MAX_QUANTITY',
    'INVALID_TIME_IN_FORCE',
    'REJECTED_WOULD_BREACH_MAX_NOTIONAL',
    'REJECTED_MARKET_CLOSED',
    'REJECTED_FAILED_TO_PROCESS',
    'INVALID_TAKEPROFIT_PRICE',
    'INVALID_STOPLOSS_PRICE',
    'RATE_LIMITED',
    'REJECTED_TOO_MANY_OPEN_ORDERS',
    'REJECTED_OPEN_INTEREST_LIMIT',
    'REJECTED_GREATER_THAN_MAX_PRICE_BAND',
    'REJECTED_LESS_THAN_MIN_PRICE_BAND',
    'REJECTED_WOULD_BREACH_MAX_POSITION',
    'INVALID_TAKE_PROFIT_PRICE',
    'INVALID_STOP_LOSS_PRICE',
    'REJECTED_LESS_THAN_MIN_NOTIONAL',
    'REJECTED_TOTAL_OPEN_INTEREST_LIMIT',
    'USER_IN_LIQUIDATION',
    'PERMISSION_DENIED',
  ),
])

/** What else a message says that its status word has to be read with. */
export interface Circumstances {
  /** Nothing remains to be filled. */
  complete: boolean
  /** IOC, FOK or MARKET: what does not fill at once is gone. */
  immediate: boolean
  /** The venue's time of the state, whole ms. */
  at: number | null
}

/** The claim of a row of the open list. Being listed outweighs every word but a plain ending. */
export function listedClaim(word: string, circumstances: Circumstances): Claim {
  const meaning = STATUSES.get(word)
  if (meaning === 'traded' && circumstances.complete) return { is: 'filled', at: circumstances.at }
  if (typeof meaning === 'object') return cancelled(meaning.ended, circumstances)
  return { is: 'open' }
}

/** The claim of an `order_response`; null where it is the outcome of a request and says nothing about an order. */
export function framedClaim(word: string, circumstances: Circumstances): Claim | null {
  const meaning = STATUSES.get(word)
  if (meaning === undefined) return { is: 'unrecognised' }
  if (meaning === 'refused' || meaning === 'request') return null
  return listedClaim(word, circumstances)
}

/** The claim of a row of history, where every order has ended: what did not fill completely ended otherwise. */
export function historicClaim(word: string, filledSome: boolean, circumstances: Circumstances): Claim {
  const meaning = STATUSES.get(word)
  const { at, complete, immediate } = circumstances
  if (meaning === 'traded') {
    return complete
      ? { is: 'filled', at }
      : { is: 'cancelled', reason: immediate ? 'ioc_remainder' : 'completed_short', at }
  }
  if (meaning === 'immediate') return { is: 'cancelled', reason: 'ioc_remainder', at }
  if (meaning === 'refused') return filledSome ? { is: 'cancelled', reason: 'rejected', at } : { is: 'rejected', at }
  if (typeof meaning === 'object') return cancelled(meaning.ended, circumstances)
  return { is: 'unrecognised' }
}

// The plain word is used for the rest of an immediate order too; nobody cancels one of those in time.
const cancelled = (reason: EndReason, { immediate, at }: Circumstances): Claim => ({
  is: 'cancelled',
  reason: reason === 'user' && immediate ? 'ioc_remainder' : reason,
  at,
})

/** TWAP words are not documented: these are plain English, `ENGINE_STATUS` is the seed's. What is not here is unknown. */
const TWAP_WORDS: ReadonlyMap<string, 'live' | 'completed' | 'cancelled'> = new Map([
  ['ENGINE_STATUS', 'live'],
  ['ACK', 'live'],
  ['ACTIVE', 'live'],
  ['RUNNING', 'live'],
  ['OPEN', 'live'],
  ['FILLED', 'completed'],
  ['COMPLETED', 'completed'],
  ['CANCELLED', 'cancelled'],
  ['CANCELED', 'cancelled'],
])

/** The claim of a TWAP parent. History holds only ended ones, so there a live word is as good as none. */
export function twapClaim(
  word: string,
  source: 'frame' | 'list' | 'history',
  complete: boolean,
  at: number | null,
): Claim {
  const meaning = TWAP_WORDS.get(word.toUpperCase())
  if (meaning === 'cancelled') return { is: 'cancelled', reason: 'user', at }
  if (meaning === 'completed') {
    return complete ? { is: 'filled', at } : { is: 'cancelled', reason: 'completed_short', at }
  }
  if (source === 'history') return complete ? { is: 'filled', at } : { is: 'unrecognised' }
  return source === 'list' || meaning === 'live' ? { is: 'open' } : { is: 'unrecognised' }
}
