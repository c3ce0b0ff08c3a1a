/** Owns one look at the open orders of an account. */
import type { Clock } from '../core/clock.ts'
import type { Probe } from '../core/outcome.ts'
import type { LookContext, SnapshotRead, VenueAccount } from '../venues/venue.ts'
import type { Applier, Delivery } from './applier.ts'
import type { Book } from './book.ts'

export interface PollDeps {
  venue: VenueAccount
  applier: Applier
  book: Book
  clock: Clock
  /** Frames that arrived before the reply are applied before it. */
  flushFrames: () => void
}

export interface PollResult {
  probes: Probe[]
  /** Every scope was read so that it could prove absence. */
  complete: boolean
}

/** Reads every scope and commits it. Throws VenueError where the venue failed, StoreError where the store did. */
export async function poll(deps: PollDeps, context: LookContext): Promise<PollResult> {
  const { venue, applier, book, clock } = deps
  const mark = book.mark()
  const requestedAt = clock.monotonic()
  const startedAt = clock.wall()
  const reads = await venue.snapshot(context)
  deps.flushFrames()
  const complete = reads.length > 0 && reads.every((read) => read.coverage.proves !== 'presence')
  const deliver = (read: SnapshotRead): Delivery => ({
    report: { source: 'snapshot', ...snapshotOf(read), mark },
    requestedAt,
    quarantined: read.quarantined,
  })
  const deliveries = reads.map(deliver)
  const last = deliveries.at(-1)
  const health = { state: 'ok', lastPollAt: startedAt, lastError: null } as const
  if (last !== undefined) last.patch = { ...health, ...(complete ? { lastCompleteAt: startedAt } : {}) }
  return { probes: applier.apply(deliveries), complete }
}

const snapshotOf = ({ scope, coverage, sightings, alsoPresent, sameSession, venueTime }: SnapshotRead) => ({
  scope,
  coverage,
  sightings,
  alsoPresent,
  sameSession,
  venueTime,
})
