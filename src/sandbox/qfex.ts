/** Owns the QFEX server of the sandbox: its trade socket as documented, and as it is seen to differ from that. */

import type { MarketChange } from './book.ts'
import type { QfexAccount } from './credentials.ts'
import { createQfexAuth } from './qfex-auth.ts'
import { createQfexRest } from './qfex-rest.ts'
import { cancelledStopRow, fillRow, isStop, orderRow, stopRow, twapRow } from './qfex-rows.ts'
import { createConversation, type QfexDeps, type Session } from './qfex-socket.ts'
import { type Bucket, createBucket, type VenueServer } from './server.ts'
import type { View } from './views.ts'

export function createQfexServer(deps: QfexDeps): VenueServer {
  const { market, views, dice, clock } = deps
  const verify = createQfexAuth(deps)
  const buckets = new Map<string, Bucket>()
  const sessions = new Set<Session>()
  const rest = createQfexRest({ ...deps, verify })

  const pay = (user: QfexAccount, weight: number): number => {
    const bucket = buckets.get(user.publicKey) ?? createBucket(12_000, 60_000, clock)
    buckets.set(user.publicKey, bucket)
    return bucket.take(weight)
  }

  const announce = ({ order, state, trade }: MarketChange, session: Session, user: QfexAccount) => {
    const send = (channel: string, body: unknown) => {
      if (session.channels.has(channel)) session.peer.send(body, 'frames', user.id)
    }
    const view: View = { order, state, trades: order.trades }
    if (order.kind === 'algo') return send('order_responses', { twap_response: twapRow(view, user.userId) })
    if (isStop(order) && trade === null) send('stop_orders', { stop_order_response: stopRow(view, user.userId) })
    const row =
      isStop(order) && state.change === 'cancelled' ? cancelledStopRow(view, user.userId) : orderRow(view, user.userId)
    const frames: [string, unknown][] = isTold(order, state) ? [['order_responses', { order_response: row }]] : []
    if (trade !== null) frames.push(['fills', { fill_response: fillRow(order, state, trade, user.userId) }])
    // The two channels are not ordered against each other.
    if (dice.happens(0.5)) frames.reverse()
    for (const [channel, body] of frames) send(channel, body)
    if (state.status === 'open' && session.channels.has('order_responses')) order.shownOpen = true
  }
  /** What ends without a frame: an order replaced by another, and half of the remainders of an IOC. */
  const isTold = (order: MarketChange['order'], state: MarketChange['state']): boolean => {
    if (state.change === 'late_fill' || state.reason === 'replaced') return false
    if (state.reason === 'ioc_remainder') return dice.happens(0.5)
    return state.change !== 'opened' || order.rests
  }
  market.watch((change) => {
    if (change.order.venue !== 'qfex' || deps.faults.hides(change.order.id, 'frames')) return
    for (const session of sessions) {
      if (session.user?.id === change.order.account) announce(change, session, session.user)
    }
  })

  return {
    venue: 'qfex',
    ...rest,
    takesSocketAt: () => true,
    converse: (peer) => {
      const session: Session = { peer, user: null, channels: new Set() }
      sessions.add(session)
      return createConversation(session, { deps, verify, pay, left: () => sessions.delete(session), views })
    },
  }
}
