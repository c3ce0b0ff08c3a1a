/** Owns a sweep of a window of QFEX's past: the orders that ended in it, their trades, and TWAPs. */
import { sampleOf } from '../scrub.ts'
import type { HistoryRead, HistoryWindow, LookContext } from '../venue.ts'
import {
  type HistoryDeps,
  isFull,
  iso,
  newSweep,
  orIncomplete,
  pagesOf,
  type Sweep,
  spoil,
  twapRows,
  withoutTwins,
} from './gather.ts'
import { historicOrder, twapOrder } from './map.ts'
import { PAGE_LIMIT } from './pages.ts'
import { HISTORIC_ORDERS, HISTORIC_TWAPS, TRADES } from './rest.ts'
import { timeMs, wholeMs } from './times.ts'
import { historicOrderSchema, problemOf, type TwapRow, tradeSchema, twapSchema } from './wire.ts'

/** Orders that ended, trades and TWAPs of a window. Throws where there is nothing to give: orders, or a refused key. */
export async function lookBack(window: HistoryWindow, context: LookContext, deps: HistoryDeps): Promise<HistoryRead> {
  const sweep = newSweep()
  await sweepOrders(window, context, deps, sweep)
  await orIncomplete(sweep, TRADES, () => sweepTrades(window, context, deps, sweep))
  await orIncomplete(sweep, HISTORIC_TWAPS, () => sweepTwaps(window, context, deps, sweep))
  const unfinished = sweep.problems.map((problem) => ({ where: 'history', problem, sample: '' }))
  const { sightings, fills, quarantined, venueTime } = sweep
  return {
    sightings,
    fills,
    complete: unfinished.length === 0,
    venueTime,
    quarantined: [...quarantined, ...unfinished],
  }
}

async function sweepOrders(window: HistoryWindow, { signal }: LookContext, deps: HistoryDeps, sweep: Sweep) {
  const query = { start: iso(window.from), end: iso(Math.ceil(window.to)) }
  const paged = await pagesOf(HISTORIC_ORDERS, query, deps, signal, sweep)
  const rows = paged.rows.flatMap((row) => {
    const parsed = historicOrderSchema.safeParse(row)
    if (!parsed.success) spoil(sweep, HISTORIC_ORDERS, problemOf(parsed.error), row)
    return parsed.success ? [parsed.data] : []
  })
  for (const { symbol } of rows) deps.memory.sawSymbol(symbol)
  await deps.instruments.prepare(new Set(rows.map(({ symbol }) => symbol)), signal)
  for (const row of rows) {
    const sighting = historicOrder(row, deps.instruments.find)
    sweep.sightings.push(sighting)
    if (sighting.claim.is === 'unrecognised') {
      sweep.quarantined.push({ where: HISTORIC_ORDERS, problem: 'terminal_status: unknown', sample: sampleOf(row) })
    }
  }
}

/** `start`/`end` and `start_time`/`end_time` are both in the specification, so both are sent. */
async function sweepTrades(window: HistoryWindow, { signal }: LookContext, deps: HistoryDeps, sweep: Sweep) {
  const [start, end] = [iso(window.from), iso(Math.ceil(window.to))]
  const paged = await pagesOf(TRADES, { start, end, start_time: start, end_time: end }, deps, signal, sweep)
  const trades = paged.rows.flatMap((row) => {
    const parsed = tradeSchema.safeParse(row)
    if (!parsed.success) spoil(sweep, TRADES, problemOf(parsed.error), row)
    return parsed.success ? [parsed.data] : []
  })
  await deps.instruments.prepare(new Set(trades.map(({ symbol }) => symbol)), signal)
  sweep.fills.push(...withoutTwins(trades, window, deps, sweep))
}

/** This list takes neither window nor offset: a full one is read by symbol, and a full one of one symbol has no end. */
async function sweepTwaps(window: HistoryWindow, context: LookContext, deps: HistoryDeps, sweep: Sweep): Promise<void> {
  let lists = [await twapRows(null, deps, context.signal)]
  if (lists.some(isFull)) {
    const symbols = new Set([...context.symbols, ...deps.memory.symbols()])
    for (const symbol of symbols) lists.push(await twapRows(symbol, deps, context.signal))
    if (lists.slice(1).some(isFull)) sweep.problems.push(`${HISTORIC_TWAPS}: more than ${PAGE_LIMIT} of one symbol`)
    lists = lists.filter((list) => list.length > 0)
  }
  const open = new Set<string>(context.open)
  const ids = new Set<string>()
  for (const raw of lists.flat()) {
    const parsed = twapSchema.safeParse(raw)
    if (!parsed.success) {
      spoil(sweep, HISTORIC_TWAPS, problemOf(parsed.error), raw)
    } else if (
      !ids.has(parsed.data.twap_id) &&
      (isIn(window, parsed.data) || open.has(`algo/${parsed.data.twap_id}`))
    ) {
      ids.add(parsed.data.twap_id)
      sweep.sightings.push(twapOrder(parsed.data, 'history', deps.instruments.find))
    }
  }
}

function isIn(window: HistoryWindow, row: TwapRow): boolean {
  const at = wholeMs(timeMs(row.updated_at))
  return at === null || (at >= window.from && at <= window.to)
}
