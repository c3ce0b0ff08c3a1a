/** Owns one look at the open orders of an account. */
import type { Clock } from '../core/clock.ts'
import type { Probe } from '../core/outcome.ts'
import type { AccountPatch } from '../store/accounts.ts'
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
  /** How the account fares after a good look. */
  afterLook: () => AccountPatch
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
  // Cut off meanwhile: another look may be under way, and this one is late.
  context.signal.throwIfAborted()
  deps.flushFrames()
  const unread = unreadParts(venue.partitions ?? [], reads)
  const complete = reads.length > 0 && unread.length === 0 && reads.every((read) => read.coverage.proves !== 'presence')
  const deliver = (read: SnapshotRead): Delivery => ({
    report: { source: 'snapshot', ...snapshotOf(read), mark },
    requestedAt,
    quarantined: read.quarantined,
  })
  const deliveries = reads.map(deliver)
  const last = deliveries.at(-1)
  const health = unread.length === 0 ? deps.afterLook() : partly(unread, venue.partitions ?? [])
  if (last !== undefined)
    last.patch = { ...health, lastPollAt: startedAt, ...(complete ? { lastCompleteAt: startedAt } : {}) }
  return { probes: applier.apply(deliveries), complete }
}

const partly = (unread: readonly string[], parts: readonly string[]) =>
  ({ state: 'degraded', lastError: `${unread.length} of ${parts.length} addresses could not be read` }) as const

function unreadParts(parts: readonly string[], reads: readonly SnapshotRead[]): string[] {
  const read = new Set(reads.map(({ scope }) => (scope.of === 'partition' ? scope.partition : null)))
  return parts.filter((part) => !read.has(part))
}

const snapshotOf = ({ scope, coverage, sightings, alsoPresent, sameSession, venueTime }: SnapshotRead) => ({
  scope,
  coverage,
  sightings,
  alsoPresent,
  sameSession,
  venueTime,
})
