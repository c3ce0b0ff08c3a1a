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
/** A venue that asks for a longer wait than this is asked again all the same. */
export const LONGEST_ASKED_WAIT_MS = 60 * 60_000
/** A tick a little early counts: the queue's clock and ours need not agree to the millisecond. */
const TICK_SLACK = 0.1

/** What an account does. Each backs off by itself: a dead history must not slow the looks at what is open. */
export type Task = 'poll' | 'sweep' | 'lookup'

/** All instants are monotonic ms. */
export interface Pace {
  pollDue(now: number, relaxed: boolean): boolean
  sweepDue(now: number): boolean
  /** Whether questions about single orders may be asked; when each is due is the resolver's to say. */
  lookupDue(now: number): boolean
  polling(now: number): void
  sweeping(now: number): void
  wantPoll(): void
  wantSweep(): void
  /** Ms until the wanted look may begin; null where none is wanted, or only a poll that is not possible now. */
  waitMs(now: number, canPoll: boolean): number | null
  succeeded(task: Task): void
  /** A look that failed stays wanted. `error` is null where the venue did its part. */
  failed(task: Task, now: number, error: VenueError | null, chance: Chance): void
  /**
   * Forgets the waits after failures: the configuration was read again, or the stream came back. A wait that the venue
   * asked for stays, because breaking a limit only makes it longer.
   */
  forgive(): void
}

export function createPace({ pollEveryMs, pollWhileStreamingMs, historyEveryMs }: SyncSettings): Pace {
  const soonest = Math.min(SOONEST_LOOK_MS, pollEveryMs)
  const poll = createTrack(soonest)
  const sweep = createTrack(soonest)
  const lookup = createTrack(soonest)
  const tracks: Record<Task, Track> = { poll, sweep, lookup }
  let refusedUntil = Number.NEGATIVE_INFINITY
  let limitedUntil = Number.NEGATIVE_INFINITY
  const restUntil = () => Math.max(refusedUntil, limitedUntil)
  const isDue = (track: Track, now: number, everyMs: number) => {
    if (now < restUntil() || now < track.notBefore) return false
    return track.wanted ? now >= track.wantedAt() : now - track.begunAt >= everyMs
  }
  return {
    pollDue: (now, relaxed) =>
      isDue(poll, now, (relaxed ? pollWhileStreamingMs : pollEveryMs) - pollEveryMs * TICK_SLACK),
    sweepDue: (now) => isDue(sweep, now, historyEveryMs),
    lookupDue: (now) => now >= restUntil() && now >= lookup.notBefore,
    polling: (now) => poll.begin(now),
    sweeping: (now) => sweep.begin(now),
    wantPoll() {
      poll.wanted = true
    },
    wantSweep() {
      sweep.wanted = true
    },
    waitMs(now, canPoll) {
      const times = [...(poll.wanted && canPoll ? [poll] : []), ...(sweep.wanted ? [sweep] : [])].map((t) =>
        t.wantedAt(),
      )
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - now, restUntil() - now)
    },
    succeeded: (task) => tracks[task].forgive(),
    failed(task, now, error, chance) {
      const track = tracks[task]
      track.wanted = true
      track.failures += 1
      if (error?.failure === 'refused') refusedUntil = now + REFUSED_MS + chance() * REFUSED_SPREAD_MS
      else if (error?.failure === 'limited')
        limitedUntil = Math.max(limitedUntil, now + (askedWait(error) ?? LIMITED_MS))
      else {
        const ours = backoffMs(track.failures, chance, { baseMs: pollEveryMs, maxMs: LONGEST_RETRY_MS })
        track.notBefore = now + Math.max(ours, (error && askedWait(error)) ?? 0)
      }
    },
    forgive() {
      refusedUntil = Number.NEGATIVE_INFINITY
      for (const track of [poll, sweep, lookup]) track.forgive()
    },
  }
}

interface Track {
  begunAt: number
  notBefore: number
  failures: number
  wanted: boolean
  wantedAt(): number
  begin(now: number): void
  forgive(): void
}

const createTrack = (soonestMs: number): Track => ({
  begunAt: Number.NEGATIVE_INFINITY,
  notBefore: Number.NEGATIVE_INFINITY,
  failures: 0,
  wanted: false,
  wantedAt() {
    return Math.max(this.begunAt + soonestMs, this.notBefore)
  },
  begin(now) {
    this.begunAt = now
    this.wanted = false
  },
  forgive() {
    this.notBefore = Number.NEGATIVE_INFINITY
    this.failures = 0
  },
})

function askedWait({ retry }: VenueError): number | null {
  if (typeof retry !== 'object' || !(retry.afterMs >= 0)) return null
  return Math.min(retry.afterMs, LONGEST_ASKED_WAIT_MS)
}
