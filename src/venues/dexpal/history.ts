/** Owns the look at the history: a hint that may name how an order ended, and that proves nothing by its silence. */
import { type OrderKey, orderKey } from '../../core/order.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import type { HistoryRead, HistoryWindow, LookContext } from '../venue.ts'
import { addressList, chunk, normaliseAddress, walletOf } from './address.ts'
import { mapEnding } from './map.ts'
import { type Get, HISTORY_PATH } from './rest.ts'
import { legible } from './wire.ts'

/** The venue's largest page, the most pages of one request's addresses, and the furthest that is worth a look. */
export const PAGE_ROWS = 500
export const MAX_PAGES = 4
export const LONGEST_LOOK_MS = 7 * 86_400_000

/** What the window and the page add to a URL, at their longest. */
export const QUERY_CHARS = 100

/**
 * Sightings of stored orders alone, each out of events that name the order and agree on how it ended. A failure ends the
 * look and harms nothing: a partner need not have a history at all.
 */
export function createLookBack(get: Get, addresses: readonly string[], room: number) {
  return async (window: HistoryWindow, { open, signal }: LookContext): Promise<HistoryRead> => {
    const read: HistoryRead = { sightings: [], fills: [], complete: false, venueTime: null, quarantined: [] }
    const known = new Set(open)
    for (const asked of chunk(concerned(addresses, open), room)) {
      const endings = await readEndings(get, asked, window, signal)
      if (endings === null) break
      for (const [key, ending] of endings) if (ending !== null && known.has(key)) read.sightings.push(ending)
    }
    return read
  }
}

/** Null for an order about which two events disagree. */
type Endings = Map<OrderKey, Sighting | null>

async function readEndings(
  get: Get,
  asked: readonly string[],
  { from, to }: HistoryWindow,
  signal: AbortSignal,
): Promise<Endings | null> {
  const homes = new Set(asked.map(normaliseAddress))
  const endings: Endings = new Map()
  const start = new Date(Math.max(from, to - LONGEST_LOOK_MS)).toISOString()
  // Both ends stay the same from page to page, so that only what arrives late can shift a page.
  const window = `addr=${addressList(asked)}&from=${start}&to=${new Date(to).toISOString()}&limit=${PAGE_ROWS}`
  for (let page = 0; page < MAX_PAGES; page++) {
    const list = await orNull(get(HISTORY_PATH, `${window}&offset=${page * PAGE_ROWS}`, signal))
    if (list === null) return null
    for (const raw of list.rows) {
      const { address } = legible(raw)
      if (address !== null && !homes.has(normaliseAddress(address))) return null
      note(endings, mapEnding(raw))
    }
    if (list.rows.length < PAGE_ROWS) break
  }
  return endings
}

function note(endings: Endings, ending: Sighting | null): void {
  if (ending === null) return
  const before = endings.get(orderKey(ending))
  if (before === null) return
  const agrees = before === undefined || JSON.stringify(before.claim) === JSON.stringify(ending.claim)
  endings.set(orderKey(ending), agrees ? ending : null)
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof VenueError) return null
    throw error
  }
}

/** Only addresses with stored orders; all of them where an id does not say whose it is. */
function concerned(addresses: readonly string[], open: readonly OrderKey[]): readonly string[] {
  const configured = new Set(addresses.map(normaliseAddress))
  const wallets = new Set(open.map((key) => normaliseAddress(walletOf(key.slice(key.indexOf('/') + 1)) ?? '')))
  for (const wallet of wallets) if (!configured.has(wallet)) return addresses
  return addresses.filter((address) => wallets.has(normaliseAddress(address)))
}
