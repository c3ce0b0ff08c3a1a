/** Owns how long to wait before trying again. */
import type { Chance } from './clock.ts'

export interface BackoffPolicy {
  /** The longest wait before the first retry, ms. */
  baseMs: number
  /** The longest wait of all, ms. */
  maxMs: number
}

/** Doubling more often changes nothing for any sensible policy and would end in Infinity. */
const MAX_DOUBLINGS = 40

/**
 * Exponential back-off with full jitter: uniform from 0 to `baseMs` doubled `attempt` times, never over `maxMs`.
 * It goes on for ever: a venue that is down for a week is still tried every `maxMs`.
 *
 * Follows "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param attempt failures in a row before this one, from 0
 */
export function backoffMs(attempt: number, chance: Chance, policy: BackoffPolicy): number {
  const doublings = Math.min(Math.max(0, attempt), MAX_DOUBLINGS)
  return chance() * Math.min(policy.maxMs, policy.baseMs * 2 ** doublings)
}
