/** Owns whether a read may speak about an order that the stream speaks about too. */
import type { OrderKey } from './order.ts'
import type { Context } from './policy.ts'
import type { Mark } from './report.ts'

/**
 * `fresh`: nothing happened to the order around the read. `touched`: a frame came after the request left, or within
 * `settle` of the reply: the frame's state stays. `foreign`: the mark is of another session, whose counter compares with
 * nothing: the read may add orders, never override or miss one.
 */
export type Freshness = 'fresh' | 'touched' | 'foreign'

export function freshness(key: OrderKey, mark: Mark, context: Context): Freshness {
  if (mark.epoch !== context.epoch) return 'foreign'
  const touch = context.touches.get(key)
  if (touch === undefined) return 'fresh'
  const lagging = context.monotonic - touch.at <= context.policy.settleMs
  return touch.counter > mark.counter || lagging ? 'touched' : 'fresh'
}

/** The same for history, which carries no mark: it is older than every frame since it was asked, and lags like a list. */
export function isQuiet(key: OrderKey, { touches, requestedAt, policy }: Context): boolean {
  const touch = touches.get(key)
  return touch === undefined || touch.at < requestedAt - policy.settleMs
}
