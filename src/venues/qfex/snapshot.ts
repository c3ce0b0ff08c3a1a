/** Owns a look at all open orders over the socket: one request where they fit, one a symbol where they do not. */
import type { Coverage, Scope } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import type { LookContext, SessionLink, SnapshotRead } from '../venue.ts'
import { ALL_ORDERS } from './frames.ts'
import type { Instruments } from './instruments.ts'
import { type Listing, readListing } from './listing.ts'
import { listedOrder, stopOrder, twapOrder } from './map.ts'
import type { Memory } from './memory.ts'
import { mayBeClamped, PAGE_LIMIT } from './pages.ts'
import { WEIGHTS } from './session.ts'

/** A list this long is read no further; what was read proves presence. */
const MAX_LIST_PAGES = 20
const REPLY_TIMEOUT_MS = 15_000

export interface SnapshotDeps {
  instruments: Instruments
  memory: Memory
}

/** Throws VenueError `later` without a session: QFEX lists open orders nowhere else. */
export async function readOpenOrders(context: LookContext, deps: SnapshotDeps): Promise<SnapshotRead[]> {
  const { session, signal } = context
  if (session === null) throw new VenueError('later', 'open orders are listed over the socket only, and it is down')
  const whole = await readList(session, null, deps, signal)
  if (whole.rows < PAGE_LIMIT) return [readOf(whole, null, deps)]

  const symbols = new Set([...context.symbols, ...deps.memory.symbols()])
  const reads: SnapshotRead[] = []
  for (const symbol of symbols) reads.push(readOf(await readList(session, symbol, deps, signal), symbol, deps))
  return reads
}

/** Pages of one list, merged: `rows` counts all kinds, because what the limit counts is not known. */
interface List {
  listings: Listing[]
  rows: number
  coverage: Coverage
}

async function readList(
  link: SessionLink,
  symbol: string | null,
  deps: SnapshotDeps,
  signal: AbortSignal,
): Promise<List> {
  const listings: Listing[] = []
  let offset = 0
  let flaw: string | null = `no end after ${MAX_LIST_PAGES} pages`
  const ids = new Set<string>()
  while (listings.length < MAX_LIST_PAGES) {
    const listing = await requestPage(link, symbol, offset, signal)
    refuseStrangers([...listings, listing], deps.memory)
    const before = ids.size
    for (const { order_id } of listing.orders) ids.add(order_id)
    const isFull = listing.allRows >= PAGE_LIMIT || mayBeClamped(listing.orderRows)
    if (listings.length === 0 || listing.orderRows > 0) listings.push(listing)
    if (!isFull || listing.orderRows === 0) {
      // An offset moves orders on; nothing is known to move a page on that is full of TWAPs.
      flaw = isFull && listings.length === 1 ? 'a full page without an order' : null
      break
    }
    if (ids.size === before) {
      flaw = 'a page brought nothing new'
      break
    }
    offset += listing.orderRows
  }
  await settle(listings, deps, signal)
  const flaws = [...listings.flatMap((listing) => listing.flaws), ...(flaw === null ? [] : [flaw])]
  const rows = listings.reduce((total, listing) => total + listing.allRows, 0)
  return { listings, rows, coverage: coverageOf(flaws, listings.length, strangersTo(symbol, listings)) }
}

async function requestPage(link: SessionLink, symbol: string | null, offset: number, signal: AbortSignal) {
  const params = { limit: PAGE_LIMIT, offset, ...(symbol === null ? {} : { symbol }) }
  const request = {
    message: { type: 'get_user_orders', params },
    matches: ({ name }: { name: string }) => name === ALL_ORDERS,
    timeoutMs: REPLY_TIMEOUT_MS,
    weight: WEIGHTS.get_user_orders,
  }
  return readListing((await link.request(request, signal)).body)
}

/** A list of two users, or of another than before, is somebody else's: nothing in it is believed. */
function refuseStrangers(listings: readonly Listing[], memory: Memory): void {
  const users = new Set(listings.flatMap((listing) => [...listing.users]))
  if (users.size > 1 || [...users].some((user) => !memory.isOurs(user))) {
    throw new VenueError('broken', 'all_orders_response: user_id of another user')
  }
}

/** Learns from rows that are believed, and gets the lot sizes they are read with. */
async function settle(listings: readonly Listing[], { memory, instruments }: SnapshotDeps, signal: AbortSignal) {
  const rows = listings.flatMap(({ orders, twaps, stops }) => [...orders, ...twaps, ...stops])
  for (const row of rows) {
    memory.learnUser(row.user_id)
    memory.sawSymbol(row.symbol)
  }
  await instruments.prepare(new Set(rows.map((row) => row.symbol)), signal)
}

const strangersTo = (symbol: string | null, listings: readonly Listing[]): boolean =>
  symbol !== null &&
  listings.some(({ orders, twaps, stops }) => [...orders, ...twaps, ...stops].some((row) => row.symbol !== symbol))

function coverageOf(flaws: readonly string[], pages: number, hasOtherSymbols: boolean): Coverage {
  const [flaw] = flaws
  if (flaw !== undefined) return { proves: 'presence', because: flaw }
  if (hasOtherSymbols) return { proves: 'presence', because: 'rows of another symbol than asked' }
  if (pages > 1) return { proves: 'absence_if_repeated', because: `${pages} pages of a list that moves` }
  return { proves: 'absence' }
}

function readOf({ listings, coverage }: List, symbol: string | null, deps: SnapshotDeps): SnapshotRead {
  const { find } = deps.instruments
  const orders = new Map(listings.flatMap(({ orders }) => orders).map((row) => [row.order_id, row]))
  const twaps = new Map(listings.flatMap(({ twaps }) => twaps).map((row) => [row.twap_id, row]))
  const stops = new Map(listings.flatMap(({ stops }) => stops).map((row) => [row.stop_order_id, row]))
  const sightings = [
    ...[...orders.values()].map((row) => listedOrder(row, find)),
    ...[...twaps.values()].map((row) => twapOrder(row, 'list', find)),
    // QFEX lists most stops as orders; one that is an order already is not a second thing.
    ...[...stops.values()].filter((row) => !orders.has(row.stop_order_id)).map((row) => stopOrder(row, find)),
  ]
  const kinds = listings[0]?.kinds ?? ['order']
  const scope: Scope = symbol === null ? { kinds, of: 'account' } : { kinds, of: 'symbol', symbol }
  return {
    scope,
    coverage,
    sightings,
    alsoPresent: listings.flatMap((listing) => listing.alsoPresent),
    sameSession: true,
    venueTime: null,
    quarantined: listings.flatMap((listing) => listing.quarantined),
  }
}
