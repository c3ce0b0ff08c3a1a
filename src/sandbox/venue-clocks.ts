/** Owns the venues' time: it runs with the monotonic clock, so that our wall may jump and theirs does not. */
import type { Clock } from '../core/clock.ts'
import type { VenueName } from '../core/order.ts'
import type { Market } from './market.ts'
import { stateOf, type TrueOrder } from './truth.ts'

export interface VenueClocks {
  /** ms, fractions allowed. */
  now(venue: VenueName): number
  /** Sets a venue's clock ahead of (or behind) the world's by so much. */
  skew(venue: VenueName, ms: number): void
}

export function createVenueClocks(clock: Clock): VenueClocks {
  const start = clock.wall() - clock.monotonic()
  const skews = new Map<VenueName, number>()
  return {
    now: (venue) => start + clock.monotonic() + (skews.get(venue) ?? 0),
    skew: (venue, ms) => void skews.set(venue, ms),
  }
}

/** Ends orders whose time is over by the clock of their venue, those of an earlier run too. */
export function expireInTime(market: Market, clock: Clock, clocks: VenueClocks): void {
  const arm = (order: TrueOrder) => {
    if (order.expiresUs === null || order.endedUs !== null) return
    clock.after(Math.max(0, order.expiresUs / 1_000 - clocks.now(order.venue)), () => {
      if (stateOf(order).status === 'open') market.cancel(order, 'expired')
    })
  }
  for (const order of market.orders()) arm(order)
  market.watch(({ order, state }) => {
    if (state.change === 'opened') arm(order)
  })
}
