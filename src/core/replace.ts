/** Owns replace chains: an order that names its predecessor ends it, whatever order the messages come in. */
import type { Ledger } from './ledger.ts'
import { isEnded, type OrderKey, orderKey } from './order.ts'
import type { Report, Sighting } from './report.ts'

/**
 * Ends or relabels the predecessor that `sighting` names. `alive` are the orders that the same list shows as open: a list
 * is not one moment, so a predecessor among them is left to the next one.
 */
export function endPredecessor(ledger: Ledger, report: Report, sighting: Sighting, alive: ReadonlySet<OrderKey>): void {
  const replaces = sighting.stated.replaces
  if (replaces == null || replaces === sighting.venueOrderId) return
  // A link ends its predecessor once. One that was seen alive after it would else end with every word about its successor.
  if (ledger.order(orderKey(sighting))?.facts.replaces === replaces) return
  const key = orderKey({ kind: sighting.kind, venueOrderId: replaces })
  const predecessor = ledger.order(key)
  if (predecessor === null || predecessor.facts.replacedBy !== null || alive.has(key)) return
  const { status, reason } = predecessor.facts
  const link = { reason: 'replaced', replacedBy: sighting.venueOrderId } as const
  const said = `${sighting.venueOrderId} replaces it`
  if (status === 'cancelled') {
    ledger.write(predecessor, said, (journal) => {
      const why = reason === 'replaced' ? 'learned' : 'replaced'
      journal.write('corrected', link, { reason: why, evidence: report.source, venueTime: null })
      return []
    })
  } else if (!isEnded(status)) {
    const closedAt = sighting.stated.openedAt ?? null
    ledger.write(predecessor, said, (journal) => {
      const end = { ...link, status: 'cancelled', closedAt, evidence: 'inferred' } as const
      journal.write('cancelled', end, { reason: 'replaced', evidence: 'inferred', venueTime: closedAt })
      journal.observe({ missingSince: null })
      return [{ ask: 'lookup', ref: predecessor, urgent: true, why: 'replaced, and nothing else proves how it ended' }]
    })
    ledger.course(key, null)
  }
}
