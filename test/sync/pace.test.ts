import { describe, expect, test } from 'vitest'
import { createPace, LONGEST_ASKED_WAIT_MS } from '../../src/sync/pace.ts'
import { VenueError, type VenueFailure } from '../../src/venues/errors.ts'
import { later, SETTINGS } from './world.ts'

const half = () => 0.5
const aPace = () => createPace(SETTINGS)
const limited = (afterMs: number) => new VenueError('limited', 'too many', { retry: { afterMs } })

describe('how often', () => {
  test('a new account looks at once, then every round, a tick a little early counts', () => {
    const pace = aPace()
    expect([pace.pollDue(0, false), pace.sweepDue(0)]).toEqual([true, true])
    pace.polling(0)
    expect([8_999, 9_000].map((now) => pace.pollDue(now, false))).toEqual([false, true])
    expect([58_999, 59_000].map((now) => pace.pollDue(now, true))).toEqual([false, true])
  })
  test('a doubt brings the look forward, but two looks keep their distance', () => {
    const pace = aPace()
    pace.polling(0)
    pace.wantPoll()
    expect([pace.waitMs(200, true), pace.pollDue(999, true), pace.pollDue(1_000, true)]).toEqual([800, false, true])
    pace.polling(1_000)
    expect(pace.waitMs(1_000, true)).toBeNull()
  })
  test('a look that is not possible now is not waited for', () => {
    const pace = aPace()
    pace.wantPoll()
    expect([pace.waitMs(0, false), pace.waitMs(0, true)]).toEqual([null, 0])
  })
})

describe('after a failure', () => {
  test('what failed stays wanted, and whatever it waits for is over when it is due', () => {
    for (const failure of ['refused', 'limited', 'later', 'skew', 'broken', 'misused'] satisfies VenueFailure[]) {
      for (const task of ['poll', 'sweep'] as const) {
        const pace = aPace()
        if (task === 'poll') pace.polling(0)
        else pace.sweeping(0)
        pace.failed(task, 100, new VenueError(failure, 'a test'), half)
        const due = task === 'poll' ? (now: number) => pace.pollDue(now, true) : pace.sweepDue
        const wait = pace.waitMs(100, true) ?? Number.NaN
        expect(wait).toBeGreaterThan(0)
        expect([due(100 + wait - 1), due(100 + wait)]).toEqual([false, true])
      }
    }
  })
  test('each task backs off by itself', () => {
    const pace = aPace()
    pace.failed('sweep', 0, later(), half)
    pace.failed('lookup', 0, null, half)
    expect([pace.pollDue(0, false), pace.sweepDue(0), pace.lookupDue(0)]).toEqual([true, false, false])
    pace.succeeded('poll')
    expect(pace.sweepDue(0)).toBe(false)
    pace.succeeded('sweep')
    expect(pace.sweepDue(0)).toBe(true)
  })
  test('it goes slower and slower, up to a minute', () => {
    const pace = aPace()
    const waits = Array.from({ length: 8 }, (_, n) => {
      pace.polling(n * 1e6)
      pace.failed('poll', n * 1e6, later(), half)
      return pace.waitMs(n * 1e6, true)
    })
    expect(waits).toEqual([10_000, 20_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000])
  })
  test('a wait the venue asks for is kept with any failure, within reason', () => {
    const wait = (error: VenueError) => {
      const pace = aPace()
      pace.failed('poll', 0, error, () => 0)
      return pace.waitMs(0, true)
    }
    expect(wait(limited(7_000))).toBe(7_000)
    expect(wait(new VenueError('later', 'maintenance', { retry: { afterMs: 30_000 } }))).toBe(30_000)
    expect(wait(limited(1e12))).toBe(LONGEST_ASKED_WAIT_MS)
    expect([wait(limited(Number.NaN)), wait(limited(-5)), wait(new VenueError('limited', 'x'))]).toEqual([
      5_000, 5_000, 5_000,
    ])
  })
  test('a shorter limit does not end a longer one', () => {
    const pace = aPace()
    pace.failed('sweep', 0, limited(60_000), half)
    pace.failed('lookup', 0, limited(1_000), half)
    expect([pace.pollDue(59_999, false), pace.pollDue(60_000, false)]).toEqual([false, true])
  })
  test('a refused account rests 5 to 15 minutes; forgiven it looks at once, but for the limits of the venue', () => {
    for (const [chance, ms] of [
      [0, 300_000],
      [0.999999, 899_999.4],
    ] as const) {
      const pace = aPace()
      pace.failed('poll', 0, new VenueError('refused', 'who'), () => chance)
      expect(pace.waitMs(0, true)).toBeCloseTo(ms, 0)
      pace.forgive()
      expect(pace.waitMs(0, true)).toBe(0)
      pace.failed('poll', 0, limited(9_000), half)
      pace.forgive()
      expect(pace.waitMs(0, true)).toBe(9_000)
    }
  })
})
