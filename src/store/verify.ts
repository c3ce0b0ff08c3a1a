/** Owns the proof that the database keeps what the log promises: dense, once, summing up, and equal to its own fold. */
import { parseDecimal } from '../core/decimal.ts'
import { differingFacts, type Folded, foldEvent } from '../core/fold.ts'
import { type Order, type OrderFacts, orderKey } from '../core/order.ts'
import { readEventData } from './event-data.ts'
import { type EventRow, eventIdOf, factsOfData } from './event-row.ts'
import { createMetaReader, type Meta } from './meta.ts'
import type { Connection } from './open.ts'
import { type OrderTuple, orderOf, SELECT_ORDER } from './order-row.ts'

/** One broken promise. `order` is `account/kind/id`, `seq` the event where it shows; each null where there is none. */
export interface Problem {
  order: string | null
  seq: number | null
  problem: string
}

export interface Verified {
  orders: number
  events: number
  /** The first {@link MAX_PROBLEMS}. */
  problems: Problem[]
}

/** Enough to see what is wrong; a broken file would otherwise fill the memory. */
export const MAX_PROBLEMS = 1_000
/** Rows read at once, so that checking a live database holds up neither its writer nor its write-ahead log. */
const PAGE = 500

type Tell = (problem: Problem) => void

/** Promises 3, 5, 6 and 7 of the design, each page of rows in the state of one instant. */
export function verifyLog(db: Connection): Verified {
  const problems: Problem[] = []
  const tell: Tell = (problem) => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem)
  }
  const orders = verifyOrders(db, tell)
  const events = verifySequence(db, tell)
  verifyCounters(db, tell)
  return { orders, events, problems }
}

/** Several reads of one instant. */
const together = <T>(db: Connection, read: () => T): T => (db.inTransaction ? read() : db.transaction(read).deferred())

// ---- every order against the fold of its events ------------------------------------------------------------------------

function verifyOrders(db: Connection, tell: Tell): number {
  const page = db
    .prepare<[number], OrderTuple>(`select ${SELECT_ORDER} from orders o where id > ? order by id limit ${PAGE}`)
    .raw()
  const eventsOf = db.prepare<[string, string, string], EventRow>(
    'select * from order_events where account = ? and kind = ? and venue_order_id = ? order by version, seq',
  )
  let count = 0
  let after = 0
  for (;;) {
    const last = together(db, () => {
      const rows = page.all(after)
      for (const order of rows.map(orderOf)) {
        verifyOrder(order, eventsOf.iterate(order.account, order.kind, order.venueOrderId), tell)
      }
      count += rows.length
      return rows.at(-1)
    })
    if (last === undefined) return count
    after = last[0]
  }
}

function verifyOrder(stored: Order, events: Iterable<EventRow>, tell: Tell): void {
  const order = `${stored.account}/${orderKey(stored)}`
  let state: Folded | null = null
  let lastSeq = 0
  for (const event of events) {
    const say = (problem: string) => tell({ order, seq: event.seq, problem })
    const read = readEventData(event.data)
    if ('problem' in read) {
      say(read.problem)
      return
    }
    const facts = factsOfData(read.data)
    for (const problem of columnProblems(event, stored, facts)) say(problem)
    if (event.seq <= lastSeq) say('its seq is not larger than that of the event before')
    const next = foldEvent(state, { type: event.type, version: event.version, fillQuantity: stepOf(event, say), facts })
    for (const problem of next.problems) say(problem)
    state = next.state
    lastSeq = event.seq
  }
  const say = (problem: string) => tell({ order, seq: null, problem })
  if (state === null) {
    say('a row without events')
    return
  }
  for (const name of differingFacts(state.facts, stored.facts)) say(`${name} is not what its events lead to`)
  if (state.version !== stored.version) say(`version ${stored.version} with ${state.version} events`)
  if (lastSeq !== stored.lastSeq) say(`last_seq ${stored.lastSeq} where its newest event is ${lastSeq}`)
  if (state.ended !== stored.ended) say('its ended flag is not what its events lead to')
}

function stepOf({ fill_quantity }: EventRow, say: (problem: string) => void) {
  if (fill_quantity === null) return null
  const step = parseDecimal(fill_quantity)
  if (step === fill_quantity) return step
  say('fill_quantity is not a canonical decimal')
  return null
}

/** Columns that repeat what `data` or the order's identity says. */
function columnProblems(event: EventRow, stored: Order, facts: OrderFacts): string[] {
  const identity = { ...stored, version: event.version }
  const pairs: [string, unknown, unknown][] = [
    ['event_id', event.event_id, eventIdOf(stored.account, identity)],
    ['venue', event.venue, stored.venue],
    ['client_order_id', event.client_order_id, facts.clientOrderId],
    ['symbol', event.symbol, facts.symbol],
    ['side', event.side, facts.side],
    ['filled_quantity', event.filled_quantity, facts.filledQuantity],
    ['quantity', event.quantity, facts.quantity],
    ['price', event.price, facts.price],
    ['trigger_price', event.trigger_price, facts.triggerPrice],
  ]
  return pairs.filter(([, is, should]) => is !== should).map(([name]) => `column ${name} is not what the event says`)
}

// ---- the sequence ------------------------------------------------------------------------------------------------------

type SequenceRow = Pick<EventRow, 'seq' | 'account' | 'kind' | 'venue_order_id' | 'version' | 'recorded_at'> & {
  known: number | null
}

function verifySequence(db: Connection, tell: Tell): number {
  const meta = createMetaReader(db)
  const page = db.prepare<[number], SequenceRow>(`
    select e.seq, e.account, e.kind, e.venue_order_id, e.version, e.recorded_at, o.version as known
    from order_events e left join orders o
      on o.account = e.account and o.kind = e.kind and o.venue_order_id = e.venue_order_id
    where e.seq > ? order by e.seq limit ${PAGE}`)
  const first = page.all(Number.MIN_SAFE_INTEGER)[0]
  const { firstSeq } = meta()
  if (first !== undefined && first.seq < firstSeq)
    tell({ order: null, seq: first.seq, problem: 'before meta.first_seq' })
  let before = { seq: firstSeq - 1, recorded_at: 0 }
  let count = 0
  for (;;) {
    const { rows, end } = together(db, () => ({ rows: page.all(before.seq), end: meta() }))
    for (const row of rows) {
      followsOn(before, row, tell)
      before = row
    }
    count += rows.length
    if (rows.length > 0) continue
    verifyEnd(before, end, tell)
    return count
  }
}

function followsOn(before: { seq: number; recorded_at: number }, row: SequenceRow, tell: Tell): void {
  const order = `${row.account}/${row.kind}/${row.venue_order_id}`
  const say = (problem: string) => tell({ order, seq: row.seq, problem })
  if (row.seq !== before.seq + 1) say(`a hole: seq ${before.seq + 1} is missing`)
  if (row.recorded_at < before.recorded_at) say('recorded_at is earlier than that of the event before')
  if (row.known === null) say('an event of an order that has no row')
  else if (row.version > row.known) say(`version ${row.version} of an order that has ${row.known}`)
}

function verifyEnd(last: { seq: number; recorded_at: number }, meta: Meta, tell: Tell): void {
  const say = (problem: string) => tell({ order: null, seq: null, problem })
  if (meta.lastSeq !== last.seq) say(`meta.last_seq is ${meta.lastSeq} where the log ends at ${last.seq}`)
  if (meta.lastRecordedAt < last.recorded_at) say('meta.last_recorded_at is earlier than the newest event')
}

// ---- what accounts say of their orders ---------------------------------------------------------------------------------

function verifyCounters(db: Connection, tell: Tell): void {
  const wrong = db.prepare<[], { account: string }>(`
    select a.account from accounts a left join (
      select account, sum(status = 'open') as open_orders, sum(status = 'unknown') as unknown,
        sum(status = 'open' and missing_since is not null) as missing
      from orders group by account) o on o.account = a.account
    where a.open_orders <> coalesce(o.open_orders, 0) or a.unknown <> coalesce(o.unknown, 0)
      or a.missing <> coalesce(o.missing, 0)`)
  for (const { account } of wrong.all()) {
    tell({ order: null, seq: null, problem: `account ${account} counts other orders than it has` })
  }
}
