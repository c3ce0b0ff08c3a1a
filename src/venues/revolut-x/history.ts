/** Owns the look back: what ended within a window, the slices that no list shows, and the executions of both. */
import { sum } from '../../core/decimal.ts'
import type { Fill } from '../../core/order.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import type { HistoryRead, HistoryWindow, LookContext } from '../venue.ts'
import type { Seen } from './map.ts'
import { isOlder, readRows, walk } from './pages.ts'
import type { Get } from './rest.ts'
import { hasExecutions, readDetail, readExecutions } from './single.ts'

const DAY_MS = 86_400_000

/** The venue's limit on one range. */
const MAX_RANGE_MS = 30 * DAY_MS

/** The venue opened in May 2024: nothing can have ended before, and every day asked about costs a token. */
const VENUE_OPENED_MS = Date.UTC(2024, 0, 1)

/** Orders read one by one in one look. Slices beyond make it incomplete; fills beyond come with the next look's overlap. */
export const MAX_DETAIL_READS = 200
export const MAX_FILL_READS = 100

/** What has ended does not change: so many answers are kept, so that the overlap of two looks is not paid for twice. */
const MAX_REMEMBERED = 2_000

export type LookBack = (window: HistoryWindow, context: LookContext) => Promise<HistoryRead>

export function createLookBack(get: Get): LookBack {
  const endedById = new Map<string, Seen>()
  const fillsByState = new Map<string, readonly Fill[]>()

  return async (window, { open, signal }) => {
    const read = await readEndings(get, window, signal)
    const parents = new Set<string>()
    for (const key of open) if (key.startsWith(ALGO)) parents.add(key.slice(ALGO.length))
    for (const { kind, venueOrderId } of read.sightings) if (kind === 'algo') parents.add(venueOrderId)

    const slices = await readSlices(get, parents, endedById, signal)
    const sightings = newestOfEach([...read.sightings, ...slices.sightings])
    const executions = await readFills(get, sightings, fillsByState, signal)
    return {
      sightings,
      fills: executions.fills,
      complete: read.complete && slices.complete,
      venueTime: read.venueTime,
      quarantined: [...read.quarantined, ...slices.quarantined, ...executions.quarantined],
    }
  }
}

const ALGO = 'algo/'

// ---- the list ---------------------------------------------------------------------------------------------------------

type Endings = Omit<HistoryRead, 'fills'>

/** Range by range, the oldest first. Throws only where nothing could be read at all. */
async function readEndings(get: Get, window: HistoryWindow, signal: AbortSignal): Promise<Endings> {
  const endings: Endings = { sightings: [], complete: true, venueTime: null, quarantined: [] }
  for (const [index, { from, to }] of ranges(window).entries()) {
    const days = Math.max(1, Math.ceil((to - from) / DAY_MS))
    try {
      const list = await walk((cursor) =>
        get('/api/1.0/orders/historical', { start_date: from, end_date: to, limit: 1_900, cursor }, days, signal),
      )
      if (index === 0) endings.venueTime = list.venueTime
      const rows = readRows(list.rows, 'historical[]')
      for (const { sighting } of rows.seen) endings.sightings.push(sighting)
      endings.quarantined.push(...rows.quarantined)
      endings.complete = list.unproven === null
    } catch (error) {
      if (index === 0 || !(error instanceof VenueError)) throw error
      endings.complete = false
    }
    // The next range would only meet the same trouble; what was read so far is true.
    if (!endings.complete) break
  }
  return endings
}

/** Both ends always go out: with one alone the venue ends a range after seven days and says nothing. */
export function ranges(window: HistoryWindow): HistoryWindow[] {
  const split: HistoryWindow[] = []
  const to = Math.max(Math.trunc(window.to), VENUE_OPENED_MS)
  const start = Math.min(to, Math.max(Math.trunc(window.from), VENUE_OPENED_MS))
  for (let from = start; from < to || from === start; from += MAX_RANGE_MS) {
    split.push({ from, to: Math.min(to, from + MAX_RANGE_MS) })
  }
  return split
}

// ---- slices -----------------------------------------------------------------------------------------------------------

type Slices = Pick<HistoryRead, 'sightings' | 'complete' | 'quarantined'>

/** The slices of every parent, and of the parents those that have ended. */
async function readSlices(
  get: Get,
  parents: Iterable<string>,
  endedById: Map<string, Seen>,
  signal: AbortSignal,
): Promise<Slices> {
  const slices: Slices = { sightings: [], complete: true, quarantined: [] }
  let reads = 0
  const detail = async (id: string): Promise<Seen | null> => {
    const known = endedById.get(id)
    if (known !== undefined) return known
    if (++reads > MAX_DETAIL_READS) throw new VenueError('later', `more than ${MAX_DETAIL_READS} slices at once`)
    const answer = await readDetail(get, id, signal)
    if (!answer.ok) {
      slices.quarantined.push(answer.quarantined)
      return null
    }
    if (isOver(answer.value.sighting)) remember(endedById, id, answer.value)
    return answer.value
  }

  for (const parentId of parents) {
    const parent = await orIncomplete(slices, () => detail(parentId))
    if (parent !== null && isOver(parent.sighting)) slices.sightings.push(parent.sighting)
    for (const id of parent?.linkedIds ?? []) {
      const slice = await orIncomplete(slices, () => detail(id))
      if (slice !== null) slices.sightings.push(sliceOf(slice.sighting, parentId))
      if (!slices.complete) break
    }
    if (!slices.complete) break
  }
  return slices
}

/** The parent names its slices, which is proof enough where a slice does not name its parent. */
const sliceOf = (sighting: Sighting, parentOrderId: string): Sighting => ({
  ...sighting,
  stated: { ...sighting.stated, parentOrderId },
})

async function orIncomplete<T>(slices: Slices, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof VenueError)) throw error
    // The typed word that there is no such order leaves nothing to come back for.
    if (error.failure !== 'not_found') slices.complete = false
    return null
  }
}

// ---- executions -------------------------------------------------------------------------------------------------------

type Fills = Pick<HistoryRead, 'fills' | 'quarantined'>

/**
 * Executions of what has ended, for their prices. The cumulative fill does not depend on them, so that a failure here
 * holds nothing up: the overlap of the next look asks again.
 */
async function readFills(
  get: Get,
  sightings: readonly Sighting[],
  fillsByState: Map<string, readonly Fill[]>,
  signal: AbortSignal,
): Promise<Fills> {
  const read: Fills = { fills: [], quarantined: [] }
  let reads = 0
  let failed = false
  for (const sighting of sightings) {
    if (!isOver(sighting) || !hasExecutions(sighting)) continue
    const state = `${sighting.venueOrderId}@${sighting.venueClock}`
    const known = fillsByState.get(state)
    if (known !== undefined) read.fills.push(...known)
    if (known !== undefined || failed || reads >= MAX_FILL_READS) continue
    reads++
    try {
      const { fills, quarantined } = await readExecutions(get, sighting, signal)
      read.fills.push(...fills)
      read.quarantined.push(...quarantined)
      // A list that lags behind the order is read again.
      if (sum(fills.map(({ quantity }) => quantity)) === sighting.filled) remember(fillsByState, state, fills)
    } catch (error) {
      if (!(error instanceof VenueError)) throw error
      failed = true
    }
  }
  return read
}

// ---- small things -----------------------------------------------------------------------------------------------------

const isOver = ({ claim }: Sighting): boolean => claim.is !== 'open' && claim.is !== 'unrecognised'

/** The oldest answer makes room. */
function remember<T>(answers: Map<string, T>, key: string, answer: T): void {
  const [oldest] = answers.keys()
  if (answers.size >= MAX_REMEMBERED && oldest !== undefined) answers.delete(oldest)
  answers.set(key, answer)
}

/** A detail answer says more than a row of the same state, so of two that are equally new the later one stays. */
function newestOfEach(sightings: readonly Sighting[]): Sighting[] {
  const byId = new Map<string, Sighting>()
  for (const sighting of sightings) {
    const known = byId.get(sighting.venueOrderId)
    if (known === undefined || !isOlder(sighting, known)) byId.set(sighting.venueOrderId, sighting)
  }
  return [...byId.values()]
}
