/** Owns executions that come without a word about their order, and those that a venue takes back. */
import { correctFill } from './apply.ts'
import { max, subtract, sum } from './decimal.ts'
import { bookedQuantity, fillSteps } from './fill-steps.ts'
import { type Ledger, sightingsOf } from './ledger.ts'
import { isEnded, orderKey } from './order.ts'
import type { Report } from './report.ts'

/** Lowers what a reversed execution had added. Only `corrected` may do that, on an open order too. */
export function takeReversals(ledger: Ledger, report: Report): void {
  for (const key of ledger.booked()) {
    const { fills, reversed } = ledger.books(key)
    const order = ledger.order(key)
    if (order === null || reversed.length === 0) continue
    const taken = sum(reversed.map((fill) => fill.quantity))
    const filledQuantity = max(bookedQuantity(fills), subtract(order.facts.filledQuantity, taken))
    if (filledQuantity === order.facts.filledQuantity) continue
    const venueTime = reversed[0]?.venueTime ?? null
    ledger.write(order, `${taken} reversed`, (journal) => {
      journal.write('corrected', { filledQuantity }, { reason: 'reversed', evidence: report.source, venueTime })
      return []
    })
  }
}

/** Applies executions whose order no sighting of this report shows. They add to the sum and end nothing. */
export function bookLooseFills(ledger: Ledger, report: Report): void {
  const shown = new Set(sightingsOf(report).map(orderKey))
  for (const key of ledger.booked()) {
    const { fills, news } = ledger.books(key)
    if (news.length === 0 || shown.has(key)) continue
    const order = ledger.order(key)
    if (order === null) {
      ledger.probe({ ask: 'history', why: 'an execution of an order not yet known' })
      continue
    }
    const said = news.map((fill) => `${fill.quantity} executed at ${fill.price ?? '?'}`).join(', ')
    ledger.write(order, said, (journal) => {
      if (isEnded(order.facts.status)) {
        correctFill(journal, { evidence: report.source, fills, news }, null)
        return []
      }
      for (const { filledQuantity, price, venueTime } of fillSteps(order.facts.filledQuantity, null, fills, news)) {
        const entry = { reason: null, evidence: report.source, venueTime, fillPrice: price }
        journal.write('partially_filled', { filledQuantity, evidence: report.source }, entry)
      }
      return []
    })
  }
}
