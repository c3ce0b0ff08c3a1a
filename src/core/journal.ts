/** Owns the pen: the one way in which the facts of an order change, each change with its event. */
import { type Decimal, subtract, ZERO } from './decimal.ts'
import type { EventDraft, EventReason, EventType } from './event.ts'
import type { Evidence, Order, OrderFacts, OrderObservations } from './order.ts'
import type { Note } from './outcome.ts'
import type { Report } from './report.ts'

/** Why an event is written, and what of it does not follow from the change of the facts. */
export interface Entry {
  reason: EventReason | null
  evidence: Evidence
  venueTime: number | null
  fillPrice?: Decimal | null
}

/** One order under the pen. Nothing outside sees it until {@link close}. */
export interface Journal {
  readonly order: Order
  /**
   * Changes facts and writes the event that goes with it; once the order has ended, whatever it is called, a `corrected`.
   * `fill_quantity` follows from the facts.
   */
  write(type: EventType, change: Partial<OrderFacts>, entry: Entry): void
  /** Changes observations, which need no event. */
  observe(change: Partial<OrderObservations>): void
  note(effect: Note['effect'], why: string): void
  close(): { order: Order | null; events: readonly EventDraft[]; notes: readonly Note[] }
}

/** Opens the journal of a stored order, or of a new one that no row holds yet (`version` 0). */
export function openJournal(stored: Order, source: Report['source'], said: string): Journal {
  let order = stored
  let observed = false
  const events: EventDraft[] = []
  const notes: Note[] = []
  const { kind, venueOrderId } = stored
  return {
    get order() {
      return order
    },
    write(meant, change, entry) {
      const type = order.ended ? 'corrected' : meant
      const facts = { ...order.facts, ...change }
      const filled = subtract(facts.filledQuantity, order.facts.filledQuantity)
      const tellsFill = filled !== ZERO || type === 'filled' || type === 'partially_filled'
      const ended = order.ended || type === 'filled' || type === 'cancelled'
      order = { ...order, facts, ended, version: order.version + 1 }
      const { reason, evidence, venueTime, fillPrice = null } = entry
      const fillQuantity = tellsFill ? filled : null
      events.push({
        kind,
        venueOrderId,
        type,
        version: order.version,
        reason,
        evidence,
        venueTime,
        fillQuantity,
        fillPrice,
        facts,
      })
    },
    observe(change) {
      if (!differs(order.seen, change)) return
      order = { ...order, seen: { ...order.seen, ...change } }
      observed = true
    },
    note(effect, why) {
      notes.push({ kind, venueOrderId, source, effect, why, said })
    },
    close() {
      if (events.length > 0) notes.push({ kind, venueOrderId, source, effect: 'changed', why: summary(events), said })
      return { order: events.length > 0 || observed ? order : null, events, notes }
    },
  }
}

const summary = (events: readonly EventDraft[]) => events.map((event) => event.type).join(', ')

function differs(seen: OrderObservations, change: Partial<OrderObservations>): boolean {
  const { details, ...scalars } = change
  for (const [name, value] of Object.entries(scalars)) if (Reflect.get(seen, name) !== value) return true
  return details !== undefined && details !== seen.details && JSON.stringify(details) !== JSON.stringify(seen.details)
}
