/** Owns the rate budget of one credential: every kind of request takes from it, and a venue's own wait pauses it. */
import type { Clock } from '../core/clock.ts'
import { VenueError } from './errors.ts'

/** One limit a venue publishes, before our share is taken: `capacity` units, all of them back after `windowMs`. */
export interface RateLimit {
  capacity: number
  windowMs: number
}

export interface Budget {
  /** What it keeps to, our share already taken. */
  readonly limits: readonly RateLimit[]
  /** Resolves in turn when `weight` units are free; rejects with the signal's reason. */
  take(weight: number, signal?: AbortSignal): Promise<void>
  /** Nothing leaves for `ms`: the venue said so. */
  pause(ms: number): void
  /** Units free now, for metrics. */
  free(): number
}

/** Where a budget comes from: `create` makes one of this process alone, and `key` names the credential it counts. */
export type BudgetFor = (key: string, create: () => Budget) => Budget

/** A request beyond this many waiting is refused: a queue this long means that nothing leaves any more. */
export const MAX_WAITING = 1_000

/** A window is remembered in at most about this many steps, so that memory does not grow with a venue's generosity. */
const STEPS_PER_WINDOW = 1_024

/**
 * A budget under all `limits` at once, first come first served. In any window no more than `share` of a capacity
 * leaves; what weighs more than that waits until nothing counts any more, goes, and counts for as many windows as it
 * filled.
 *
 * @param share the part of each limit that is ours, over 0 and up to 1
 */
export function createBudget(limits: readonly RateLimit[], share: number, clock: Clock): Budget {
  if (!(share > 0 && share <= 1)) throw new RangeError(`a share lies over 0 and up to 1, not at ${share}`)
  const ours = limits.map(({ capacity, windowMs }) => ({ capacity: capacity * share, windowMs }))
  const windows = ours.map(({ capacity, windowMs }) => createWindow(capacity, windowMs))
  const waiting: Waiter[] = []
  let pausedUntil = Number.NEGATIVE_INFINITY
  let timer: Disposable | null = null

  const waitFor = (weight: number, now: number) =>
    windows.reduce((wait, window) => Math.max(wait, window.waitFor(weight, now)), Math.max(0, pausedUntil - now))

  const release = () => {
    timer?.[Symbol.dispose]()
    timer = null
    for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
      const now = clock.monotonic()
      const wait = waitFor(head.weight, now)
      if (wait > 0) {
        timer = clock.after(wait, release)
        return
      }
      waiting.shift()
      for (const window of windows) window.add(head.weight, now)
      head.go()
    }
  }

  return {
    limits: ours,
    take(weight, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        if (waiting.length >= MAX_WAITING) {
          return reject(new VenueError('later', `more than ${MAX_WAITING} requests wait for their turn`))
        }
        const leave = () => {
          waiting.splice(waiting.indexOf(waiter), 1)
          reject(signal?.reason)
          release()
        }
        const go = () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        }
        const waiter = { weight, go }
        signal?.addEventListener('abort', leave, { once: true })
        waiting.push(waiter)
        if (waiting.length === 1) release()
      })
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.monotonic() + ms)
      release()
    },
    free() {
      const now = clock.monotonic()
      if (pausedUntil > now) return 0
      return windows.reduce((free, window) => Math.min(free, window.free(now)), Number.POSITIVE_INFINITY)
    },
  }
}

interface Waiter {
  weight: number
  go: () => void
}

/** One limit: what left within the window before now, oldest first. */
function createWindow(capacity: number, windowMs: number) {
  const spent: { until: number; made: number; weight: number }[] = []
  let used = 0

  const forget = (now: number) => {
    while (spent[0] !== undefined && spent[0].until <= now) used -= spent.shift()?.weight ?? 0
    // Fractions of units leave binary dust behind; an empty window owes nothing.
    if (spent.length === 0) used = 0
  }

  return {
    free(now: number): number {
      forget(now)
      return Math.max(0, capacity - used)
    },
    waitFor(weight: number, now: number): number {
      forget(now)
      let over = used + Math.min(weight, capacity) - capacity
      for (const entry of spent) {
        if (over <= ROUNDING) return 0
        over -= entry.weight
        if (over <= ROUNDING) return entry.until - now
      }
      return 0
    },
    add(weight: number, now: number): void {
      if (weight <= 0) return
      used += weight
      const until = now + windowMs * Math.max(1, weight / capacity)
      const last = spent.at(-1)
      if (last !== undefined && now - last.made < windowMs / STEPS_PER_WINDOW) {
        // Remembered as if all of it had left just now: a little late is within the limit, early would not be.
        last.weight += weight
        last.until = Math.max(last.until, until)
      } else {
        spent.push({ until, made: now, weight })
      }
    },
  }
}

const ROUNDING = 1e-9
