/** Owns the walk through a paged list to an end that is proven, and the reading of its rows. */
import { compare } from '../../core/decimal.ts'
import type { OrderRef } from '../../core/order.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import { sampleOf } from '../scrub.ts'
import { mapOrder, presentRefs, type Seen } from './map.ts'
import type { Answer } from './rest.ts'
import { legible, type Page, readPage } from './wire.ts'

/** A list longer than this many pages is not read to its end; what was read is still true. */
export const MAX_PAGES = 100

/** One read keeps this many samples of what it could not parse; the rest would say the same. */
const MAX_QUARANTINED = 100

export interface Walk {
  rows: readonly unknown[]
  pages: number
  /** Why the end is not proven; null where it is. */
  unproven: string | null
  /** The venue's own time of the first page, ms. */
  venueTime: number | null
}

/** Reads on until the venue says that there is no more. Throws where the first page fails; a later one ends the walk. */
export async function walk(read: (cursor: string | null) => Promise<Answer>): Promise<Walk> {
  const rows: unknown[] = []
  const seen = new Set<string>()
  let venueTime: number | null = null
  let cursor: string | null = null
  const stop = (pages: number, unproven: string | null): Walk => ({ rows, pages, unproven, venueTime })

  for (let pages = 1; pages <= MAX_PAGES; pages++) {
    const page = await readOr(read, cursor, pages > 1)
    if (page instanceof VenueError) return stop(pages - 1, `page ${pages} failed: ${page.failure}`)
    if (pages === 1) venueTime = page.venueTime
    for (const row of page.rows) rows.push(row)
    if (!page.saysEnd) return stop(pages, 'the answer does not say whether it is all')
    if (page.cursor === null) return stop(pages, null)
    if (seen.has(page.cursor)) return stop(pages, 'the cursor came twice')
    seen.add(page.cursor)
    cursor = page.cursor
  }
  return stop(MAX_PAGES, `more than ${MAX_PAGES} pages`)
}

/** One page; its failure is returned where `tolerate`, as what came before it is worth keeping. */
async function readOr(
  read: (cursor: string | null) => Promise<Answer>,
  cursor: string | null,
  tolerate: boolean,
): Promise<Page | VenueError> {
  try {
    return pageOf(await read(cursor))
  } catch (error) {
    if (tolerate && error instanceof VenueError) return error
    throw error
  }
}

export function pageOf(answer: Answer): Page {
  const page = readPage(answer.body)
  if (!page.ok) throw new VenueError('broken', `not a page of orders: ${page.problem}`)
  return { ...page.value, venueTime: answer.venueTime ?? page.value.venueTime }
}

export interface Rows {
  /** One an order, the newest where it came more than once. */
  seen: Seen[]
  alsoPresent: OrderRef[]
  quarantined: Quarantined[]
  /** A row whose id nobody can read may be any order. */
  illegible: boolean
  /** The same id came twice, so the list moved while it was read. */
  torn: boolean
}

export function readRows(rows: readonly unknown[], where: string): Rows {
  const seenById = new Map<string, Seen>()
  const alsoPresent: OrderRef[] = []
  const quarantined: Quarantined[] = []
  const ids = new Set<string>()
  let illegible = false
  let torn = false
  for (const raw of rows) {
    const { id, type } = legible(raw)
    if (id === null) illegible = true
    else if (ids.has(id)) torn = true
    else ids.add(id)
    const order = mapOrder(raw)
    if (order.ok) keepNewer(seenById, order.value)
    else {
      if (id !== null) alsoPresent.push(...presentRefs(id, type))
      if (quarantined.length < MAX_QUARANTINED) {
        quarantined.push({ where, problem: order.problem, sample: sampleOf(raw) })
      }
    }
  }
  return { seen: [...seenById.values()], alsoPresent, quarantined, illegible, torn }
}

function keepNewer(seenById: Map<string, Seen>, next: Seen): void {
  const known = seenById.get(next.sighting.venueOrderId)
  if (known === undefined || !isOlder(next.sighting, known.sighting)) seenById.set(next.sighting.venueOrderId, next)
}

/** By the venue's own times; without both nothing is older. */
export const isOlder = ({ venueClock: a }: Sighting, { venueClock: b }: Sighting): boolean =>
  a !== null && b !== null && compare(a, b) < 0
