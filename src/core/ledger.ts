/** Owns the working copy of what is stored while one report is applied, and collects what follows from it. */
import type { EventDraft } from './event.ts'
import { type Journal, openJournal } from './journal.ts'
import { type Fill, type Order, type OrderKey, type OrderRef, orderKey } from './order.ts'
import type { Course, Note, Outcome, Probe, Stored } from './outcome.ts'
import type { Context } from './policy.ts'
import type { Report } from './report.ts'

/** Executions of one order: all that stand after this report, what is new with it, and what it takes back. */
export interface Books {
  fills: readonly Fill[]
  news: readonly Fill[]
  reversed: readonly Fill[]
}

const EMPTY: Books = { fills: [], news: [], reversed: [] }

export interface Ledger {
  readonly context: Context
  order(key: OrderKey): Order | null
  orders(): Iterable<Order>
  books(key: OrderKey): Books
  /** Keys of the orders whose executions this report changed. */
  booked(): Iterable<OrderKey>
  /** The order that names this one as its predecessor. */
  successorOf(ref: OrderRef): string | null
  /** Lets `work` write in the order's journal; its events take their place behind those already there. */
  write(order: Order, said: string, work: (journal: Journal) => readonly Probe[] | undefined): void
  course(key: OrderKey, course: Course | null): void
  probe(probe: Probe): void
  note(note: Note): void
  reject(): void
  outcome(emptiness: Pick<Outcome, 'suspiciouslyEmpty' | 'blind'>): Outcome
}

export function openLedger(stored: Stored, report: Report, context: Context): Ledger {
  const changed = new Map<OrderKey, Order>()
  const events: EventDraft[] = []
  const probes: Probe[] = []
  const notes: Note[] = []
  const courses = new Map<OrderKey, Course | null>()
  let rejections = 0
  const { books, writes } = bookFills(stored, report)
  const successors = linkSuccessors(stored, report)
  const order = (key: OrderKey) => changed.get(key) ?? stored.orders.get(key) ?? null
  return {
    context,
    order,
    orders: () => stored.orders.values(),
    books: (key) => books.get(key) ?? { ...EMPTY, fills: stored.fills.get(key) ?? [] },
    booked: () => books.keys(),
    successorOf: (ref) => successors.get(orderKey(ref)) ?? null,
    write(before, said, work) {
      const journal = openJournal(before, report.source, said)
      probes.push(...(work(journal) ?? []))
      const result = journal.close()
      if (result.order !== null) changed.set(orderKey(before), result.order)
      events.push(...result.events)
      notes.push(...result.notes)
    },
    course: (key, course) => courses.set(key, course),
    probe: (probe) => probes.push(probe),
    note: (note) => notes.push(note),
    reject: () => {
      rejections += 1
    },
    outcome: (emptiness) => ({
      orders: [...changed.values()],
      events,
      fills: writes,
      probes,
      courses,
      notes,
      ...emptiness,
      rejections,
    }),
  }
}

/** Puts the report's executions beside the stored ones: a trade id is booked once, and reversed once. */
function bookFills(stored: Stored, report: Report) {
  const books = new Map<OrderKey, Books>()
  const writes: Fill[] = []
  for (const fill of fillsOf(report)) {
    const key = orderKey(fill)
    const { fills, news, reversed } = books.get(key) ?? { ...EMPTY, fills: stored.fills.get(key) ?? [] }
    const known = fills.find((other) => other.tradeId === fill.tradeId)
    if (known === undefined) {
      books.set(key, { fills: [...fills, fill], news: fill.reversed ? news : [...news, fill], reversed })
      writes.push(fill)
    } else if (fill.reversed && !known.reversed) {
      const rest = fills.filter((other) => other !== known)
      books.set(key, {
        fills: [...rest, fill],
        news: news.filter((other) => other !== known),
        // What was new with this very report was never counted.
        reversed: news.includes(known) ? reversed : [...reversed, known],
      })
      writes.push(fill)
    } else if (known.fee === null && fill.fee !== null && !known.reversed) {
      writes.push({ ...known, fee: fill.fee, feeAsset: fill.feeAsset })
    }
  }
  return { books, writes }
}

function fillsOf(report: Report): readonly Fill[] {
  if (report.source === 'snapshot') return []
  if (report.source !== 'lookup') return report.fills
  return report.answer.is === 'found' ? report.answer.fills : []
}

function linkSuccessors(stored: Stored, report: Report): Map<OrderKey, string> {
  const successors = new Map<OrderKey, string>()
  const link = ({ kind, venueOrderId }: OrderRef, replaces: string | null | undefined) => {
    // Venues fill the field in strange ways; nothing succeeds itself.
    if (replaces == null || replaces === venueOrderId) return
    successors.set(orderKey({ kind, venueOrderId: replaces }), venueOrderId)
  }
  for (const order of stored.orders.values()) link(order, order.facts.replaces)
  for (const sighting of sightingsOf(report)) link(sighting, sighting.stated.replaces)
  return successors
}

export function sightingsOf(report: Report) {
  if (report.source !== 'lookup') return report.sightings
  return report.answer.is === 'found' ? [report.answer.sighting] : []
}
