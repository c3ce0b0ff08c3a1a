/** Builds orders, sightings and reports for tests, with one sentence's worth of what matters and defaults for the rest. */
import { type Decimal, decimal } from '../../src/core/decimal.ts'
import { newOrder } from '../../src/core/new-order.ts'
import { type Fill, type Order, type OrderFacts, type OrderRef, orderKey } from '../../src/core/order.ts'
import type { Outcome, Stored } from '../../src/core/outcome.ts'
import type { Context } from '../../src/core/policy.ts'
import type {
  Claim,
  FrameReport,
  HistoryReport,
  LookupAnswer,
  Report,
  Sighting,
  SnapshotReport,
} from '../../src/core/report.ts'

export const T0 = 1_760_000_000_000

export const aContext = (over: Partial<Context> = {}): Context => ({
  account: 'main',
  venue: 'qfex',
  policy: {
    confirmations: 2,
    graceMs: 30_000,
    settleMs: 2_000,
    longestHealthyGapMs: 180_000,
    giveUpAfterMs: 604_800_000,
  },
  trackedSince: T0 - 86_400_000,
  sweptThrough: null,
  firstSync: false,
  wall: T0,
  monotonic: 1_000_000,
  requestedAt: 999_900,
  epoch: 1,
  touches: new Map(),
  courses: new Map(),
  canLookBack: true,
  canAsk: true,
  emptyBefore: false,
  emptyIsAmbiguous: false,
  blindSince: null,
  ...over,
})

export type SightingOver = Partial<Omit<Sighting, 'stated' | 'filled' | 'venueClock'>> & {
  id?: string
  stated?: Partial<Sighting['stated']>
  filled?: string | null
  clock?: number | null
}

export function aSighting({
  id = 'a',
  stated = {},
  filled = null,
  clock = null,
  ...over
}: SightingOver = {}): Sighting {
  return {
    kind: 'order',
    venueOrderId: id,
    partition: null,
    word: null,
    claim: { is: 'open' },
    filled: filled === null ? null : decimal(filled),
    venueClock: clock === null ? null : decimal(String(clock)),
    details: {},
    ...over,
    stated: {
      symbol: 'BTC-USD',
      side: 'buy',
      type: 'limit',
      quantity: decimal('10'),
      price: decimal('100'),
      ...stated,
    },
  }
}

export function anOrder(
  facts: Partial<OrderFacts> = {},
  over: Partial<Order> & { id?: string; clock?: number } = {},
): Order {
  const { id = 'a', clock, ...rest } = over
  const order = newOrder(aSighting({ id }), aContext())
  return {
    ...order,
    version: 1,
    lastSeq: 1,
    ended: facts.status === 'filled' || facts.status === 'cancelled',
    ...rest,
    facts: { ...order.facts, evidence: 'stream', ...facts },
    seen: { ...order.seen, ...rest.seen, ...(clock === undefined ? {} : { venueClock: decimal(String(clock)) }) },
  }
}

export const aFill = (quantity: string, over: Partial<Omit<Fill, 'quantity'>> & { id?: string } = {}): Fill => {
  const { id = 'a', ...rest } = over
  return {
    kind: 'order',
    venueOrderId: id,
    tradeId: `t-${quantity}`,
    price: decimal('100'),
    fee: null,
    feeAsset: null,
    venueTime: T0,
    reversed: false,
    ...rest,
    quantity: decimal(quantity),
  }
}

const MARK = { epoch: 1, counter: 5 }

export const aSnapshot = (sightings: Sighting[], over: Partial<SnapshotReport> = {}): SnapshotReport => ({
  source: 'snapshot',
  scope: { of: 'account', kinds: ['order', 'algo', 'trigger'] },
  coverage: { proves: 'absence' },
  sightings,
  alsoPresent: [],
  sameSession: false,
  venueTime: T0,
  mark: MARK,
  ...over,
})

export const aFrame = (sightings: Sighting[], fills: Fill[] = []): FrameReport => ({
  source: 'stream',
  sightings,
  fills,
  mark: MARK,
})

export const aHistory = (sightings: Sighting[], fills: Fill[] = [], through: number | null = T0): HistoryReport => ({
  source: 'history',
  sightings,
  fills,
  through,
})

export const aLookup = (
  answer: LookupAnswer | Sighting,
  asked: OrderRef = { kind: 'order', venueOrderId: 'a' },
): Report => ({
  source: 'lookup',
  asked,
  answer: 'is' in answer ? answer : { is: 'found', sighting: answer, fills: [] },
  mark: MARK,
})

/** The same sighting as any source would bring it. */
export function bySource(source: Report['source'], sighting: Sighting): Report {
  if (source === 'snapshot') return aSnapshot([sighting])
  if (source === 'stream') return aFrame([sighting])
  return source === 'lookup' ? aLookup(sighting) : aHistory([sighting])
}

export const storing = (orders: Order[], fills: Fill[] = []): Stored => {
  const byOrder = new Map<ReturnType<typeof orderKey>, Fill[]>()
  for (const fill of fills) byOrder.set(orderKey(fill), [...(byOrder.get(orderKey(fill)) ?? []), fill])
  return { orders: new Map(orders.map((order) => [orderKey(order), order])), fills: byOrder }
}

export const ENDED = (is: 'filled' | 'cancelled', at: number | null = T0): Claim =>
  is === 'filled' ? { is, at } : { is, reason: 'user', at }

/** An outcome in a line: `opened, partially_filled +3@100, cancelled/user ?lookup a`. */
export function tell({ events, probes }: Outcome): string {
  const said = events.map(({ type, reason, fillQuantity, fillPrice, venueOrderId }) => {
    const who = venueOrderId === 'a' ? '' : ` ${venueOrderId}`
    const why = reason === null ? '' : `/${reason}`
    const fill =
      fillQuantity === null || fillQuantity === '0' ? '' : ` ${sign(fillQuantity)}${fillPrice ? `@${fillPrice}` : ''}`
    return `${type}${why}${fill}${who}`
  })
  const asked = [...new Set(probes.map((probe) => `?${probe.ask}`))]
  return [said.join(', ') || '-', ...asked].join(' ')
}

const sign = (quantity: Decimal) => (quantity.startsWith('-') ? quantity : `+${quantity}`)
