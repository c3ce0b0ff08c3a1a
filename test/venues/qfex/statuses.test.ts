import { describe, expect, it } from 'vitest'
import { framedClaim, historicClaim, listedClaim, STATUSES, twapClaim } from '../../../src/venues/qfex/statuses.ts'

const resting = { complete: false, immediate: false, at: 7 }
const at = 7

/** Word · in a frame with a remainder · in the open list · in history, resting and unfilled. */
const user = { is: 'cancelled', reason: 'user', at }
const stp = { is: 'cancelled', reason: 'self_trade', at }
const gone = { is: 'cancelled', reason: 'ioc_remainder', at }
const short = { is: 'cancelled', reason: 'completed_short', at }
const open = { is: 'open' }
const unknown = { is: 'unrecognised' }
const rejected = { is: 'rejected', at }

const TABLE: readonly (readonly [string, unknown, unknown, unknown])[] = [
  ['ACK', open, open, unknown],
  ['OPEN', open, open, unknown],
  ['PARTIALLY_FILLED', open, open, unknown],
  ['PARTIAL_FILL', open, open, unknown],
  ['MODIFIED', open, open, unknown],
  ['FILLED', open, open, short],
  ['IOC_PARTIALLY_FILLED', open, open, gone],
  ['CANCELLED', user, user, user],
  ['CANCELLED_STP', stp, stp, stp],
  ['IOC_CANCELLED', gone, gone, gone],
  ['NO_SUCH_ORDER', null, open, unknown],
  ['CANNOT_MODIFY_PARTIAL_FILL', null, open, unknown],
  ['CANNOT_MODIFY_NO_SUCH_ORDER', null, open, unknown],
  ['CANNOT_MODIFY_ALO_WOULD_CROSS', null, open, unknown],
  ...[
    ...['REJECTED', 'INVALID_ORDER_TYPE', 'BAD_SYMBOL', 'PRICE_LESS_THAN_MIN_PRICE', 'PRICE_GREATER_THAN_MAX_PRICE'],
    ...['FAILED_MARGIN_CHECK', 'INVALID_TICK_SIZE_PRECISION_PRICE', 'INVALID_TICK_SIZE_PRECISION_QUANTITY'],
    ...['QUANTITY_LESS_THAN_MIN_QUANTITY', 'QUANTITY_GREATER_THAN_MAX_QUANTITY', 'INVALID_TIME_IN_FORCE'],
    ...['REJECTED_WOULD_BREACH_MAX_NOTIONAL', 'REJECTED_MARKET_CLOSED', 'REJECTED_FAILED_TO_PROCESS'],
    ...['INVALID_TAKEPROFIT_PRICE', 'INVALID_STOPLOSS_PRICE', 'RATE_LIMITED', 'REJECTED_TOO_MANY_OPEN_ORDERS'],
    ...['REJECTED_OPEN_INTEREST_LIMIT', 'REJECTED_GREATER_THAN_MAX_PRICE_BAND', 'REJECTED_LESS_THAN_MIN_PRICE_BAND'],
    ...['REJECTED_WOULD_BREACH_MAX_POSITION', 'INVALID_TAKE_PROFIT_PRICE', 'INVALID_STOP_LOSS_PRICE'],
    ...['REJECTED_LESS_THAN_MIN_NOTIONAL', 'REJECTED_TOTAL_OPEN_INTEREST_LIMIT', 'USER_IN_LIQUIDATION'],
    ...['PERMISSION_DENIED'],
  ].map((word) => [word, null, open, rejected] as const),
]

describe('the table of statuses', () => {
  it('has a row here for every word it knows', () => {
    expect(new Set(TABLE.map(([word]) => word))).toEqual(new Set(STATUSES.keys()))
  })

  it.each(TABLE)('%s', (word, framed, listed, historic) => {
    expect(framedClaim(word, resting)).toEqual(framed)
    expect(listedClaim(word, resting)).toEqual(listed)
    expect(historicClaim(word, false, resting)).toEqual(historic)
  })

  it('a word nobody knows changes nothing in a frame, is open in a list and unproven in history', () => {
    for (const word of ['EXPIRED_IN_MATCH', 'constructor', '__proto__', '']) {
      expect(framedClaim(word, resting)).toEqual(unknown)
      expect(listedClaim(word, resting)).toEqual(open)
      expect(historicClaim(word, true, resting)).toEqual(unknown)
    }
  })

  it('FILLED ends an order only where nothing remains', () => {
    const complete = { ...resting, complete: true }
    expect(framedClaim('FILLED', complete)).toEqual({ is: 'filled', at })
    expect(listedClaim('FILLED', complete)).toEqual({ is: 'filled', at })
    expect(historicClaim('FILLED', true, complete)).toEqual({ is: 'filled', at })
  })

  it('an immediate order that ended short lost its remainder, whichever word says so', () => {
    const immediate = { ...resting, immediate: true }
    expect(framedClaim('FILLED', immediate)).toEqual(open)
    expect(framedClaim('CANCELLED', immediate)).toEqual(gone)
    expect(framedClaim('CANCELLED_STP', immediate)).toEqual(stp)
    expect(historicClaim('FILLED', true, immediate)).toEqual(gone)
    expect(historicClaim('CANCELLED', true, immediate)).toEqual(gone)
  })

  it('an order that history calls rejected but that filled was open, so it was cancelled', () => {
    expect(historicClaim('REJECTED', true, resting)).toEqual({ is: 'cancelled', reason: 'rejected', at })
  })
})

describe('the words of TWAPs', () => {
  it.each([
    ['ENGINE_STATUS', 'list', false, open],
    ['ENGINE_STATUS', 'frame', false, open],
    ['ENGINE_STATUS', 'history', false, unknown],
    ['ENGINE_STATUS', 'history', true, { is: 'filled', at }],
    ['SOMETHING', 'list', false, open],
    ['SOMETHING', 'frame', false, unknown],
    ['COMPLETED', 'history', true, { is: 'filled', at }],
    ['completed', 'history', false, short],
    ['CANCELLED', 'history', false, user],
    ['CANCELLED', 'list', false, user],
    ['Canceled', 'frame', true, user],
  ] as const)('%s in a %s, complete %s', (word, source, complete, claim) => {
    expect(twapClaim(word, source, complete, at)).toEqual(claim)
  })
})
