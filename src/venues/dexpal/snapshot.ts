/** Owns the look at the open orders: address by address, however many of them one request covered. */
import type { OrderRef } from '../../core/order.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError, type VenueFailure } from '../errors.ts'
import { sampleOf } from '../scrub.ts'
import type { SnapshotRead } from '../venue.ts'
import { addressList, chunk, normaliseAddress, normaliseOrderId } from './address.ts'
import { mapOrder } from './map.ts'
import { type Get, ORDERS_PATH } from './rest.ts'
import { type List, legible } from './wire.ts'

/** A request that fails for one address the venue does not know is halved this often in one look, to find it. */
export const MAX_SPLITS = 8
/** Addresses it did not know are asked about one by one, so many in one look; the others wait for the next. */
export const MAX_STRANGERS_A_LOOK = 5
/** One read keeps this many samples of what it could not parse; the rest would say the same. */
const MAX_QUARANTINED = 100

/** Whatever is asked after these meets the same, or a wait that the good answers should not share. */
const ENDS_THE_LOOK: ReadonlySet<VenueFailure> = new Set(['limited', 'refused'])

/**
 * Reads all addresses. Those of a request that failed are not in the answer; it throws where there is none at all.
 * `room` is what a URL has left for the list of addresses.
 */
export function createLook(get: Get, addresses: readonly string[], room: number) {
  const strangers = new Set<string>()
  let turn = 0

  return async (signal: AbortSignal): Promise<SnapshotRead[]> => {
    const alone = [...strangers].slice(0, MAX_STRANGERS_A_LOOK).map((address) => [address])
    const together = chunk(
      addresses.filter((address) => !strangers.has(address)),
      room,
    )
    // Each look begins elsewhere: a limit that always strikes at the same place must not starve what comes behind it.
    const queue = rotated([...together, ...alone], turn++)
    const reads: SnapshotRead[] = []
    const failures: VenueError[] = []
    let splits = MAX_SPLITS
    for (let asked = queue.shift(); asked !== undefined; asked = queue.shift()) {
      const result = await readOrFail(get, asked, signal)
      const [only] = asked
      if (asked.length === 1 && only !== undefined) strangers.delete(only)
      if (!(result instanceof VenueError)) {
        reads.push(...result)
        continue
      }
      failures.push(result)
      if (result.failure === 'not_found') {
        if (asked.length === 1 && only !== undefined) strangers.add(only)
        else if (splits-- > 0) queue.unshift(...halves(asked))
      }
      if (ENDS_THE_LOOK.has(result.failure) || signal.aborted) break
    }
    const [first] = failures
    if (reads.length === 0 && first !== undefined) throw first
    return reads
  }
}

async function readOrFail(get: Get, asked: readonly string[], signal: AbortSignal) {
  try {
    return readsOf(await get(ORDERS_PATH, `addr=${addressList(asked)}`, signal), asked)
  } catch (error) {
    if (error instanceof VenueError) return error
    throw error
  }
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}

function halves(list: readonly string[]): string[][] {
  const middle = Math.ceil(list.length / 2)
  return [list.slice(0, middle), list.slice(middle)]
}

// ---- one answer -------------------------------------------------------------------------------------------------------

/** What an answer shows of one address. `doubt` says why it proves presence only. */
interface Part {
  sightings: Map<string, Sighting>
  alsoPresent: OrderRef[]
  quarantined: Quarantined[]
  doubt: string | null
}

function readsOf(list: List, asked: readonly string[]): SnapshotRead[] {
  const parts = new Map(asked.map((address) => [normaliseAddress(address), emptyPart()]))
  const homes = new Map<string, readonly Part[]>()
  for (const raw of list.rows) {
    const { orderId, address } = legible(raw)
    const home = address === null ? [...parts.values()] : partOf(parts, address)
    if (address === null) cast(home, 'a row without a legible address')
    if (orderId === null) cast(home, 'a row without a legible id')
    else {
      const id = normaliseOrderId(orderId)
      const before = homes.get(id)
      if (before !== undefined) cast([...before, ...home], 'an order was listed twice')
      homes.set(id, home)
    }
    place(raw, orderId, home)
  }
  if (list.more) cast([...parts.values()], 'the answer is not the whole list')
  return [...parts].map(([partition, part]) => readOf(partition, part, list.venueTime))
}

function partOf(parts: ReadonlyMap<string, Part>, address: string): Part[] {
  const part = parts.get(normaliseAddress(address))
  // Whose orders these are is all that ties an answer to the question: an answer to another one proves nothing.
  if (part === undefined) throw new VenueError('broken', 'a row of an address that was not asked for')
  return [part]
}

function place(raw: unknown, orderId: string | null, home: readonly Part[]): void {
  const order = mapOrder(raw)
  for (const part of home) {
    if (order.ok) part.sightings.set(order.value.venueOrderId, order.value)
    else if (orderId !== null) part.alsoPresent.push({ kind: 'order', venueOrderId: normaliseOrderId(orderId) })
  }
  const [first] = home
  if (!order.ok && first !== undefined && first.quarantined.length < MAX_QUARANTINED) {
    first.quarantined.push({ where: 'orders[]', problem: order.problem, sample: sampleOf(raw) })
  }
}

const emptyPart = (): Part => ({ sightings: new Map(), alsoPresent: [], quarantined: [], doubt: null })

function cast(parts: readonly Part[], doubt: string): void {
  for (const part of parts) part.doubt ??= doubt
}

function readOf(partition: string, part: Part, venueTime: number | null): SnapshotRead {
  const { sightings, alsoPresent, quarantined, doubt } = part
  return {
    scope: { of: 'partition', partition, kinds: ['order'] },
    coverage: doubt === null ? { proves: 'absence' } : { proves: 'presence', because: doubt },
    sightings: [...sightings.values()],
    alsoPresent,
    sameSession: false,
    venueTime,
    quarantined,
  }
}
