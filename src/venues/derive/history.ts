/** Owns the look back over v3: what ended within a window, and what was executed in it. */
import type { Fill } from '../../core/order.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import { VenueError } from '../errors.ts'
import type { HistoryRead, HistoryWindow } from '../venue.ts'
import { type Pages, pageReader, readPages, stopsAccount } from './pages.ts'
import type { Call } from './rest.ts'
import { readOrders, readTrades } from './rows.ts'
import { legibleOrderId, legibleTradeId, orderPageSchema, tradePageSchema } from './wire.ts'

export const ORDER_HISTORY = 'private/get_order_history'
export const TRADE_HISTORY = 'private/get_trade_history'

/** What a question at one subaccount needs. */
export interface Asking {
  call: Call
  subaccountId: number
  signal: AbortSignal
}

/**
 * A row that cannot be read does not keep the watermark back: it would be read again for ever. Throws where orders cannot
 * be read at all, and for what stops the whole account.
 */
export async function lookBack(window: HistoryWindow, asking: Asking): Promise<HistoryRead> {
  const ended = await readEnded(window, asking)
  const orders = readOrders(ended.rows, ORDER_HISTORY, asking.subaccountId)
  const executed = await readExecuted(window, asking)
  const unfinished = [
    ...unfinishedOf(ORDER_HISTORY, ended.incomplete),
    ...unfinishedOf(TRADE_HISTORY, executed.incomplete),
  ]
  return {
    sightings: orders.sightings,
    fills: executed.fills,
    complete: unfinished.length === 0,
    venueTime: ended.venueTime,
    quarantined: [...orders.quarantined, ...executed.quarantined, ...unfinished],
  }
}

/** Rows of `get_order_history`, unread as yet. */
export function readEnded(
  window: HistoryWindow,
  { call, subaccountId, signal }: Asking,
  isEnough?: (rows: readonly unknown[]) => boolean,
): Promise<Pages> {
  const list = { method: ORDER_HISTORY, schema: orderPageSchema, subaccountId, signal } as const
  return readPages(pageReader(call, { ...list, params: boundsOf(window) }), legibleOrderId, isEnough)
}

/** The venue's bounds are whole ms and inclusive, so they are widened and never narrowed. */
const boundsOf = ({ from, to }: HistoryWindow) => ({
  from_timestamp: Math.max(0, Math.floor(from)),
  to_timestamp: Math.max(0, Math.ceil(to)),
})

interface Executed {
  fills: Fill[]
  quarantined: Quarantined[]
  incomplete: string | null
}

async function readExecuted(window: HistoryWindow, asking: Asking): Promise<Executed> {
  try {
    return await readTradesWhere(boundsOf(window), asking)
  } catch (error) {
    if (!(error instanceof VenueError) || stopsAccount(error) || error.failure === 'broken') throw error
    return { fills: [], quarantined: [], incomplete: error.message }
  }
}

/** Executions by a filter of the venue's: a window, or one order. */
export async function readTradesWhere(
  params: Readonly<Record<string, string | number>>,
  { call, subaccountId, signal }: Asking,
): Promise<Executed> {
  const list = { method: TRADE_HISTORY, schema: tradePageSchema, subaccountId, params, signal } as const
  const { rows, incomplete } = await readPages(pageReader(call, list), legibleTradeId)
  return { ...readTrades(rows, TRADE_HISTORY, subaccountId), incomplete }
}

const unfinishedOf = (where: string, incomplete: string | null): Quarantined[] =>
  incomplete === null ? [] : [{ where, problem: incomplete, sample: '' }]
