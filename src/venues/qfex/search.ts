/** Owns the search for one order in QFEX's history, which knows no filter by its id. */
import type { Fill } from '../../core/order.ts'
import type { LookupAnswer, Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import type { LookContext, Question } from '../venue.ts'
import { type HistoryDeps, iso, newSweep, orIncomplete, pagesOf, twapRows, withoutTwins } from './gather.ts'
import { historicOrder, twapOrder } from './map.ts'
import { HISTORIC_ORDERS, HISTORIC_TWAPS, TRADES } from './rest.ts'
import { historicOrderSchema, legibleId, problemOf, tradeSchema, twapSchema } from './wire.ts'

/** Clocks of an order's opening and of its ending in history need not be the same one. */
const SEARCH_MARGIN_MS = 600_000

/** `found` in history, else `silent`: history may lag, so not being there is no word about the order. */
export async function lookUp(question: Question, context: LookContext, deps: HistoryDeps): Promise<LookupAnswer> {
  const sighting =
    question.kind === 'algo'
      ? await findTwap(question, context, deps)
      : ((await findByClientId(question, context, deps)) ?? (await findByTime(question, context, deps)))
  if (sighting === null) return { is: 'silent' }
  const fills = question.kind === 'order' ? await tradesOf(question, context, deps) : []
  return { is: 'found', sighting, fills }
}

async function findTwap({ symbol, venueOrderId }: Question, { signal }: LookContext, deps: HistoryDeps) {
  const raw = (await twapRows(symbol, deps, signal)).find((row) => legibleId(row, 'twap_id') === venueOrderId)
  if (raw === undefined) return null
  const parsed = twapSchema.safeParse(raw)
  if (!parsed.success) throw new VenueError('broken', `${HISTORIC_TWAPS}: ${problemOf(parsed.error)}`)
  await deps.instruments.prepare([symbol], signal)
  return twapOrder(parsed.data, 'history', deps.instruments.find)
}

/** The one field of history's filter that is nearly an id; it is not unique, so the id decides. */
async function findByClientId(question: Question, context: LookContext, deps: HistoryDeps): Promise<Sighting | null> {
  if (question.clientOrderId === null) return null
  const query = { symbol: question.symbol, client_order_id: question.clientOrderId }
  return find(question, query, context, deps)
}

async function findByTime(question: Question, context: LookContext, deps: HistoryDeps): Promise<Sighting | null> {
  const start = Math.min(question.since ?? question.firstSeenAt, question.firstSeenAt) - SEARCH_MARGIN_MS
  const end = (deps.venueNow() ?? deps.clock.wall()) + SEARCH_MARGIN_MS
  const query = { symbol: question.symbol, start: iso(start), end: iso(end) }
  return find(question, query, context, deps)
}

async function find(question: Question, query: Record<string, string>, { signal }: LookContext, deps: HistoryDeps) {
  const isIt = (row: unknown) => legibleId(row, 'order_id') === question.venueOrderId
  const paged = await pagesOf(HISTORIC_ORDERS, query, deps, signal, null, (rows) => rows.some(isIt))
  const row = paged.rows.find(isIt)
  if (row === undefined) {
    if (paged.incomplete === null) return null
    throw new VenueError('later', `${HISTORIC_ORDERS}: ${paged.incomplete}`)
  }
  const parsed = historicOrderSchema.safeParse(row)
  if (!parsed.success) throw new VenueError('broken', `${HISTORIC_ORDERS}: ${problemOf(parsed.error)}`)
  await deps.instruments.prepare([parsed.data.symbol], signal)
  return historicOrder(parsed.data, deps.instruments.find, question.kind)
}

/** The prices of an ending, where they can be had: its quantity is in history already. */
async function tradesOf(
  { venueOrderId, symbol }: Question,
  { signal }: LookContext,
  deps: HistoryDeps,
): Promise<Fill[]> {
  const sweep = newSweep()
  await orIncomplete(sweep, TRADES, async () => {
    const paged = await pagesOf(TRADES, { exchange_order_id: venueOrderId, symbol }, deps, signal, sweep)
    const trades = paged.rows.flatMap((row) => {
      const parsed = tradeSchema.safeParse(row)
      return parsed.success && parsed.data.order_id === venueOrderId ? [parsed.data] : []
    })
    const ever = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
    sweep.fills.push(...withoutTwins(trades, ever, deps, sweep))
  })
  return sweep.fills
}
