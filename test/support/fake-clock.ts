/** Owns a clock that stands still until a test moves it: timers fire in order, and what they start runs before the next. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock.ts'

export interface FakeClock extends Clock {
  /** Moves wall and monotonic time on, firing due timers in order of their time, then of their creation. */
  advance(ms: number): Promise<void>
  /** Moves the wall alone, as an administrator or NTP would: no timer may notice. */
  jumpWall(ms: number): void
  /** Timers that are still armed: zero after everything was disposed. */
  armed(): number
}

interface Timer {
  at: number
  order: number
  run: () => void
}

/** Timers that set themselves again without waiting would keep the clock where it is for ever. */
const BUSY_LOOP = 20_000

/** `wall` and `monotonic` are where the two times begin, ms. */
export function createFakeClock(start: { wall?: number; monotonic?: number } = {}): FakeClock {
  let wall = start.wall ?? Date.UTC(2026, 0, 1)
  let monotonic = start.monotonic ?? 1_000
  let created = 0
  const timers = new Set<Timer>()

  const moveTo = (instant: number) => {
    wall += instant - monotonic
    monotonic = instant
  }
  const nextDue = (until: number): Timer | null => {
    let next: Timer | null = null
    for (const timer of timers) {
      if (timer.at > until) continue
      if (next === null || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer
    }
    return next
  }

  return {
    // Whole milliseconds, as the real one.
    wall: () => Math.trunc(wall),
    monotonic: () => monotonic,
    after(ms, run) {
      const timer = { at: monotonic + Math.max(0, ms), order: created++, run }
      timers.add(timer)
      return { [Symbol.dispose]: () => void timers.delete(timer) }
    },
    async advance(ms) {
      const until = monotonic + ms
      await settle()
      let atOnce = 0
      for (let due = nextDue(until); due !== null; due = nextDue(until)) {
        timers.delete(due)
        atOnce = due.at === monotonic ? atOnce + 1 : 0
        if (atOnce > BUSY_LOOP) throw new Error(`${BUSY_LOOP} timers at one instant: something spins`)
        moveTo(due.at)
        due.run()
        await settle()
      }
      moveTo(until)
    },
    jumpWall(ms) {
      wall += ms
    },
    armed: () => timers.size,
  }
}

/** Lets everything that is ready run to its next wait, microtasks and immediates alike. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await nextTurn()
}
