import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/core/backoff.ts'

const policy = { baseMs: 1_000, maxMs: 60_000 }

describe('backoffMs', () => {
  it('doubles its ceiling with every attempt until the longest wait', () => {
    const ceilings = [0, 1, 2, 5, 6, 7].map((attempt) => backoffMs(attempt, () => 1, policy))
    expect(ceilings).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
  })

  it('spreads over everything from nothing to the ceiling', () => {
    expect(backoffMs(3, () => 0, policy)).toBe(0)
    expect(backoffMs(3, () => 0.25, policy)).toBe(2_000)
  })

  it('stays finite and within its bounds however long it goes on', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.nat(10_000),
        (attempt, drawn, baseMs) => {
          const wait = backoffMs(attempt, () => drawn, { baseMs, maxMs: 60_000 })
          expect(wait).toBeGreaterThanOrEqual(0)
          expect(wait).toBeLessThanOrEqual(60_000)
        },
      ),
    )
    expect(backoffMs(Number.MAX_SAFE_INTEGER, () => 0.5, { baseMs: 0, maxMs: 60_000 })).toBe(0)
  })
})
