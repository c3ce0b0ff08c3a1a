/** Owns the comparison of a database on disk with the truth of a sandbox in another process. */
import { openReader } from '../../src/store/read.ts'
import type { EventRecord, OrderRecord } from '../../src/store/records.ts'
import type { ToldTruth } from '../support/daemon.ts'

export interface Mirrored {
  orders: Map<string, OrderRecord>
  /** Oldest first. */
  events: EventRecord[]
  /** Since when an account is followed, ms: what ended before leaves no row. */
  trackedSince: Map<string, number>
}

const keyOf = (row: { account: string; kind: string; venue_order_id: string }) =>
  `${row.account}/${row.kind}/${row.venue_order_id}`

/** Everything that other programs may read, page by page. */
export function readMirror(database: string): Mirrored {
  using reader = openReader(database)
  const orders = new Map<string, OrderRecord>()
  for (let after: string | null | undefined; after !== null; ) {
    const page = reader.orders({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    for (const order of page.orders) orders.set(keyOf(order), order)
    after = page.next
  }
  const events: EventRecord[] = []
  for (;;) {
    const page = reader.events({ after: events.at(-1)?.seq ?? 0, limit: 1_000 })
    if (page.events.length === 0) break
    events.push(...page.events)
  }
  return { orders, events, trackedSince: new Map(reader.accounts().map((row) => [row.account, row.trackedSince])) }
}

/** What must hold at every moment: the log is dense, and each order was opened once and ended at most once. */
export function wrongIn(database: string): string[] {
  const { events } = readMirror(database)
  const wrong = verify(database)
  const lives = new Map<string, string[]>()
  const ids = new Set<string>()
  for (const [at, event] of events.entries()) {
    if (event.seq !== at + 1) wrong.push(`seq ${event.seq} at place ${at + 1}`)
    if (ids.has(event.event_id)) wrong.push(`${event.event_id} twice`)
    ids.add(event.event_id)
    const key = keyOf(event)
    lives.set(key, [...(lives.get(key) ?? []), event.type])
  }
  for (const [key, types] of lives) {
    if (types[0] !== 'opened' || types.lastIndexOf('opened') !== 0) wrong.push(`${key}: ${types.join(', ')}`)
    const endings = types.filter((type) => type === 'filled' || type === 'cancelled')
    if (endings.length > 1) wrong.push(`${key} ended twice: ${types.join(', ')}`)
  }
  return wrong
}

function verify(database: string): string[] {
  using reader = openReader(database)
  return reader.verify().problems.map((problem) => JSON.stringify(problem))
}

/** What is not yet, or never was: empty once everything that happened has been written down, and nothing else. */
export function differences(mirror: Mirrored, truth: readonly ToldTruth[]): string[] {
  const known = new Set<string>()
  const different = truth.flatMap((order) => {
    const key = `${order.account}/${order.kind}/${order.id}`
    known.add(key)
    return differencesOf(key, order, mirror)
  })
  for (const key of mirror.orders.keys()) if (!known.has(key)) different.push(`${key} never existed`)
  return different
}

function differencesOf(key: string, order: ToldTruth, { orders, events, trackedSince }: Mirrored): string[] {
  const last = order.states.at(-1)
  const row = orders.get(key)
  const since = trackedSince.get(order.account) ?? Number.POSITIVE_INFINITY
  if (row === undefined && order.endedUs !== null && order.endedUs / 1_000 < since) return []
  if (last?.status === 'rejected') return row === undefined ? [] : [`${key} was rejected and has a row`]
  if (row === undefined || last === undefined) return [`${key} has no row`]
  const different: string[] = []
  if (row.status !== last.status) different.push(`${key} is ${row.status}, really ${last.status}`)
  if (row.filled_quantity !== last.filled) {
    different.push(`${key} filled ${row.filled_quantity}, really ${last.filled}`)
  }
  const told = events.some((event) => keyOf(event) === key && event.type === last.status)
  if (last.status !== 'open' && !told) different.push(`${key} is ${last.status} without an event`)
  return different
}
