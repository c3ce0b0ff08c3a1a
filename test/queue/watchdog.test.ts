import { describe, expect, test } from 'vitest'
import type { PollAccount } from '../../src/queue/jobs.ts'
import { periodMs, startWatchdog } from '../../src/queue/watchdog.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { account, recordLog } from './harness.ts'

/** A queue that ticks or does not, as told; every poll is noted with its time. */
function watch(clock: FakeClock, accounts: PollAccount[]) {
  const ticks = new Map<string, number>()
  const polled: { account: string; at: number }[] = []
  const begun = clock.monotonic()
  const seen = { aligned: 0, align: async () => {} }
  const { log, messages } = recordLog()
  const attemptedAt = (id: string) => polled.findLast((poll) => poll.account === id)?.at ?? null
  const watchdog = startWatchdog({
    clock,
    log,
    accounts: () => accounts,
    align: () => {
      seen.aligned++
      return seen.align()
    },
    poll: (id) => void polled.push({ account: id, at: clock.monotonic() }),
    tickedAt: (id) => ticks.get(id) ?? null,
    attemptedAt,
    lastPollAt: attemptedAt,
  })
  const tick = (id: string) => {
    ticks.set(id, clock.monotonic())
    polled.push({ account: id, at: clock.monotonic() })
  }
  return { watchdog, polled, tick, seen, messages, times: () => polled.map((poll) => poll.at - begun) }
}

describe('the watchdog', () => {
  test('polls an account nobody has tried at once', () => {
    const { polled } = watch(createFakeClock(), [account('a', 10_000)])
    expect(polled.map((poll) => poll.account)).toEqual(['a'])
  })

  test('leaves an account alone while its jobs come', async () => {
    const clock = createFakeClock()
    const { tick, polled } = watch(clock, [account('a', 1_000)])
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000)
      tick('a')
    }
    expect(polled).toHaveLength(61)
  })

  test('takes over after three intervals of silence and then keeps the pace', async () => {
    const clock = createFakeClock()
    const { times } = watch(clock, [account('a', 1_000)])
    await clock.advance(10_000)
    expect(times()).toEqual([0, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000])
  })

  test('hands back as soon as a job comes, and says both once', async () => {
    const clock = createFakeClock()
    const { tick, times, messages } = watch(clock, [account('a', 1_000)])
    await clock.advance(5_000)
    tick('a')
    await clock.advance(3_000)
    expect(times()).toEqual([0, 4_000, 5_000, 5_000])
    expect(messages.filter((line) => line.includes('brings'))).toHaveLength(2)
  })

  test('asks for the schedules one at a time, however long the engine hangs', async () => {
    const clock = createFakeClock()
    const { seen } = watch(clock, [account('a', 1_000)])
    await clock.advance(1_000)
    let answer = () => {}
    seen.align = () => new Promise<void>((resolve) => (answer = resolve))
    const before = seen.aligned
    await clock.advance(10_000)
    expect(seen.aligned).toBe(before + 1)
    answer()
    await clock.advance(1_000)
    expect(seen.aligned).toBe(before + 2)
  })

  test('says once why the schedules cannot be checked', async () => {
    const clock = createFakeClock()
    const { seen, messages } = watch(clock, [account('a', 1_000)])
    seen.align = () => Promise.reject(new Error('OOM command not allowed'))
    await clock.advance(10_000)
    expect(messages.filter((line) => line.includes('OOM'))).toHaveLength(1)
  })

  test('leaves no timer behind', async () => {
    const clock = createFakeClock()
    const { watchdog } = watch(clock, [account('a', 1_000)])
    await clock.advance(2_500)
    watchdog[Symbol.dispose]()
    expect(clock.armed()).toBe(0)
    watchdog.look()
    expect(clock.armed()).toBe(0)
  })

  test('looks as often as the shortest interval, within its bounds', () => {
    expect(periodMs([account('a', 2_000), account('b', 700)])).toBe(700)
    expect(periodMs([account('a', 100)])).toBe(500)
    expect(periodMs([account('a', 60_000)])).toBe(10_000)
    expect(periodMs([])).toBe(10_000)
  })
})
