/** Owns what is known of an account only while this process runs: its session, its touches, its missing orders. */
import type { OrderKey } from '../core/order.ts'
import type { Course, Outcome } from '../core/outcome.ts'
import type { Touch } from '../core/policy.ts'
import type { Mark } from '../core/report.ts'

export interface Book {
  readonly epoch: number
  readonly touches: ReadonlyMap<OrderKey, Touch>
  readonly courses: ReadonlyMap<OrderKey, Course>
  /** Notes a point in the stream before a request leaves. */
  mark(): Mark
  /** A new session: its counter begins anew, and no touch of the old one compares with it. */
  begin(epoch: number): void
  advance(counter: number): void
  touch(key: OrderKey, at: number): void
  /** Drops touches too old to protect anything. */
  forgetTouchesBefore(at: number): void
  /** Takes over the courses that a committed outcome left. */
  settle(outcome: Outcome): void
  /** Whether the read before of this scope was empty too. */
  wasEmpty(scope: string): boolean
  noteEmpty(scope: string, empty: boolean): void
  /** Since when this scope has been blind, monotonic ms; null where it is not. Any row it shows ends it. */
  blindSince(scope: string): number | null
  noteBlind(scope: string, at: number): void
}

export function createBook(): Book {
  let epoch = 0
  let counter = 0
  const touches = new Map<OrderKey, Touch>()
  const courses = new Map<OrderKey, Course>()
  const empty = new Set<string>()
  const blindSince = new Map<string, number>()
  return {
    get epoch() {
      return epoch
    },
    touches,
    courses,
    mark: () => ({ epoch, counter }),
    begin(next) {
      epoch = next
      counter = 0
      touches.clear()
    },
    advance(next) {
      counter = Math.max(counter, next)
    },
    touch(key, at) {
      touches.set(key, { counter, at })
    },
    forgetTouchesBefore(at) {
      for (const [key, touch] of touches) if (touch.at < at) touches.delete(key)
    },
    settle(outcome) {
      for (const [key, course] of outcome.courses) {
        if (course === null) courses.delete(key)
        else courses.set(key, course)
      }
    },
    wasEmpty: (scope) => empty.has(scope),
    noteEmpty(scope, isEmpty) {
      if (isEmpty) empty.add(scope)
      else {
        empty.delete(scope)
        blindSince.delete(scope)
      }
    },
    blindSince: (scope) => blindSince.get(scope) ?? null,
    noteBlind(scope, at) {
      if (!blindSince.has(scope)) blindSince.set(scope, at)
    },
  }
}
