/** Owns the translation between a row of orders and an order: column by column, so that a forgotten one does not compile. */
import { getTableColumns } from 'drizzle-orm'
import type { Decimal } from '../core/decimal.ts'
import type {
  Details,
  EndReason,
  Evidence,
  Order,
  OrderKind,
  OrderStatus,
  OrderType,
  PositionSide,
  Side,
  TimeInForce,
  VenueName,
} from '../core/order.ts'
import { type FactColumns, factColumns } from './fact-columns.ts'
import { orders } from './schema.ts'

/** A boolean as SQLite keeps it. */
type Flag = 0 | 1

/** A row as it is written, by column names. */
export interface OrderRow extends FactColumns<Flag> {
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

const flag = (value: boolean | null): Flag | null => (value === null ? null : value ? 1 : 0)
const bool = (value: Flag | null): boolean | null => (value === null ? null : value === 1)

/** Most orders have none, and parsing is what a large load spends its time on. */
const NO_DETAILS: Details = Object.freeze({})
const parseDetails = (text: string): Details => (text === '{}' ? NO_DETAILS : JSON.parse(text))

/**
 * One row of {@link SELECT_ORDER}, in the order of the schema. An array, because building an object a row would triple the
 * cost of a large load.
 */
export type OrderTuple = [
  id: number,
  account: string,
  venue: VenueName,
  kind: OrderKind,
  venueOrderId: string,
  clientOrderId: string | null,
  parentOrderId: string | null,
  symbol: string,
  base: string | null,
  quote: string | null,
  side: Side | null,
  positionSide: PositionSide | null,
  type: OrderType,
  timeInForce: TimeInForce | null,
  postOnly: Flag | null,
  reduceOnly: Flag | null,
  quantity: Decimal | null,
  quoteQuantity: Decimal | null,
  price: Decimal | null,
  triggerPrice: Decimal | null,
  filledQuantity: Decimal,
  status: OrderStatus,
  reason: EndReason | null,
  evidence: Evidence,
  openedAt: number | null,
  closedAt: number | null,
  replaces: string | null,
  replacedBy: string | null,
  version: number,
  lastSeq: number,
  venueStatus: string | null,
  venueUpdatedAt: number | null,
  firstSeenAt: number,
  missingSince: number | null,
  averageFillPrice: Decimal | null,
  fee: Decimal | null,
  feeAsset: string | null,
  details: string,
  venueClock: Decimal | null,
  partition: string | null,
  ended: Flag,
]

/** For statements that call the table `o`. */
export const SELECT_ORDER = Object.values(getTableColumns(orders))
  .map((column) => `o.${column.name}`)
  .join(', ')

export function orderOf([
  _id,
  account,
  venue,
  kind,
  venueOrderId,
  clientOrderId,
  parentOrderId,
  symbol,
  base,
  quote,
  side,
  positionSide,
  type,
  timeInForce,
  postOnly,
  reduceOnly,
  quantity,
  quoteQuantity,
  price,
  triggerPrice,
  filledQuantity,
  status,
  reason,
  evidence,
  openedAt,
  closedAt,
  replaces,
  replacedBy,
  version,
  lastSeq,
  venueStatus,
  venueUpdatedAt,
  firstSeenAt,
  missingSince,
  averageFillPrice,
  fee,
  feeAsset,
  details,
  venueClock,
  partition,
  ended,
]: OrderTuple): Order {
  return {
    account,
    venue,
    kind,
    venueOrderId,
    facts: {
      clientOrderId,
      parentOrderId,
      symbol,
      base,
      quote,
      side,
      positionSide,
      type,
      timeInForce,
      postOnly: bool(postOnly),
      reduceOnly: bool(reduceOnly),
      quantity,
      quoteQuantity,
      price,
      triggerPrice,
      filledQuantity,
      status,
      reason,
      evidence,
      openedAt,
      closedAt,
      replaces,
      replacedBy,
    },
    seen: {
      venueStatus,
      venueUpdatedAt,
      firstSeenAt,
      missingSince,
      averageFillPrice,
      fee,
      feeAsset,
      details: parseDetails(details),
      venueClock,
      partition,
    },
    version,
    lastSeq,
    ended: ended === 1,
  }
}

export function orderRow(order: Order, lastSeq: number): OrderRow {
  const { seen } = order
  return {
    account: order.account,
    venue: order.venue,
    kind: order.kind,
    venue_order_id: order.venueOrderId,
    ...factColumns(order.facts, flag),
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
    ended: order.ended ? 1 : 0,
  }
}
