/** Owns the translation between rows and values: column by column, so that a forgotten one does not compile. */
import { type Decimal, ZERO } from '../core/decimal.ts'
import type { EventDraft, EventReason, EventType, OrderEvent } from '../core/event.ts'
import type {
  Details,
  EndReason,
  Evidence,
  Fill,
  Order,
  OrderFacts,
  OrderKind,
  OrderStatus,
  OrderType,
  PositionSide,
  Side,
  TimeInForce,
  VenueName,
} from '../core/order.ts'

/** A boolean as SQLite keeps it. */
type Flag = 0 | 1

/** The facts as columns. */
export interface FactColumns<Bool> {
  client_order_id: string | null
  parent_order_id: string | null
  symbol: string
  base: string | null
  quote: string | null
  side: Side | null
  position_side: PositionSide | null
  type: OrderType
  time_in_force: TimeInForce | null
  post_only: Bool | null
  reduce_only: Bool | null
  quantity: Decimal | null
  quote_quantity: Decimal | null
  price: Decimal | null
  trigger_price: Decimal | null
  filled_quantity: Decimal
  status: OrderStatus
  reason: EndReason | null
  evidence: Evidence
  opened_at: number | null
  closed_at: number | null
  replaces: string | null
  replaced_by: string | null
}

/** `data` of an event: the facts after it. */
export interface EventData extends FactColumns<boolean> {
  v: 1
}

export interface OrderRow extends FactColumns<Flag> {
  id: number
  account: string
  venue: VenueName
  kind: OrderKind
  venue_order_id: string
  version: number
  last_seq: number
  venue_status: string | null
  venue_updated_at: number | null
  first_seen_at: number
  missing_since: number | null
  average_fill_price: Decimal | null
  fee: Decimal | null
  fee_asset: string | null
  details: string
  venue_clock: Decimal | null
  partition: string | null
  ended: Flag
}

export interface EventRow {
  seq: number
  event_id: string
  type: EventType
  account: string
  venue: VenueName
  kind: OrderKind
  venue_order_id: string
  client_order_id: string | null
  symbol: string
  version: number
  side: Side | null
  venue_time: number | null
  recorded_at: number
  evidence: Evidence
  reason: EventReason | null
  fill_quantity: Decimal | null
  fill_price: Decimal | null
  filled_quantity: Decimal
  quantity: Decimal | null
  price: Decimal | null
  trigger_price: Decimal | null
  data: string
}

export interface FillRow {
  account: string
  venue_order_id: string
  trade_id: string
  quantity: Decimal
  price: Decimal | null
  fee: Decimal | null
  fee_asset: string | null
  venue_time: number | null
  kind: OrderKind
  reversed: Flag
  stated_quantity: Decimal
}

const flag = (value: boolean | null): Flag | null => (value === null ? null : value ? 1 : 0)
const bool = (value: Flag | null): boolean | null => (value === null ? null : value === 1)

/** Most orders have none, and parsing is what a large load spends its time on. */
const NO_DETAILS: Details = Object.freeze({})
const parseDetails = (text: string): Details => (text === '{}' ? NO_DETAILS : JSON.parse(text))

export function factsOf<Bool>(row: FactColumns<Bool>, read: (value: Bool | null) => boolean | null): OrderFacts {
  return {
    clientOrderId: row.client_order_id,
    parentOrderId: row.parent_order_id,
    symbol: row.symbol,
    base: row.base,
    quote: row.quote,
    side: row.side,
    positionSide: row.position_side,
    type: row.type,
    timeInForce: row.time_in_force,
    postOnly: read(row.post_only),
    reduceOnly: read(row.reduce_only),
    quantity: row.quantity,
    quoteQuantity: row.quote_quantity,
    price: row.price,
    triggerPrice: row.trigger_price,
    filledQuantity: row.filled_quantity,
    status: row.status,
    reason: row.reason,
    evidence: row.evidence,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
    replaces: row.replaces,
    replacedBy: row.replaced_by,
  }
}

function columnsOf<Bool>(facts: OrderFacts, write: (value: boolean | null) => Bool | null): FactColumns<Bool> {
  return {
    client_order_id: facts.clientOrderId,
    parent_order_id: facts.parentOrderId,
    symbol: facts.symbol,
    base: facts.base,
    quote: facts.quote,
    side: facts.side,
    position_side: facts.positionSide,
    type: facts.type,
    time_in_force: facts.timeInForce,
    post_only: write(facts.postOnly),
    reduce_only: write(facts.reduceOnly),
    quantity: facts.quantity,
    quote_quantity: facts.quoteQuantity,
    price: facts.price,
    trigger_price: facts.triggerPrice,
    filled_quantity: facts.filledQuantity,
    status: facts.status,
    reason: facts.reason,
    evidence: facts.evidence,
    opened_at: facts.openedAt,
    closed_at: facts.closedAt,
    replaces: facts.replaces,
    replaced_by: facts.replacedBy,
  }
}

export const eventData = (facts: OrderFacts): EventData => ({ v: 1, ...columnsOf(facts, (value) => value) })
export const factsOfData = (data: FactColumns<boolean>): OrderFacts => factsOf(data, (value) => value)

/** `ended` goes beyond what the order is: it says that only `corrected` may still be written. */
export type StoredOrder = Order & { ended: boolean }

export function orderOf(row: OrderRow): StoredOrder {
  return {
    account: row.account,
    venue: row.venue,
    kind: row.kind,
    venueOrderId: row.venue_order_id,
    facts: factsOf(row, bool),
    seen: {
      venueStatus: row.venue_status,
      venueUpdatedAt: row.venue_updated_at,
      firstSeenAt: row.first_seen_at,
      missingSince: row.missing_since,
      averageFillPrice: row.average_fill_price,
      fee: row.fee,
      feeAsset: row.fee_asset,
      details: parseDetails(row.details),
      venueClock: row.venue_clock,
      partition: row.partition,
    },
    version: row.version,
    lastSeq: row.last_seq,
    ended: row.ended === 1,
  }
}

export function orderRow(order: Order, lastSeq: number, ended: boolean): Omit<OrderRow, 'id'> {
  const { seen } = order
  return {
    account: order.account,
    venue: order.venue,
    kind: order.kind,
    venue_order_id: order.venueOrderId,
    ...columnsOf(order.facts, flag),
    version: order.version,
    last_seq: lastSeq,
    venue_status: seen.venueStatus,
    venue_updated_at: seen.venueUpdatedAt,
    first_seen_at: seen.firstSeenAt,
    missing_since: seen.missingSince,
    average_fill_price: seen.averageFillPrice,
    fee: seen.fee,
    fee_asset: seen.feeAsset,
    details: JSON.stringify(seen.details),
    venue_clock: seen.venueClock,
    partition: seen.partition,
    ended: ended ? 1 : 0,
  }
}

/** This order's n-th event, for ever. An id may hold slashes: account, kind and version hold none. */
export const eventIdOf = (account: string, event: Pick<EventDraft, 'kind' | 'venueOrderId' | 'version'>): string =>
  `${account}/${event.kind}/${event.venueOrderId}/${event.version}`

export function eventRow(event: OrderEvent, venue: VenueName): EventRow {
  const { facts } = event
  return {
    seq: event.seq,
    event_id: event.eventId,
    type: event.type,
    account: event.account,
    venue,
    kind: event.kind,
    venue_order_id: event.venueOrderId,
    client_order_id: facts.clientOrderId,
    symbol: facts.symbol,
    version: event.version,
    side: facts.side,
    venue_time: event.venueTime,
    recorded_at: event.recordedAt,
    evidence: event.evidence,
    reason: event.reason,
    fill_quantity: event.fillQuantity,
    fill_price: event.fillPrice,
    filled_quantity: facts.filledQuantity,
    quantity: facts.quantity,
    price: facts.price,
    trigger_price: facts.triggerPrice,
    data: JSON.stringify(eventData(facts)),
  }
}

export const fillOf = (row: FillRow): Fill => ({
  kind: row.kind,
  venueOrderId: row.venue_order_id,
  tradeId: row.trade_id,
  quantity: row.stated_quantity,
  price: row.price,
  fee: row.fee,
  feeAsset: row.fee_asset,
  venueTime: row.venue_time,
  reversed: row.reversed === 1,
})

/** A reversed fill counts nothing, and consumers sum the column. */
export const fillRow = (account: string, fill: Fill): FillRow => ({
  account,
  venue_order_id: fill.venueOrderId,
  trade_id: fill.tradeId,
  quantity: fill.reversed ? ZERO : fill.quantity,
  price: fill.price,
  fee: fill.fee,
  fee_asset: fill.feeAsset,
  venue_time: fill.venueTime,
  kind: fill.kind,
  reversed: fill.reversed ? 1 : 0,
  stated_quantity: fill.quantity,
})
