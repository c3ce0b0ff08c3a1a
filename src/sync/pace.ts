/** Owns when an account looks: how often, how soon after a doubt, and how slowly after a failure. */
import { backoffMs } from '../core/backoff.ts'
import type { Chance } from '../core/clock.ts'
import type { VenueError } from '../venues/errors.ts'
import type { SyncSettings } from './settings.ts'

/** A refused credential is tried again after this long, and at most this much more: every 5–15 minutes. */
const REFUSED_MS = 5 * 60_000
const REFUSED_SPREAD_MS = 10 * 60_000
/** However many doubts there are, two looks are at least this far apart. */
const SOONEST_LOOK_MS = 1_000
const LONGEST_RETRY_MS = 60_000
const LIMITED_MS = 5_000
/** A tick a little early counts: the queue's clock and ours need not agree to the millisecond. */
const TICK_SLACK = 0.1

/** All instants are monotonic ms. */
export interface Pace {
  pollDue(now: number, relaxed: boolean): boolean
  sweepDue(now: number): boolean
  resting(now: number): boolean
  polling(now: number): void
  sweeping(now: number): void
  wantPoll(): void
  wantSweep(): void
  /** Ms until the wanted look may begin; null where none is wanted, or only a poll that is not possible now. */
  waitMs(now: number, canPoll: boolean): number | null
  succeeded(): void
  failed(now: number, error: VenueError, chance: Chance): void
  /** Forgets every wait: the configuration was read again, or the stream came back. */
  forgive(): void
}

export function createPace({ pollEveryMs, pollWhileStreamingMs, historyEveryMs }: SyncSettings): Pace {
  const soonest = Math.min(SOONEST_LOOK_MS, pollEveryMs)
  let polledAt = Number.NEGATIVE_INFINITY
  let sweptAt = Number.NEGATIVE_INFINITY
  let pollWanted = false
  let sweepWanted = false
  let notBefore = Number.NEGATIVE_INFINITY
  let restUntil = Number.NEGATIVE_INFINITY
  let failures = 0
  const wantedPollAt = () => Math.max(polledAt + soonest, notBefore)
  const wantedSweepAt = () => Math.max(sweptAt + soonest, restUntil)
  return {
    pollDue(now, relaxed) {
      if (now < restUntil || now < notBefore) return false
      if (pollWanted) return now >= wantedPollAt()
      return now - polledAt >= (relaxed ? pollWhileStreamingMs : pollEveryMs) - pollEveryMs * TICK_SLACK
    },
    sweepDue: (now) => now >= restUntil && (sweepWanted ? now >= wantedSweepAt() : now - sweptAt >= historyEveryMs),
    resting: (now) => now < restUntil,
    polling(now) {
      polledAt = now
      pollWanted = false
    },
    sweeping(now) {
      sweptAt = now
      sweepWanted = false
    },
    wantPoll() {
      pollWanted = true
    },
    wantSweep() {
      sweepWanted = true
    },
    waitMs(now, canPoll) {
      const times = [...(pollWanted && canPoll ? [wantedPollAt()] : []), ...(sweepWanted ? [wantedSweepAt()] : [])]
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - now, restUntil - now)
    },
    succeeded() {
      failures = 0
    },
    failed(now, error, chance) {
      failures += 1
      if (error.failure === 'refused') restUntil = now + REFUSED_MS + chance() * REFUSED_SPREAD_MS
      else if (error.failure === 'limited') restUntil = now + (waitOf(error) ?? LIMITED_MS)
      else notBefore = now + backoffMs(failures, chance, { baseMs: pollEveryMs, maxMs: LONGEST_RETRY_MS })
    },
    forgive() {
      notBefore = Number.NEGATIVE_INFINITY
      restUntil = Number.NEGATIVE_INFINITY
      failures = 0
    },
  }
}

const waitOf = ({ retry }: VenueError): number | null => (typeof retry === 'object' ? retry.afterMs : null)
