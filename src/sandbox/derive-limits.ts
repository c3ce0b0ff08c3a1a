/** Owns how Derive counts requests: by points of a window that opens with the first and is not refilled before its end. */
import type { Clock } from '../core/clock.ts'
import type { Knobs } from './knobs.ts'

export interface DeriveLimits {
  /** Whether one more request of this caller (a wallet, or the address of all that is public) is allowed. */
  take(caller: string): boolean
  /** An element of `public/getRateLimits`. */
  report(caller: string): Readonly<Record<string, unknown>>
}

const WINDOW_MS = 5_000

/** https://docs.derive.xyz/rate-limits */
export function createDeriveLimits({ clock, knobs }: { clock: Clock; knobs: Knobs }): DeriveLimits {
  const windows = new Map<string, { opened: number; used: number }>()
  const windowOf = (caller: string) => {
    const now = clock.monotonic()
    const last = windows.get(caller)
    if (last !== undefined && now - last.opened < WINDOW_MS) return last
    const next = { opened: now, used: 0 }
    windows.set(caller, next)
    return next
  }
  return {
    take(caller) {
      const window = windowOf(caller)
      window.used += 1
      return window.used <= knobs.deriveRequests
    },
    report(caller) {
      const { opened, used } = windowOf(caller)
      return {
        consumedPoints: used,
        isFirstInDuration: used <= 1,
        msBeforeNext: used < knobs.deriveRequests ? 0 : Math.ceil(opened + WINDOW_MS - clock.monotonic()),
        remainingPoints: Math.max(0, knobs.deriveRequests - used),
      }
    },
  }
}
