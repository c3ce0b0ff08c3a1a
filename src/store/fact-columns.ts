/** Owns the facts of an order as columns: the same names in a row of orders and in the data of an event. */
import type { Decimal } from '../core/decimal.ts'
import type {
  EndReason,
  Evidence,
  OrderFacts,
  OrderStatus,
  OrderType,
  PositionSide,
  Side,
  TimeInForce,
} from '../core/order.ts'

/** `Bool` is how the place at hand keeps a boolean. */
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

export function factColumns<Bool>(facts: OrderFacts, write: (value: boolean | null) => Bool | null): FactColumns<Bool> {
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
