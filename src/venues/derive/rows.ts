/** Owns the reading of a list row by row: what is believed, what is only present, and whose list it is. */
import { compare } from '../../core/decimal.ts'
import type { Fill, OrderRef } from '../../core/order.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import { sampleOf } from '../scrub.ts'
import { fillOf, orderOf } from './map.ts'
import { legibleOrderId, legibleSubaccount, readOrder, readTrade } from './wire.ts'

/** One read keeps this many samples of what it could not parse; the rest would say the same. */
const MAX_QUARANTINED = 100

export interface Rows {
  /** One an order, the newest where it came more than once. */
  sightings: Sighting[]
  alsoPresent: OrderRef[]
  quarantined: Quarantined[]
  /** A row whose id nobody can read may be any order. */
  illegible: boolean
  /** The same id came twice, so the list moved while it was read. */
  torn: boolean
}

/** Throws `broken` where a row, legible or not, is of another subaccount: then nothing of the list is ours. */
export function readOrders(rows: readonly unknown[], where: string, subaccountId: number): Rows {
  const byId = new Map<string, Sighting>()
  const ids = new Set<string>()
  const read: Rows = { sightings: [], alsoPresent: [], quarantined: [], illegible: false, torn: false }
  for (const raw of rows) {
    refuseStranger(legibleSubaccount(raw), where, subaccountId)
    const id = legibleOrderId(raw)
    if (id === null) read.illegible = true
    else if (ids.has(id)) read.torn = true
    else ids.add(id)
    const row = readOrder(raw)
    if (row.ok) keepNewer(byId, orderOf(row.value))
    else {
      if (id !== null) read.alsoPresent.push({ kind: 'order', venueOrderId: id })
      quarantine(read.quarantined, where, row.problem, raw)
    }
  }
  read.sightings = [...byId.values()]
  return read
}

export interface Trades {
  fills: Fill[]
  quarantined: Quarantined[]
}

/** Throws as {@link readOrders} does. A trade listed twice is one trade. */
export function readTrades(rows: readonly unknown[], where: string, subaccountId: number): Trades {
  const byId = new Map<string, Fill>()
  const quarantined: Quarantined[] = []
  for (const raw of rows) {
    refuseStranger(legibleSubaccount(raw), where, subaccountId)
    const row = readTrade(raw)
    if (row.ok) byId.set(`${row.value.order_id}/${row.value.trade_id}`, fillOf(row.value))
    else quarantine(quarantined, where, row.problem, raw)
  }
  return { fills: [...byId.values()], quarantined }
}

/** `stated` is what an envelope or a row says; where it says nothing it is the answer to what was asked. */
export function refuseStranger(stated: string | null | undefined, where: string, subaccountId: number): void {
  if (stated == null || stated === String(subaccountId)) return
  throw new VenueError('broken', `${where}: of another subaccount`)
}

/** Of two that are equally new the later stays: lists are read in the order in which an order moves through them. */
export function keepNewer(byId: Map<string, Sighting>, next: Sighting): void {
  const known = byId.get(next.venueOrderId)
  if (known === undefined || !isOlder(next, known)) byId.set(next.venueOrderId, next)
}

const isOlder = ({ venueClock: a }: Sighting, { venueClock: b }: Sighting): boolean =>
  a !== null && b !== null && compare(a, b) < 0

function quarantine(items: Quarantined[], where: string, problem: string, raw: unknown): void {
  if (items.length < MAX_QUARANTINED) items.push({ where, problem, sample: sampleOf(raw) })
}
