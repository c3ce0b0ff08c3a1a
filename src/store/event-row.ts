/** Owns the translation between an event and its row. */
import type { Decimal } from '../core/decimal.ts'
import type { EventDraft, EventReason, EventType, OrderEvent } from '../core/event.ts'
import type { Evidence, OrderFacts, OrderKind, Side, VenueName } from '../core/order.ts'
import { type FactColumns, factColumns } from './fact-columns.ts'

/** `data` of an event: the facts after it. */
export interface EventData extends FactColumns<boolean> {
  v: 1
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

const eventData = (facts: OrderFacts): EventData => ({ v: 1, ...factColumns(facts, (value) => value) })

/** The facts an event carries. */
export function factsOfData(row: FactColumns<boolean>): OrderFacts {
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
    postOnly: row.post_only,
    reduceOnly: row.reduce_only,
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
