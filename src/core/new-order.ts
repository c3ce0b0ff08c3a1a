/** Owns an order as its first message shows it, before anything happened to it. */
import { ZERO } from './decimal.ts'
import type { Order } from './order.ts'
import type { Context } from './policy.ts'
import type { Sighting } from './report.ts'

export function newOrder(sighting: Sighting, context: Context): Order {
  const { kind, venueOrderId, stated, partition } = sighting
  return {
    kind,
    venueOrderId,
    account: context.account,
    venue: context.venue,
    version: 0,
    lastSeq: 0,
    ended: false,
    facts: {
      clientOrderId: stated.clientOrderId ?? null,
      parentOrderId: stated.parentOrderId ?? null,
      symbol: stated.symbol,
      base: stated.base ?? null,
      quote: stated.quote ?? null,
      side: stated.side ?? null,
      positionSide: stated.positionSide ?? null,
      type: stated.type ?? 'other',
      timeInForce: stated.timeInForce ?? null,
      postOnly: stated.postOnly ?? null,
      reduceOnly: stated.reduceOnly ?? null,
      quantity: stated.quantity ?? sighting.estimatedQuantity ?? null,
      quoteQuantity: stated.quoteQuantity ?? null,
      price: stated.price ?? null,
      triggerPrice: stated.triggerPrice ?? null,
      filledQuantity: ZERO,
      status: 'open',
      reason: null,
      evidence: 'inferred',
      openedAt: stated.openedAt ?? null,
      closedAt: null,
      replaces: stated.replaces ?? null,
      replacedBy: null,
    },
    seen: {
      venueStatus: null,
      venueUpdatedAt: null,
      firstSeenAt: context.wall,
      missingSince: null,
      averageFillPrice: null,
      fee: null,
      feeAsset: null,
      details: {},
      venueClock: null,
      partition,
    },
  }
}
