/** Owns the shapes of Revolut X's bytes: today's field names and those of the older page, decoded into one. */
import { z } from 'zod'
import { type Decimal, decimal, isNegative, isZero } from '../../core/decimal.ts'
import { decimalSchema } from '../json.ts'

/** What a shape made of a value: the value in our hands, or what is wrong with it, naming the field and quoting nothing. */
export type Decoded<T> = { ok: true; value: T } | { ok: false; problem: string }

/** A time of the venue: whole ms, and the same with every digit it came with. */
export interface Instant {
  ms: number
  exact: Decimal
}

export type OrderRow = z.output<typeof orderSchema>
export type Trigger = z.output<typeof triggerSchema>
export type TradeRow = z.output<typeof tradeSchema>

/** A page of a list; its rows are decoded one by one, so that a bad one spoils no other. */
export interface Page {
  rows: readonly unknown[]
  /** Null at the end of the list, however the venue spells it. */
  cursor: string | null
  /** Without metadata nothing says whether more would follow. */
  saysEnd: boolean
  /** From the envelope, ms. */
  venueTime: number | null
}

export const ORDER_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Longer cursors and words are nonsense, and a cursor goes back into a URL. */
const MAX_CURSOR_CHARS = 1_000
const MAX_WORD_CHARS = 200

const word = z.string().min(1).max(MAX_WORD_CHARS)
const id = z.string().regex(ORDER_ID, 'not a UUID')
const idOrNone = z.union([id, z.literal('').transform(() => null)]).nullish()
const amount = decimalSchema.refine((value) => !isNegative(value), 'negative')
const positive = amount.refine((value) => !isZero(value), 'zero')

/** A time outside of these is in another unit or garbage, and would be believed for ever. */
const EARLIEST_MS = Date.UTC(2015, 0, 1)
const LATEST_MS = Date.UTC(2100, 0, 1)
const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,20})?(Z|[+-]\d\d:?\d\d)?$/i

const instant = z.union([z.number(), z.string().max(60)]).transform((value, context): Instant => {
  const read = readInstant(value)
  if (read !== null) return read
  context.issues.push({ code: 'custom', message: 'not a time', input: undefined })
  return z.NEVER
})

const triggerSchema = z.looseObject({
  trigger_price: amount,
  type: word,
  trigger_direction: word,
  limit_price: amount.nullish(),
  execution_instructions: z.array(word).nullish(),
})

const twapSchema = z.looseObject({
  type: word.nullish(),
  price: amount.nullish(),
  linked_ids: z.array(id).nullish(),
})

const triggeredBySchema = z.looseObject({
  reason: word.nullish(),
  twap: z.looseObject({ parent_id: id }).nullish(),
})

/**
 * `Order` and `OrderDetails` of the specification in one, with only that required which no order can be told without.
 * A field that is there must still be what it says it is.
 */
const orderSchema = z.looseObject({
  id,
  symbol: word.regex(/^[^/-]+[/-][^/-]+$/, 'not a pair'),
  side: z.enum(['buy', 'sell']),
  type: word,
  status: word,
  client_order_id: z.string().max(MAX_WORD_CHARS).nullish(),
  previous_order_id: idOrNone,
  quantity: amount.nullish(),
  leaves_quantity: amount.nullish(),
  filled_quantity: amount.nullish(),
  amount: amount.nullish(),
  filled_amount: amount.nullish(),
  price: amount.nullish(),
  average_fill_price: amount.nullish(),
  total_fee: decimalSchema.nullish(),
  fee_currency: z.string().max(MAX_WORD_CHARS).nullish(),
  time_in_force: z.string().max(MAX_WORD_CHARS).nullish(),
  execution_instructions: z.array(word).nullish(),
  created_date: instant.nullish(),
  updated_date: instant.nullish(),
  conditional: triggerSchema.nullish(),
  take_profit: triggerSchema.nullish(),
  stop_loss: triggerSchema.nullish(),
  twap: twapSchema.nullish(),
  triggered_by: triggeredBySchema.nullish(),
  on_fill: z.looseObject({}).nullish(),
  legs: z.array(z.unknown()).nullish(),
  reject_reason: z.string().nullish(),
})

/** Every field that has a place of its own; what else a row carries is kept under its own name. */
export const ORDER_FIELDS: ReadonlySet<string> = new Set(Object.keys(orderSchema.shape))

const tradeSchema = z.looseObject({
  tid: word,
  oid: id,
  p: amount,
  q: positive,
  qc: word.nullish(),
  tdt: instant,
})

const pageSchema = z.looseObject({
  data: z.array(z.unknown()),
  metadata: z
    .looseObject({ timestamp: z.unknown().optional(), next_cursor: z.string().max(MAX_CURSOR_CHARS).nullish() })
    .nullish(),
})

const singleSchema = z.looseObject({ data: z.union([z.array(z.unknown()).length(1), z.looseObject({})]) })
const listSchema = z.looseObject({ data: z.array(z.unknown()) })
const errorSchema = z.looseObject({ message: z.string(), error_id: z.string().min(1) })

export function readOrder(raw: unknown): Decoded<OrderRow> {
  const renamed = withTodaysNames(raw)
  return renamed.ok ? decode(orderSchema, renamed.value) : renamed
}

export const readTrade = (raw: unknown): Decoded<TradeRow> => decode(tradeSchema, raw)

export function readPage(raw: unknown): Decoded<Page> {
  const page = decode(pageSchema, raw)
  if (!page.ok) return page
  const { data, metadata } = page.value
  const { timestamp } = metadata ?? {}
  const time = typeof timestamp === 'number' || typeof timestamp === 'string' ? readInstant(timestamp) : null
  const cursor = metadata?.next_cursor || null
  return { ok: true, value: { rows: data, cursor, saysEnd: metadata != null, venueTime: time?.ms ?? null } }
}

/** The one order of a details answer; a list of one is accepted, as the venue's own acknowledgements come so. */
export function readSingle(raw: unknown): Decoded<unknown> {
  const single = decode(singleSchema, raw)
  if (!single.ok) return single
  const { data } = single.value
  return { ok: true, value: Array.isArray(data) ? data[0] : data }
}

export function readList(raw: unknown): Decoded<readonly unknown[]> {
  const list = decode(listSchema, raw)
  return list.ok ? { ok: true, value: list.value.data } : list
}

/** The venue's own error envelope. Null where something else answered: a proxy's page is no word of the venue. */
export function readError(raw: unknown): { message: string; errorId: string } | null {
  const error = errorSchema.safeParse(raw)
  return error.success ? { message: error.data.message, errorId: error.data.error_id } : null
}

/** Id and type as far as they are legible on a row that is not; a null id names no order. */
export function legible(raw: unknown): { id: string | null; type: string | null } {
  if (!isRecord(raw)) return { id: null, type: null }
  const ids = [raw.id, raw.venue_order_id].filter((value) => value !== undefined && value !== null)
  const [only] = ids
  const isOne = ids.every((value) => value === only)
  return {
    id: isOne && typeof only === 'string' && ORDER_ID.test(only) ? only : null,
    type: typeof raw.type === 'string' ? raw.type : null,
  }
}

/** The older page's names and what they are called today. */
const TODAYS_NAMES = new Map([
  ['venue_order_id', 'id'],
  ['state', 'status'],
  ['created_at', 'created_date'],
  ['updated_at', 'updated_date'],
  ['base_size', 'quantity'],
  ['quote_size', 'amount'],
  ['filled_size', 'filled_quantity'],
  ['filled_value', 'filled_amount'],
  ['average_filled_price', 'average_fill_price'],
])

function withTodaysNames(raw: unknown): Decoded<unknown> {
  if (!isRecord(raw)) return { ok: false, problem: 'not an object' }
  const fields = new Map<string, unknown>()
  for (const [name, value] of Object.entries(raw)) {
    const today = TODAYS_NAMES.get(name) ?? name
    const other = fields.get(today)
    // Two names that disagree leave no way to tell which one to believe.
    if (other != null && value != null && other !== value) return { ok: false, problem: `${today}: stated twice` }
    if (value != null || !fields.has(today)) fields.set(today, value)
  }
  return { ok: true, value: Object.fromEntries(fields) }
}

function decode<S extends z.ZodType>(schema: S, raw: unknown): Decoded<z.output<S>> {
  const result = schema.safeParse(raw)
  if (result.success) return { ok: true, value: result.data }
  const [issue] = result.error.issues
  const where = issue?.path.length ? `${issue.path.join('.').slice(0, 100)}: ` : ''
  return { ok: false, problem: `${where}${issue?.message ?? 'unreadable'}` }
}

function readInstant(value: number | string): Instant | null {
  const text = String(value)
  if (/^\d{1,17}(?:\.\d{1,20})?$/.test(text)) return within(text)
  const iso = ISO.exec(text)
  if (iso === null) return null
  const [, day, time, fraction = '', zone = 'Z'] = iso
  const seconds = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  if (Number.isNaN(seconds)) return null
  const digits = fraction.slice(1).padEnd(3, '0')
  return within(`${seconds + Number(digits.slice(0, 3))}.${digits.slice(3) || '0'}`)
}

function within(text: string): Instant | null {
  const exact = decimal(text)
  const ms = Math.trunc(Number(exact))
  return ms >= EARLIEST_MS && ms < LATEST_MS ? { ms, exact } : null
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
