import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/sync/applier.ts'
import { createSweeper, type Swept } from '../../src/sync/sweep.ts'
import type { HistoryRead, HistoryWindow, LookContext } from '../../src/venues/venue.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { later, someHistory, WALL } from './world.ts'

const MINUTE = 60_000
const OVERLAP = 10 * MINUTE

function aSweeper({ history = true }: { history?: boolean } = {}) {
  const clock = createFakeClock({ wall: WALL })
  const windows: HistoryWindow[] = []
  const deliveries: Delivery[] = []
  const cut = new AbortController()
  const context: LookContext = { session: null, symbols: [], open: [], signal: cut.signal }
  const script: { venueNow: () => number | null; lookBack: () => Promise<HistoryRead> } = {
    venueNow: () => clock.wall(),
    lookBack: async () => someHistory(),
  }
  const sweeper = createSweeper({
    venue: {
      history,
      venueNow: () => script.venueNow(),
      lookBack: (window) => {
        windows.push(window)
        return script.lookBack()
      },
    },
    applier: {
      apply(given) {
        deliveries.push(...given)
        return []
      },
    },
    clock,
    overlapMs: OVERLAP,
    flushFrames: () => {},
  })
  const sweep = async (swept: Partial<Swept> = {}) => {
    const result = await sweeper.sweep({ historyThrough: null, trackedSince: WALL, ...swept }, context)
    const { patch, report } = deliveries.at(-1) ?? {}
    const through = report?.source === 'history' ? report.through : undefined
    return { ...result, window: windows.at(-1), patch, through }
  }
  return { clock, script, sweeper, sweep, cut }
}

describe('the watermark', () => {
  test('moves to the now of the venue, from a little before where it was', async () => {
    const { sweep } = aSweeper()
    const { window, patch, through } = await sweep({ historyThrough: WALL - MINUTE })
    expect(window).toEqual({ from: WALL - MINUTE - OVERLAP, to: WALL })
    expect([patch, through]).toEqual([{ historyThrough: WALL }, WALL])
  })
  test('stays after a read that did not reach its end', async () => {
    const { sweep, script } = aSweeper()
    script.lookBack = async () => someHistory({ complete: false })
    const { patch, through } = await sweep({ historyThrough: WALL - MINUTE })
    expect([patch, through]).toEqual([{}, null])
  })
  test('stays where the read fails', async () => {
    const { sweep, script } = aSweeper()
    script.lookBack = async () => Promise.reject(later())
    await expect(sweep()).rejects.toThrow('down')
  })
  test('never goes beyond the time that the venue gave with the read', async () => {
    const { sweep, script } = aSweeper()
    script.lookBack = async () => someHistory({ venueTime: WALL - 5_000 })
    expect((await sweep({ historyThrough: WALL - MINUTE })).patch).toEqual({ historyThrough: WALL - 5_000 })
  })
  test('goes by the clock of the venue, even if that is known only from this very read', async () => {
    const { sweep, script, clock } = aSweeper()
    script.venueNow = () => null
    script.lookBack = async () => {
      await clock.advance(2_000)
      script.venueNow = () => WALL - 3_600_000 + 2_000
      return someHistory()
    }
    expect((await sweep({ historyThrough: WALL - 7_200_000 })).patch).toEqual({ historyThrough: WALL - 3_600_000 })
  })
  test('from a future that a wrong clock invented comes back to the present, and the overlap is read meanwhile', async () => {
    const { sweep } = aSweeper()
    const { window, patch } = await sweep({ historyThrough: WALL + 3_600_000 })
    expect(window).toEqual({ from: WALL - OVERLAP, to: WALL })
    expect(patch).toEqual({ historyThrough: WALL })
  })
  test('of an account added by a clock that was ahead: it is tracked from the now of the venue', async () => {
    const { sweep, clock } = aSweeper()
    await clock.advance(3_000)
    const { window, patch } = await sweep({ trackedSince: WALL + 3_600_000 })
    expect(window?.from).toBe(WALL + 3_000 - OVERLAP)
    expect(patch).toEqual({ historyThrough: WALL + 3_000, trackedSince: WALL })
  })
})

describe('a long absence', () => {
  const DAY = 24 * 60 * MINUTE
  test('is caught up in pieces where a whole read takes too long, and no piece counts as a look at what is missing', async () => {
    const { sweep, sweeper, script } = aSweeper()
    script.lookBack = async () => Promise.reject(later('cut'))
    await expect(sweep({ historyThrough: WALL - 10 * DAY })).rejects.toThrow()
    sweeper.tookTooLong()
    script.lookBack = async () => someHistory()
    const piece = await sweep({ historyThrough: WALL - 10 * DAY })
    const half = (10 * DAY + OVERLAP) / 2
    expect(piece.window).toEqual({ from: WALL - 10 * DAY - OVERLAP, to: WALL - 10 * DAY - OVERLAP + half })
    expect([piece.patch, piece.through, piece.more]).toEqual([{ historyThrough: piece.window?.to }, null, true])
    const rest = await sweep({ historyThrough: piece.window?.to ?? 0 })
    expect([rest.window?.to, rest.through, rest.more]).toEqual([WALL, WALL, false])
  })
  test('a piece is never so short that it does not move', async () => {
    const { sweep, sweeper } = aSweeper()
    await sweep({ historyThrough: WALL - DAY })
    for (let n = 0; n < 30; n++) sweeper.tookTooLong()
    for (let n = 0; n < 30; n++) {
      const { window, patch } = await sweep({ historyThrough: WALL - DAY })
      expect(patch?.historyThrough).toBeGreaterThan(WALL - DAY)
      expect(window?.to).toBeGreaterThan(WALL - DAY)
      sweeper.tookTooLong()
    }
  })
  test('what proves nothing is always read up to now', async () => {
    const { sweep, sweeper } = aSweeper({ history: false })
    await sweep({ trackedSince: WALL - 10 * DAY })
    sweeper.tookTooLong()
    expect((await sweep({ trackedSince: WALL - 10 * DAY })).window?.to).toBe(WALL)
  })
})

test('a read that was cut off is not applied when it comes', async () => {
  const { sweep, script, cut } = aSweeper()
  script.lookBack = async () => {
    cut.abort(later('cut'))
    return someHistory()
  }
  await expect(sweep()).rejects.toThrow('cut')
})
