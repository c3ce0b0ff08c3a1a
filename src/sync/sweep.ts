/** Owns the history watermark: everything that ended is read once more from a little before it up to now. */
import type { Clock } from '../core/clock.ts'
import type { Probe } from '../core/outcome.ts'
import type { AccountPatch } from '../store/accounts.ts'
import type { LookContext, VenueAccount } from '../venues/venue.ts'
import type { Applier } from './applier.ts'

export interface SweepDeps {
  venue: Pick<VenueAccount, 'lookBack' | 'venueNow' | 'history'>
  applier: Applier
  clock: Clock
  overlapMs: number
  flushFrames: () => void
}

/** How far history was read, as stored: venue time in ms. */
export interface Swept {
  historyThrough: number | null
  trackedSince: number
}

export interface SweepResult {
  probes: Probe[]
  /** There is more between the end of this window and now. */
  more: boolean
}

export interface Sweeper {
  /**
   * Reads history from the watermark less the overlap, and moves the watermark if the read was complete. Both ends are the
   * venue's time, so that a jump of our clock neither skips nor repeats anything. Throws VenueError and StoreError.
   */
  sweep(swept: Swept, context: LookContext): Promise<SweepResult>
  /** The read took longer than it may: the next one asks for half of it, so that a long absence is caught up in pieces. */
  tookTooLong(): void
}

export function createSweeper(deps: SweepDeps): Sweeper {
  const { venue, applier, clock, overlapMs } = deps
  const startedAt = clock.monotonic()
  // Less than twice the overlap would hardly move, or not at all.
  const shortestMs = 2 * Math.max(overlapMs, 60_000)
  let longestMs = Number.POSITIVE_INFINITY
  let windowMs = 0
  return {
    async sweep({ historyThrough, trackedSince }, context) {
      const requestedAt = clock.monotonic()
      const venueNow = venue.venueNow()
      const now = Math.trunc(venueNow ?? clock.wall())
      const watermark = historyThrough ?? trackedSince
      // A watermark from the future was set by a wrong clock: at least the overlap is always read.
      const from = Math.min(watermark, now) - overlapMs
      // Only what proves endings moves the watermark: a piece of anything else would be read again and again.
      const to = venue.history ? Math.min(now, Math.trunc(from + longestMs)) : now
      windowMs = to - from
      const read = await venue.lookBack({ from, to }, context)
      context.signal.throwIfAborted()
      longestMs *= 2
      deps.flushFrames()
      const { sightings, fills, quarantined } = read
      const reached = read.complete ? Math.min(to, read.venueTime ?? venueTimeAt(requestedAt) ?? to) : null
      // Part of the way is no look at history for those that went missing since.
      const through = to === now ? reached : null
      const patch: AccountPatch = {
        ...(reached !== null && movesTo(reached, historyThrough, now) ? { historyThrough: reached } : {}),
        ...(venueNow !== null && historyThrough === null && trackedSince > now
          ? { trackedSince: now - Math.trunc(requestedAt - startedAt) }
          : {}),
      }
      const report = { source: 'history', sightings, fills, through } as const
      return {
        probes: applier.apply([{ report, requestedAt, quarantined, patch }]),
        more: to < now && reached !== null,
      }
    },
    tookTooLong() {
      longestMs = Math.max(shortestMs, windowMs / 2)
    },
  }

  /** What the venue's clock showed then, if it has shown anything since. */
  function venueTimeAt(instant: number): number | null {
    const now = venue.venueNow()
    return now === null ? null : Math.trunc(now - (clock.monotonic() - instant))
  }
}

/** Forward, or back to the present from a future that a wrong clock had invented. */
const movesTo = (reached: number, historyThrough: number | null, now: number): boolean =>
  historyThrough === null || reached > historyThrough || historyThrough > now
