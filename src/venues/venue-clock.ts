/** Owns the venue's time: anchored to its replies, carried on by the monotonic clock, so that our wall clock may jump. */
import type { Clock } from '../core/clock.ts'

/** An anchor further than this from our wall clock and from the anchor before is a broken header, not a clock. */
const IMPLAUSIBLE_MS = 366 * 86_400_000

export interface VenueClock {
  /** Takes a time the venue stated in a reply, ms. Implausible ones are ignored. */
  learn(venueTime: number): void
  /** The venue's time now, ms; null before the first reply. */
  now(): number | null
  /** The same for signing: our wall clock until the venue has said better. */
  signingTime(): number
}

export function createVenueClock(clock: Clock): VenueClock {
  let anchor: { venue: number; monotonic: number } | null = null
  const now = () => (anchor === null ? null : anchor.venue + (clock.monotonic() - anchor.monotonic))
  return {
    now,
    signingTime: () => Math.trunc(now() ?? clock.wall()),
    learn(venueTime) {
      if (!Number.isFinite(venueTime) || Math.abs(venueTime - clock.wall()) > IMPLAUSIBLE_MS) return
      anchor = { venue: venueTime, monotonic: clock.monotonic() }
    },
  }
}
