/** Owns the objects consumers get: the public columns by their own names, flags as booleans, JSON parsed. */
import type { Details } from '../core/order.ts'
import type { EventData } from './event-row.ts'
import { fills, observations, openOrders, orderEvents, orders, quarantine } from './schema.ts'

const SHARED_FIELDS = {
  account: orders.account,
  venue: orders.venue,
  kind: orders.kind,
  venue_order_id: orders.venueOrderId,
  client_order_id: orders.clientOrderId,
  parent_order_id: orders.parentOrderId,
  symbol: orders.symbol,
  base: orders.base,
  quote: orders.quote,
  side: orders.side,
  position_side: orders.positionSide,
  type: orders.type,
  time_in_force: orders.timeInForce,
  post_only: orders.postOnly,
  reduce_only: orders.reduceOnly,
  quantity: orders.quantity,
  quote_quantity: orders.quoteQuantity,
  price: orders.price,
  trigger_price: orders.triggerPrice,
  filled_quantity: orders.filledQuantity,
  status: orders.status,
  reason: orders.reason,
  evidence: orders.evidence,
  opened_at: orders.openedAt,
  closed_at: orders.closedAt,
  replaces: orders.replaces,
  replaced_by: orders.replacedBy,
  version: orders.version,
  last_seq: orders.lastSeq,
  venue_status: orders.venueStatus,
  venue_updated_at: orders.venueUpdatedAt,
  first_seen_at: orders.firstSeenAt,
  missing_since: orders.missingSince,
  average_fill_price: orders.averageFillPrice,
  fee: orders.fee,
  fee_asset: orders.feeAsset,
}

export const ORDER_FIELDS = { id: orders.id, details: orders.details, ...SHARED_FIELDS }

export const OPEN_ORDER_FIELDS = {
  account: openOrders.account,
  venue: openOrders.venue,
  kind: openOrders.kind,
  venue_order_id: openOrders.venueOrderId,
  client_order_id: openOrders.clientOrderId,
  parent_order_id: openOrders.parentOrderId,
  symbol: openOrders.symbol,
  base: openOrders.base,
  quote: openOrders.quote,
  side: openOrders.side,
  position_side: openOrders.positionSide,
  type: openOrders.type,
  time_in_force: openOrders.timeInForce,
  post_only: openOrders.postOnly,
  reduce_only: openOrders.reduceOnly,
  quantity: openOrders.quantity,
  quote_quantity: openOrders.quoteQuantity,
  price: openOrders.price,
  trigger_price: openOrders.triggerPrice,
  filled_quantity: openOrders.filledQuantity,
  evidence: openOrders.evidence,
  opened_at: openOrders.openedAt,
  replaces: openOrders.replaces,
  first_seen_at: openOrders.firstSeenAt,
  missing_since: openOrders.missingSince,
  version: openOrders.version,
  last_seq: openOrders.lastSeq,
  as_of: openOrders.asOf,
}

export const EVENT_FIELDS = {
  seq: orderEvents.seq,
  event_id: orderEvents.eventId,
  type: orderEvents.type,
  account: orderEvents.account,
  venue: orderEvents.venue,
  kind: orderEvents.kind,
  venue_order_id: orderEvents.venueOrderId,
  client_order_id: orderEvents.clientOrderId,
  symbol: orderEvents.symbol,
  version: orderEvents.version,
  side: orderEvents.side,
  venue_time: orderEvents.venueTime,
  recorded_at: orderEvents.recordedAt,
  evidence: orderEvents.evidence,
  reason: orderEvents.reason,
  fill_quantity: orderEvents.fillQuantity,
  fill_price: orderEvents.fillPrice,
  filled_quantity: orderEvents.filledQuantity,
  quantity: orderEvents.quantity,
  price: orderEvents.price,
  trigger_price: orderEvents.triggerPrice,
  data: orderEvents.data,
}

export const FILL_FIELDS = {
  account: fills.account,
  venue_order_id: fills.venueOrderId,
  trade_id: fills.tradeId,
  quantity: fills.quantity,
  price: fills.price,
  fee: fills.fee,
  fee_asset: fills.feeAsset,
  venue_time: fills.venueTime,
}

export const OBSERVATION_FIELDS = {
  at: observations.at,
  source: observations.source,
  effect: observations.effect,
  why: observations.why,
  said: observations.said,
}

export const QUARANTINE_FIELDS = {
  place: quarantine.place,
  problem: quarantine.problem,
  sample: quarantine.sample,
  first_at: quarantine.firstAt,
  last_at: quarantine.lastAt,
  times: quarantine.times,
}

type Selected<Fields extends Record<string, { _: { data: unknown; notNull: boolean } }>> = {
  [Name in keyof Fields]: Fields[Name]['_']['data'] | (Fields[Name]['_']['notNull'] extends true ? never : null)
}

/** An order with its public columns. */
export type OrderRecord = Selected<typeof SHARED_FIELDS> & { details: Details }
/** A row of the `open_orders` view. */
export type OpenOrderRecord = Selected<typeof OPEN_ORDER_FIELDS>
/** The one event object of every surface; `cursor` is `log_id:seq`. */
export type EventRecord = Omit<Selected<typeof EVENT_FIELDS>, 'data'> & { data: EventData; cursor: string }
export type FillRecord = Selected<typeof FILL_FIELDS>
export type ObservationRecord = Selected<typeof OBSERVATION_FIELDS>
export type QuarantineRecord = Selected<typeof QUARANTINE_FIELDS>

export function orderRecord({ id: _, details, ...row }: Selected<typeof ORDER_FIELDS>): OrderRecord {
  return { ...row, details: JSON.parse(details) }
}

export function eventRecord(logId: string, { data, ...row }: Selected<typeof EVENT_FIELDS>): EventRecord {
  return { ...row, data: JSON.parse(data), cursor: `${logId}:${row.seq}` }
}
