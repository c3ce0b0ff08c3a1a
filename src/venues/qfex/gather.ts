/** Owns the gathering of QFEX's history page by page, and of what keeps a gathering from being complete. */
import type { Clock } from '../../core/clock.ts'
import type { Fill } from '../../core/order.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import { sampleOf } from '../scrub.ts'
import type { HistoryWindow } from '../venue.ts'
import type { Instruments } from './instruments.ts'
import { historicFill } from './map.ts'
import type { Memory } from './memory.ts'
import { PAGE_LIMIT, type Paged, readPages } from './pages.ts'
import { HISTORIC_TWAPS, type Rest, TRADES } from './rest.ts'
import type { TradeRow } from './wire.ts'

export interface HistoryDeps {
  rest: Rest
  instruments: Instruments
  memory: Memory
  clock: Clock
  venueNow: () => number | null
}

/** What one sweep gathers; `problems` are what keeps it from being complete. */
export interface Sweep {
  sightings: Sighting[]
  fills: Fill[]
  quarantined: Quarantined[]
  problems: string[]
  venueTime: number | null
}

export const newSweep = (): Sweep => ({ sightings: [], fills: [], quarantined: [], problems: [], venueTime: null })

export async function orIncomplete(sweep: Sweep, path: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof VenueError) || error.failure === 'refused' || error.failure === 'limited') throw error
    sweep.problems.push(`${path}: ${error.message}`)
  }
}

/** A row that cannot be read is shown; a window it spoiled would be read again for ever. */
export function spoil(sweep: Sweep, where: string, problem: string, row: unknown): void {
  sweep.quarantined.push({ where, problem, sample: sampleOf(row) })
}

export async function pagesOf(
  path: string,
  query: Readonly<Record<string, string>>,
  { rest }: HistoryDeps,
  signal: AbortSignal,
  sweep: Sweep | null,
  isEnough?: (rows: readonly unknown[]) => boolean,
): Promise<Paged> {
  const paged = await readPages(async (offset) => {
    const page = await rest.list(path, { ...query, limit: String(PAGE_LIMIT), offset: String(offset) }, signal)
    if (sweep !== null && offset === 0) sweep.venueTime ??= page.venueTime
    return page
  }, isEnough)
  if (sweep !== null && paged.incomplete !== null) sweep.problems.push(`${path}: ${paged.incomplete}`)
  return paged
}

export const iso = (ms: number): string => new Date(ms).toISOString()

export const isFull = (rows: readonly unknown[]): boolean => rows.length >= PAGE_LIMIT

export const twapRows = async (
  symbol: string | null,
  { rest }: HistoryDeps,
  signal: AbortSignal,
): Promise<readonly unknown[]> =>
  (await rest.list(HISTORIC_TWAPS, { limit: String(PAGE_LIMIT), ...(symbol === null ? {} : { symbol }) }, signal)).rows

/**
 * That a trade has one id on the socket and over REST is not documented. A trade that the stream brought under an id which
 * REST does not know, and that is otherwise the same, would be booked twice: it is left out and shown.
 */
export function withoutTwins(
  trades: readonly TradeRow[],
  window: HistoryWindow,
  deps: HistoryDeps,
  sweep: Sweep,
): Fill[] {
  const fills = trades.map((row) => historicFill(row, deps.instruments.find))
  const listed = new Set(fills.map((fill) => `${fill.venueOrderId}/${fill.tradeId}`))
  return fills.filter((fill) => {
    const twin = deps.memory.twinOf(fill, (other) => {
      const at = other.venueTime
      const isInWindow = at !== null && at >= window.from && at <= window.to
      return isInWindow && !listed.has(`${other.venueOrderId}/${other.tradeId}`)
    })
    if (twin === null) return true
    const problem = 'id: another one than the same trade had on the socket'
    sweep.quarantined.push({ where: TRADES, problem, sample: sampleOf(fill) })
    return false
  })
}
