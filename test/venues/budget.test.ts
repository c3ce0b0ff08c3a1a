import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBudget, MAX_WAITING } from '../../src/venues/budget.ts'
import { createFakeClock, settle } from '../support/fake-clock.ts'

/** Takes every weight at once and says when each went, in ms from the start. */
async function departures(limits: { capacity: number; windowMs: number }[], share: number, weights: number[]) {
  const clock = createFakeClock({ monotonic: 0 })
  const budget = createBudget(limits, share, clock)
  const left: { order: number; weight: number; at: number }[] = []
  weights.forEach((weight, order) => {
    void budget.take(weight).then(() => left.push({ order, weight, at: clock.monotonic() }))
  })
  await clock.advance(10_000_000)
  expect(clock.armed()).toBe(0)
  return left
}

describe('a budget', () => {
  it('lets its share go at once and the rest as the window moves on', async () => {
    const left = await departures([{ capacity: 8, windowMs: 1_000 }], 0.25, [1, 1, 1, 1, 1])
    expect(left.map((request) => request.at)).toEqual([0, 0, 1_000, 1_000, 2_000])
  })

  it('keeps to all of several limits at once', async () => {
    const limits = [
      { capacity: 2, windowMs: 1_000 },
      { capacity: 3, windowMs: 60_000 },
    ]
    const left = await departures(limits, 1, [1, 1, 1, 1])
    expect(left.map((request) => request.at)).toEqual([0, 0, 1_000, 60_000])
  })

  it('lets what is heavier than the whole share go alone, and counts it in full', async () => {
    const left = await departures([{ capacity: 4, windowMs: 1_000 }], 0.5, [1, 5, 1])
    expect(left.map((request) => request.at)).toEqual([0, 1_000, 3_500])
  })

  it('never lets more than its share go in any window, and always in the order of asking', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0.1, 0.25, 1),
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 30 }),
        async (capacity, share, weights) => {
          const left = await departures([{ capacity, windowMs: 1_000 }], share, weights)
          expect(left.map((request) => request.order)).toEqual(weights.map((_, order) => order))
          for (const first of left) {
            const together = left.filter((other) => other.at >= first.at && other.at < first.at + 1_000)
            const weight = together.reduce((total, other) => total + other.weight, 0)
            expect(together.length === 1 || weight <= capacity * share + 1e-6).toBe(true)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('lets nothing go while the venue asked to wait, and does not shorten a longer wait', async () => {
    const clock = createFakeClock()
    const budget = createBudget([{ capacity: 10, windowMs: 1_000 }], 1, clock)
    budget.pause(5_000)
    budget.pause(1_000)
    let hasLeft = false
    void budget.take(1).then(() => {
      hasLeft = true
    })
    await clock.advance(4_999)
    expect([hasLeft, budget.free()]).toEqual([false, 0])
    await clock.advance(1)
    expect([hasLeft, budget.free()]).toEqual([true, 9])
  })

  it('gives up its place in the line when aborted, so that the next one goes', async () => {
    const clock = createFakeClock()
    const budget = createBudget([{ capacity: 2, windowMs: 1_000 }], 1, clock)
    await budget.take(1)
    const heavy = new AbortController()
    const refused = expect(budget.take(2, heavy.signal)).rejects.toThrow('not any more')
    let hasLeft = false
    const light = budget.take(1).then(() => {
      hasLeft = true
    })
    await settle()
    expect(hasLeft).toBe(false)
    heavy.abort(new Error('not any more'))
    await refused
    await light
    await expect(budget.take(1, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(clock.armed()).toBe(0)
  })

  it('is not deceived by a jump of the wall clock', async () => {
    const clock = createFakeClock()
    const budget = createBudget([{ capacity: 1, windowMs: 1_000 }], 1, clock)
    await budget.take(1)
    clock.jumpWall(86_400_000)
    expect(budget.free()).toBe(0)
  })

  it('refuses when the line is longer than anybody would wait', async () => {
    const clock = createFakeClock()
    const budget = createBudget([{ capacity: 1, windowMs: 1_000 }], 1, clock)
    await budget.take(1)
    const waiting = Array.from({ length: MAX_WAITING }, () => new AbortController())
    const line = waiting.map((waiter) => budget.take(1, waiter.signal).catch(() => undefined))
    await expect(budget.take(1)).rejects.toMatchObject({ failure: 'later' })
    for (const waiter of waiting) waiter.abort()
    await Promise.all(line)
    expect(clock.armed()).toBe(0)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a share of %s', (share) => {
    expect(() => createBudget([], share, createFakeClock())).toThrow(RangeError)
  })
})
