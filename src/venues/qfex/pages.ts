/** Owns the reading of a list by limit and offset while it may move: it ends only at a proven end. */

/** The largest page that `/user/historic-orders`, `/user/trade` and `get_user_orders` are asked for. */
export const PAGE_LIMIT = 1000

/** More pages than this is a list that does not end. What was read is kept, and it is not complete. */
export const MAX_PAGES = 50

/**
 * A venue that quietly lowers a limit lowers it to a round number, so a reply of just so many rows proves no end.
 * Every limit ever seen is a multiple of this.
 */
const ROUND = 50

export const mayBeClamped = (rows: number): boolean => rows > 0 && rows % ROUND === 0

export interface Page {
  rows: readonly unknown[]
  /** Of this page or of everything: either way a count beyond what was read says that there is more. */
  count: number | null
}

export interface Paged {
  /** Each row once. */
  rows: unknown[]
  /** Null where the end was proven, else why it was not. */
  incomplete: string | null
}

/**
 * Reads pages that overlap by one row: if the last row of one page is not on the next, rows before it have gone and others
 * slipped past us. Stops early once `isEnough` says so, which is not an end.
 */
export async function readPages(
  fetchPage: (offset: number) => Promise<Page>,
  isEnough: (rows: readonly unknown[]) => boolean = () => false,
): Promise<Paged> {
  const rowsByText = new Map<string, unknown>()
  const rows = () => [...rowsByText.values()]
  let anchor: string | null = null
  let offset = 0
  for (let page = 0; page < MAX_PAGES; page++) {
    const { rows: batch, count } = await fetchPage(offset)
    const texts = batch.map((row) => JSON.stringify(row) ?? '')
    if (anchor !== null && !texts.includes(anchor)) return { rows: rows(), incomplete: 'rows moved between two pages' }
    const before = rowsByText.size
    batch.forEach((row, at) => {
      rowsByText.set(texts[at] ?? '', row)
    })
    if (isEnough(batch)) return { rows: rows(), incomplete: 'stopped early' }
    const reached = offset + batch.length
    const more = count !== null && count > reached
    if (!more && isEnd(batch.length, anchor !== null)) return { rows: rows(), incomplete: null }
    if (rowsByText.size === before) return { rows: rows(), incomplete: 'a page brought nothing new' }
    anchor = texts.at(-1) ?? null
    offset = reached - 1
  }
  return { rows: rows(), incomplete: `no end after ${MAX_PAGES} pages` }
}

const isEnd = (length: number, overlaps: boolean): boolean =>
  length === (overlaps ? 1 : 0) || (length < PAGE_LIMIT && !mayBeClamped(length))
