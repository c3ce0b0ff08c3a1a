/** Owns the reading of a numbered list to an end that is proven, though the list may move and never says "no more". */

import type { z } from 'zod'
import { VenueError } from '../errors.ts'
import type { Answer, Call, Params, ReadMethod } from './rest.ts'
import { refuseStranger } from './rows.ts'
import { decode, type orderPageSchema, type tradePageSchema } from './wire.ts'

/** The venue's own maximum. */
export const PAGE_SIZE = 1_000

/** A list longer than this many pages is not read to its end; what was read is still true. */
export const MAX_PAGES = 100

/** A list that moves is begun again this often; one that still moves is left incomplete. */
export const MAX_RESTARTS = 2

export interface Page {
  rows: readonly unknown[]
  count: number
  pages: number
  /** From the `Date` header, ms. */
  venueTime: number | null
}

export interface Pages {
  rows: readonly unknown[]
  /** How many pages the venue says there are. */
  pages: number
  /** Why this may not be all; null where it is. */
  incomplete: string | null
  /** The venue's time of the first page of all, ms. */
  venueTime: number | null
}

export type ReadPage = (page: number) => Promise<Page>

export interface PageRequest {
  method: ReadMethod
  schema: typeof orderPageSchema | typeof tradePageSchema
  subaccountId: number
  params: Params
  signal: AbortSignal
}

/** How a page of this list is asked for. Pages count from 1. */
export function pageReader(call: Call, { method, schema, subaccountId, params, signal }: PageRequest): ReadPage {
  return async (page) => {
    const asked = { subaccount_id: subaccountId, ...params, page, page_size: PAGE_SIZE }
    return pageOf(await call(method, asked, signal), method, schema, subaccountId)
  }
}

/**
 * Reads every page that the first one announces and none above, because the venue answers a page above the last with the
 * last one again. Throws where the first page fails, and for what stops the whole account.
 *
 * @param isEnough ends the reading early, with what was read as if it were all
 */
export async function readPages(
  read: ReadPage,
  idOf: (row: unknown) => string | null,
  isEnough: (rows: readonly unknown[]) => boolean = () => false,
): Promise<Pages> {
  let venueTime: number | null = null
  for (let restarts = 0; ; restarts++) {
    const { moved, ...attempt } = await readOnce(read, idOf, isEnough)
    venueTime ??= attempt.venueTime
    if (!moved || restarts >= MAX_RESTARTS) return { ...attempt, venueTime }
  }
}

interface Attempt extends Pages {
  moved: boolean
}

async function readOnce(
  read: ReadPage,
  idOf: (row: unknown) => string | null,
  isEnough: (rows: readonly unknown[]) => boolean,
): Promise<Attempt> {
  const first = await read(1)
  const rows = [...first.rows]
  const stop = (incomplete: string | null, moved = false): Attempt => {
    return { rows, pages: first.pages, incomplete, venueTime: first.venueTime, moved }
  }
  for (let page = 2; page <= first.pages && !isEnough(rows); page++) {
    if (page > MAX_PAGES) return stop(`more than ${MAX_PAGES} pages`)
    const next = await readOrFailure(read, page)
    if (next instanceof VenueError) return stop(`page ${page} failed: ${next.failure}`)
    if (next.count !== first.count || next.pages !== first.pages) return stop('the list moved while it was read', true)
    rows.push(...next.rows)
  }
  if (isEnough(rows)) return stop(null)
  const ids = rows.map(idOf).filter((id) => id !== null)
  // A row that moves to the page before pushes another one out of sight, and the numbers alone do not show it.
  if (new Set(ids).size < ids.length) return stop('a row came twice', first.pages > 1)
  return stop(rows.length === first.count ? null : `${rows.length} rows where ${first.count} were announced`)
}

/** A failure of one page leaves what came before it worth keeping; one of the account does not. */
async function readOrFailure(read: ReadPage, page: number): Promise<Page | VenueError> {
  try {
    return await read(page)
  } catch (error) {
    if (error instanceof VenueError && !stopsAccount(error)) return error
    throw error
  }
}

/** Whether asking anything else now would only meet the same. */
export const stopsAccount = ({ failure }: VenueError): boolean => failure === 'refused' || failure === 'limited'

function pageOf(answer: Answer, method: string, schema: z.ZodType<PageBody>, subaccountId: number): Page {
  const page = decode(schema, answer.result)
  if (!page.ok) throw new VenueError('broken', `${method}: ${page.problem}`)
  const { rows, pagination, subaccount_id: stated } = page.value
  refuseStranger(stated, method, subaccountId)
  return { rows, count: pagination.count, pages: pagination.num_pages, venueTime: answer.venueTime }
}

interface PageBody {
  rows: readonly unknown[]
  pagination: { count: number; num_pages: number }
  subaccount_id?: string | null | undefined
}
