/** Owns the translation between a fill and its row. */
import { type Decimal, ZERO } from '../core/decimal.ts'
import type { Fill, OrderKind } from '../core/order.ts'

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
  reversed: 0 | 1
  stated_quantity: Decimal
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
