/** Owns the history watermark: everything that ended is read once more from a little before it up to now. */
import type { Clock } from '../core/clock.ts'
import type { Probe } from '../core/outcome.ts'
import type { LookContext, VenueAccount } from '../venues/venue.ts'
import type { Applier } from './applier.ts'

export interface SweepDeps {
  venue: VenueAccount
  applier: Applier
  clock: Clock
  overlapMs: number
  flushFrames: () => void
}

/**
 * Reads history from the watermark less the overlap to the venue's now, and moves the watermark if the read was complete.
 * Both ends are the venue's time, so that a jump of our clock neither skips nor repeats anything.
 */
export async function sweep(deps: SweepDeps, watermark: number, context: LookContext): Promise<Probe[]> {
  const { venue, applier, clock, overlapMs } = deps
  const requestedAt = clock.monotonic()
  const to = Math.trunc(venue.venueNow() ?? clock.wall())
  const from = Math.min(watermark - overlapMs, to)
  const read = await venue.lookBack({ from, to }, context)
  deps.flushFrames()
  const reached = Math.min(to, read.venueTime ?? to)
  const through = read.complete ? reached : null
  const { sightings, fills, quarantined } = read
  const patch = through === null || through <= watermark ? {} : { historyThrough: through }
  return applier.apply([{ report: { source: 'history', sightings, fills, through }, requestedAt, quarantined, patch }])
}
