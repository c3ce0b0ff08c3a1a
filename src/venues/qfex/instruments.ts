/** Owns what QFEX's public `/refdata` says of symbols. It is a help: no read waits long for it or fails without it. */
import type { Clock } from '../../core/clock.ts'
import { isZero } from '../../core/decimal.ts'
import { VenueError } from '../errors.ts'
import type { FindInstrument, Instrument } from './map.ts'
import { REFDATA, type Rest } from './rest.ts'
import { instrumentSchema } from './wire.ts'

/** Lot sizes change when a venue says so, which is rare; a symbol we do not know yet makes us ask sooner. */
const STALE_AFTER_MS = 86_400_000
const RETRY_AFTER_MS = 60_000

/** More symbols than this is not a list of instruments. */
const MAX_INSTRUMENTS = 20_000

export interface Instruments {
  find: FindInstrument
  /** Asks again where the list is stale or one of these symbols is not in it. Throws only what the signal aborts with. */
  prepare(symbols: Iterable<string>, signal: AbortSignal): Promise<void>
}

export function createInstruments(rest: Rest, clock: Clock): Instruments {
  let known: ReadonlyMap<string, Instrument> = new Map()
  let askedAt: number | null = null
  let answeredAt: number | null = null

  const isDue = (symbols: Iterable<string>): boolean => {
    const now = clock.monotonic()
    if (askedAt !== null && now - askedAt < RETRY_AFTER_MS) return false
    if (answeredAt === null || now - answeredAt > STALE_AFTER_MS) return true
    for (const symbol of symbols) if (!known.has(symbol)) return true
    return false
  }

  return {
    find: (symbol) => known.get(symbol) ?? null,
    async prepare(symbols, signal) {
      if (!isDue(symbols)) return
      askedAt = clock.monotonic()
      try {
        known = instrumentsOf((await rest.list(REFDATA, {}, signal)).rows)
        answeredAt = clock.monotonic()
      } catch (error) {
        // Without lot sizes quantities are rounded to 15 digits instead: worse, but no reason to see nothing.
        if (!(error instanceof VenueError)) throw error
      }
    },
  }
}

function instrumentsOf(rows: readonly unknown[]): Map<string, Instrument> {
  const found = new Map<string, Instrument>()
  for (const row of rows.slice(0, MAX_INSTRUMENTS)) {
    const parsed = instrumentSchema.safeParse(row)
    if (!parsed.success) continue
    const { symbol, lot_size: lot = null, base_asset: base, quote_asset: quote } = parsed.data
    const lotSize = lot === null || isZero(lot) ? null : lot
    found.set(symbol, { lotSize, base: base || null, quote: quote || null })
  }
  return found
}
