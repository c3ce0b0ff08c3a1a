import { describe, expect, it } from 'vitest'
import { createVenueClock } from '../../src/venues/venue-clock.ts'
import { createFakeClock } from '../support/fake-clock.ts'

describe('a venue clock', () => {
  it('knows nothing before the first reply, and signs with our own time until then', () => {
    const clock = createFakeClock({ wall: 1_000_000 })
    const venueClock = createVenueClock(clock)
    expect([venueClock.now(), venueClock.signingTime()]).toEqual([null, 1_000_000])
  })

  it('goes on from the last reply by the monotonic clock, whatever the wall does', async () => {
    const clock = createFakeClock({ wall: 1_000_000 })
    const venueClock = createVenueClock(clock)
    venueClock.learn(1_090_000)
    clock.jumpWall(-500_000)
    await clock.advance(2_500.5)
    expect(venueClock.now()).toBe(1_092_500.5)
    expect(venueClock.signingTime()).toBe(1_092_500)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 0])('ignores %s, which is no time a venue could mean', (time) => {
    const venueClock = createVenueClock(createFakeClock({ wall: Date.UTC(2026, 0, 1) }))
    venueClock.learn(time)
    expect(venueClock.now()).toBeNull()
  })
})
