/** Owns the shapes of Derive's bytes: what has to be there for a row to be believed. Both protocols fit the same ones. */
import { z } from 'zod'
import { isNegative, isZero } from '../../core/decimal.ts'
import { decimalSchema } from '../json.ts'

/** A longer id or word is not one; refusing it bounds what a row can make us keep. */
const MAX_TEXT_CHARS = 256

const text = z.string().max(MAX_TEXT_CHARS)
const word = text.min(1)
const amount = decimalSchema.refine((value) => !isNegative(value), 'negative')
const positive = amount.refine((value) => !isZero(value), 'zero')

/** Outside of these a time is of another unit, and would be believed for ever. */
const EARLIEST_MS = Date.UTC(2020, 0, 1)
const LATEST_MS = Date.UTC(2100, 0, 1)
const instant = z.number().int().gte(EARLIEST_MS).lt(LATEST_MS)

/** An id of 64 bits: the text of the number, so that one beyond a double's digits is still itself. */
const integerId = z.union([z.number().int().nonnegative(), z.string().regex(/^\d{1,20}$/)]).transform(String)

/** `Order` of v3, and the older one without `extra_fee`, `signed_limit_price` and `algo_*`. */
const orderSchema = z.looseObject({
  order_id: word,
  subaccount_id: integerId,
  instrument_name: word,
  direction: z.enum(['buy', 'sell']),
  order_type: word,
  order_status: word,
  time_in_force: text.nullish(),
  amount,
  filled_amount: amount,
  average_price: amount.nullish(),
  limit_price: decimalSchema.nullish(),
  signed_limit_price: decimalSchema.nullish(),
  order_fee: decimalSchema.nullish(),
  extra_fee: decimalSchema.nullish(),
  max_fee: decimalSchema.nullish(),
  cancel_reason: z.string().nullish(),
  label: z.string().nullish(),
  creation_timestamp: instant.nullish(),
  last_update_timestamp: instant.nullish(),
  signature_expiry_sec: z.number().nullish(),
  replaced_order_id: text.nullish(),
  quote_id: text.nullish(),
  trigger_type: text.nullish(),
  trigger_price: decimalSchema.nullish(),
  trigger_price_type: text.nullish(),
  trigger_reject_message: z.string().nullish(),
  algo_type: text.nullish(),
})
export type OrderRow = z.output<typeof orderSchema>

/** Fields that have a place of their own; what else a row carries is kept under its own name. */
export const ORDER_FIELDS: ReadonlySet<string> = new Set(Object.keys(orderSchema.shape))

/** `Trade` of the channel and of history. */
const tradeSchema = z.looseObject({
  trade_id: word,
  order_id: word,
  subaccount_id: integerId,
  instrument_name: word,
  trade_price: decimalSchema,
  trade_amount: positive,
  trade_fee: decimalSchema.nullish(),
  extra_fee: decimalSchema.nullish(),
  timestamp: instant.nullish(),
  batch_status: text.nullish(),
})
export type TradeRow = z.output<typeof tradeSchema>

const list = z.array(z.unknown())
const count = z.number().int().nonnegative()
const pagination = z.looseObject({ count, num_pages: count })

/** `get_open_orders` and `get_trigger_orders`; rows are judged one by one afterwards, so that one bad row costs one row. */
export const ordersSchema = z.looseObject({ subaccount_id: integerId.nullish(), orders: list })
/** `get_algo_orders` answers with the bare list; should it ever come in the envelope of the other two, that is read too. */
export const algoOrdersSchema = z.union([list.transform((orders) => ({ subaccount_id: null, orders })), ordersSchema])
export const orderPageSchema = z
  .looseObject({ subaccount_id: integerId.nullish(), orders: list, pagination })
  .transform(({ orders, ...page }) => ({ ...page, rows: orders }))
export const tradePageSchema = z
  .looseObject({ subaccount_id: integerId.nullish(), trades: list, pagination })
  .transform(({ trades, ...page }) => ({ ...page, rows: trades }))

/** An answer over HTTP, and one over the socket where its `id` is ours. */
export const envelopeSchema = z.looseObject({
  id: z.union([z.string(), z.number()]).nullish(),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number().int(), message: z.string(), data: z.unknown().optional() }).nullish(),
})
export type Envelope = z.output<typeof envelopeSchema>

export const notificationSchema = z.looseObject({
  method: z.literal('subscription'),
  params: z.looseObject({ channel: word, data: z.unknown() }),
})

/** What became of each channel that was asked for: `ok`, or words about why not. */
export const subscribedSchema = z.looseObject({ status: z.record(z.string(), z.unknown()) })

/** What a shape made of a value, or what is wrong with it, naming the field and quoting nothing. */
export type Decoded<T> = { ok: true; value: T } | { ok: false; problem: string }

export const readOrder = (row: unknown): Decoded<OrderRow> => decode(orderSchema, row)
export const readTrade = (row: unknown): Decoded<TradeRow> => decode(tradeSchema, row)

export function decode<S extends z.ZodType>(schema: S, raw: unknown): Decoded<z.output<S>> {
  const parsed = schema.safeParse(raw)
  if (parsed.success) return { ok: true, value: parsed.data }
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.').slice(0, 100) || 'row'
  return { ok: false, problem: `${field}: ${issue?.code ?? 'unreadable'}` }
}

/** The id of a row that may be legible where the rest of it is not. */
export const legibleOrderId = (row: unknown): string | null => field(orderIdOnly, row)?.order_id ?? null

/** The subaccount a row says it is of, likewise; null where it does not say so legibly. */
export const legibleSubaccount = (row: unknown): string | null => field(subaccountOnly, row)?.subaccount_id ?? null

/** When a row's order was created, likewise, ms. */
export const legibleCreation = (row: unknown): number | null => field(creationOnly, row)?.creation_timestamp ?? null

/** A trade of two orders of one subaccount is a row of each, so its own id does not tell them apart. */
export function legibleTradeId(row: unknown): string | null {
  const ids = field(tradeIdsOnly, row)
  return ids === null ? null : `${ids.order_id}/${ids.trade_id}`
}

const orderIdOnly = z.looseObject({ order_id: word })
const subaccountOnly = z.looseObject({ subaccount_id: integerId })
const creationOnly = z.looseObject({ creation_timestamp: instant })
const tradeIdsOnly = z.looseObject({ order_id: word, trade_id: word })

function field<S extends z.ZodType>(schema: S, row: unknown): z.output<S> | null {
  const found = schema.safeParse(row)
  return found.success ? found.data : null
}
