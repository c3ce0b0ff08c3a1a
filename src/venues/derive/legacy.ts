/** Owns protocol v2, the older page *Get Orders*: one method with a status, numbered pages, and nothing else. */
import type { LookupAnswer, Sighting } from '../../core/report.ts'
import type { Question, SnapshotRead } from '../venue.ts'
import type { Asking } from './history.ts'
import { type Page, pageReader, type ReadPage, readPages } from './pages.ts'
import { readOrders } from './rows.ts'
import { type List, merge } from './snapshot.ts'
import { legibleCreation, legibleOrderId, orderPageSchema } from './wire.ts'

const GET_ORDERS = 'private/get_orders'

/** A trigger order that fires moves from the first list to the second, so that in this order it is in one of them. */
const LIVE = ['untriggered', 'open'] as const
const ENDED = ['filled', 'cancelled', 'expired'] as const

/** Pages read for one question; there is no filter by id, so that an order that ended long ago is not found. */
export const MAX_SEARCH_PAGES = 50

/** What has ended does not change: this many endings that searches met are kept, so that the next one need not look. */
const MAX_REMEMBERED = 5_000

/** Both lists, page by page. Throws where one of them cannot be read at all. */
export async function readOpenOrders(asking: Asking): Promise<SnapshotRead> {
  const lists: List[] = []
  let unread: string | null = null
  let pages = 1
  for (const status of LIVE) {
    const list = await readPages(reader(status, asking), legibleOrderId)
    const { rows, incomplete, venueTime } = list
    lists.push({ ...readOrders(rows, `${GET_ORDERS} ${status}`, asking.subaccountId), venueTime })
    if (incomplete !== null) unread ??= `${status}: ${incomplete}`
    pages = Math.max(pages, list.pages)
  }
  return merge(lists, { unread, pages })
}

export type LookUp = (question: Question, asking: Asking) => Promise<LookupAnswer>

/** Finds how an order ended, or says nothing: not being on the pages that were read is no word about it. */
export function createLookUp(): LookUp {
  const endedById = new Map<string, Sighting>()
  const search = async (venueOrderId: string, asking: Asking): Promise<void> => {
    if (endedById.has(venueOrderId)) return
    for await (const rows of newestPages(asking)) {
      const { sightings } = readOrders(rows, GET_ORDERS, asking.subaccountId)
      for (const sighting of sightings) if (isOver(sighting)) remember(endedById, sighting)
      if (endedById.has(venueOrderId)) return
    }
  }
  return async ({ venueOrderId }, asking) => {
    await search(venueOrderId, asking)
    const sighting = endedById.get(venueOrderId)
    return sighting === undefined ? { is: 'silent' } : { is: 'found', sighting, fills: [] }
  }
}

/** The lists of endings in turn, page by page. */
async function* newestPages(asking: Asking): AsyncGenerator<readonly unknown[]> {
  const searches = ENDED.map((status): Search => ({ read: reader(status, asking), first: null, taken: 0 }))
  let pages = 0
  for (let due = searches; due.length > 0; due = due.filter((search) => !isThrough(search))) {
    for (const search of due) {
      if (pages >= MAX_SEARCH_PAGES) return
      pages++
      yield await takeNext(search)
    }
  }
}

interface Search {
  read: ReadPage
  first: Page | null
  taken: number
}

const isThrough = ({ first, taken }: Search): boolean => first !== null && taken >= first.pages

/** The first page, then the others from the newest on: nobody documents at which end of the list that is. */
async function takeNext(search: Search): Promise<readonly unknown[]> {
  const { first, read } = search
  search.taken++
  if (first === null) {
    search.first = await read(1)
    return search.first.rows
  }
  const page = isOldestFirst(first.rows) ? first.pages + 2 - search.taken : search.taken
  return (await read(page)).rows
}

function isOldestFirst(rows: readonly unknown[]): boolean {
  const [first, last] = [legibleCreation(rows[0]), legibleCreation(rows.at(-1))]
  return first !== null && last !== null && first < last
}

const reader = (status: string, { call, subaccountId, signal }: Asking): ReadPage =>
  pageReader(call, { method: GET_ORDERS, schema: orderPageSchema, subaccountId, params: { status }, signal })

const isOver = ({ claim }: Sighting): boolean => claim.is !== 'open' && claim.is !== 'unrecognised'

/** The oldest answer makes room. */
function remember(endedById: Map<string, Sighting>, sighting: Sighting): void {
  const [oldest] = endedById.keys()
  if (endedById.size >= MAX_REMEMBERED && oldest !== undefined) endedById.delete(oldest)
  endedById.set(sighting.venueOrderId, sighting)
}
