/** Owns the shapes of QFEX's bytes: what has to be there for a row to be believed, and nothing more. */
import { z } from 'zod'
import { compare, type Decimal, decimal, isNegative, ZERO } from '../../core/decimal.ts'
import { decimalSchema } from '../json.ts'

/** A longer id or word is not one; refusing it bounds what a row can make us keep. */
const MAX_TEXT_CHARS = 256

const text = z.string().max(MAX_TEXT_CHARS)
const id = text.min(1)
const amount = decimalSchema.refine((value) => !isNegative(value), 'negative')
/** What remains of 0.3 after 0.2 and 0.1 arrives as -2.7e-17: that much below zero is zero. */
const DUST = decimal('-0.000000001')
const clearDust = (value: Decimal): Decimal => (isNegative(value) && compare(value, DUST) >= 0 ? ZERO : value)
const remainder = decimalSchema.transform(clearDust).refine((value) => !isNegative(value), 'negative')
const side = z.enum(['BUY', 'SELL'])

/** `order_response`, and each of `all_orders_response.orders`. Some documented examples have no update_time or trade_id. */
export const orderSchema = z.looseObject({
  order_id: id,
  symbol: id,
  status: id,
  quantity: amount,
  quantity_remaining: remainder,
  price: amount.nullish(),
  take_profit: amount.nullish(),
  stop_loss: amount.nullish(),
  side,
  type: id,
  time_in_force: text.nullish(),
  user_id: text.nullish(),
  client_order_id: text.nullish(),
  update_time: decimalSchema.nullish(),
  trade_id: text.nullish(),
})
export type OrderRow = z.infer<typeof orderSchema>

/** The part of an `order_response` that tells whether it is about an order at all; a refusal may lack all else. */
export const outcomeSchema = z.looseObject({ status: id, order_id: text.nullish(), user_id: text.nullish() })

/** `twap_response`, and each of `all_orders_response.twaps` (times are float seconds) and of `/user/historic-twaps` (ISO). */
export const twapSchema = z.looseObject({
  twap_id: id,
  client_twap_id: text.nullish(),
  user_id: text.nullish(),
  status: text,
  symbol: id,
  total_quantity: amount,
  filled_quantity: amount,
  average_fill_price: amount.nullish(),
  reduce_only: z.boolean().nullish(),
  side,
  updated_at: z.union([z.number(), text]).nullish(),
  created_at: z.union([z.number(), text]).nullish(),
})
export type TwapRow = z.infer<typeof twapSchema>

/** `stop_order_response`, and each of `all_orders_response.stop_orders`. Other names and another time than an order. */
export const stopSchema = z.looseObject({
  stop_order_id: id,
  symbol: id,
  price: amount,
  quantity: amount,
  direction: side,
  stop_order_type: id,
  user_id: text.nullish(),
  client_order_id: text.nullish(),
  update_time: z.union([z.number(), text]).nullish(),
})
export type StopRow = z.infer<typeof stopSchema>

/** `fill_response`. */
export const fillSchema = z.looseObject({
  trade_id: id,
  order_id: id,
  symbol: id,
  price: amount,
  quantity: amount,
  user_id: text.nullish(),
  fee: decimalSchema.nullish(),
  execution_type: text.nullish(),
  timestamp: decimalSchema.nullish(),
})
export type FillRow = z.infer<typeof fillSchema>

/** Rows are judged one by one afterwards, so that one bad row costs one row. */
export const allOrdersSchema = z.looseObject({
  orders: z.array(z.unknown()).nullable(),
  twaps: z.array(z.unknown()).nullish(),
  stop_orders: z.array(z.unknown()).nullish(),
})

export const errSchema = z.looseObject({ error_code: text, message: z.string().nullish() })

/** Each of `/user/historic-orders`. */
export const historicOrderSchema = z.looseObject({
  order_id: id,
  terminal_status: id,
  status_ts: text,
  symbol: id,
  side,
  type: id,
  time_in_force: text.nullish(),
  quantity: amount,
  price: amount.nullish(),
  client_order_id: text.nullish(),
  filled_qty: amount,
  avg_price: amount.nullish(),
})
export type HistoricOrderRow = z.infer<typeof historicOrderSchema>

/** Each of `/user/trade`. */
export const tradeSchema = z.looseObject({
  id,
  order_id: id,
  symbol: id,
  price: amount,
  quantity: amount,
  fee: decimalSchema.nullish(),
  order_timestamp: z.union([z.number(), text]).nullish(),
})
export type TradeRow = z.infer<typeof tradeSchema>

/** Every REST list. `data` is null where there is none; whether `count` counts the page or everything is not said. */
export const listSchema = z.looseObject({
  data: z.array(z.unknown()).nullable(),
  count: z.number().int().nonnegative().nullish(),
})

/** `/refdata`; all of it is a help, none of it a condition. */
export const instrumentSchema = z.looseObject({
  symbol: id,
  lot_size: amount.nullish().catch(null),
  base_asset: text.nullish().catch(null),
  quote_asset: text.nullish().catch(null),
})

export const problemSchema = z.looseObject({ title: z.string().nullish(), detail: z.string().nullish() })

/** Made once: zod compiles a schema at its first use, which costs more than reading a whole row. */
const ID_SCHEMAS = {
  order_id: z.object({ order_id: id }).transform((row) => row.order_id),
  twap_id: z.object({ twap_id: id }).transform((row) => row.twap_id),
  stop_order_id: z.object({ stop_order_id: id }).transform((row) => row.stop_order_id),
}
export type IdName = keyof typeof ID_SCHEMAS

/** The id of a row that may be legible where the rest of it is not. */
export const legibleId = (row: unknown, name: IdName): string | null => ID_SCHEMAS[name].safeParse(row).data ?? null

/** What is wrong with a row, naming the field and quoting nothing of it. */
export const problemOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'row'}: ${issue.code}`)
    .join('; ')
