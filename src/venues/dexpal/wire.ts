/** Owns the shapes of DexPal's bytes: the envelope, an order, an event of the history, an error. */
import { z } from 'zod'
import { decimalSchema } from '../json.ts'

/** What a shape made of a value: the value in our hands, or what is wrong with it, naming the field and quoting nothing. */
export type Decoded<T> = { ok: true; value: T } | { ok: false; problem: string }

export type OrderRow = z.output<typeof orderSchema>
export type EventRow = z.output<typeof eventSchema>

/** A list as it came; its rows are decoded one by one, so that a bad one spoils no other. */
export interface List {
  rows: readonly unknown[]
  /** The envelope speaks of more rows than it carries. */
  more: boolean
  /** From the envelope, ms. */
  venueTime: number | null
}

/** Longer words are nonsense. */
const MAX_WORD_CHARS = 300

/** A time outside of these is in another unit or garbage, and would be believed for ever. */
const EARLIEST_MS = Date.UTC(2015, 0, 1)
const LATEST_MS = Date.UTC(2200, 0, 1)
const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,20}))?(Z|[+-]\d\d:?\d\d)?$/i

const word = z.string().min(1).max(MAX_WORD_CHARS)
const text = z.string().max(MAX_WORD_CHARS)
const amount = decimalSchema.refine((value) => !value.startsWith('-'), 'negative')
/** ms since the epoch, fractions cut; a time without a zone is UTC. */
const instant = z.string().transform((value, context): number => {
  const ms = readInstant(value)
  if (ms !== null) return ms
  context.issues.push({ code: 'custom', message: 'not a time', input: undefined })
  return z.NEVER
})
const instantOrNone = z.union([z.literal('').transform(() => null), instant]).nullish()

/**
 * Only that is required which no order can be told without. A field that becomes a fact must be what it says it is;
 * what only goes to the details may be anything.
 */
const orderSchema = z.looseObject({
  orderId: word,
  address: word,
  side: z.enum(['long', 'short']),
  baseAsset: word,
  quoteAsset: word,
  limitPrice: amount.nullish(),
  positionSizeToken: amount.nullish(),
  createdAt: instantOrNone,
  orderType: text.nullish(),
  orderFlags: z.array(word).nullish(),
  timeInForce: text.nullish(),
  expiresAt: instantOrNone,
  stopPrice: amount.nullish(),
  activationPrice: amount.nullish(),
  linkedOrderId: text.nullish(),
})

/** Fields that have a place of their own; everything else is a detail under its own name. */
export const FACT_FIELDS: ReadonlySet<string> = new Set(Object.keys(orderSchema.shape))

/** Of the published event table only these are certain to be told apart from anything else. */
const eventSchema = z.looseObject({
  orderId: word,
  address: word,
  baseAsset: word,
  quoteAsset: word,
  createdAt: instant,
})

const listSchema = z.looseObject({
  success: z.literal(true),
  data: z.array(z.unknown()),
  pagination: z.looseObject({ total: z.unknown().optional(), hasMore: z.unknown().optional() }).nullish(),
  timestamp: z.unknown().optional(),
})

export const readOrder = (raw: unknown): Decoded<OrderRow> => decode(orderSchema, raw)
export const readEvent = (raw: unknown): Decoded<EventRow> => decode(eventSchema, raw)

export function readList(raw: unknown): Decoded<List> {
  const list = decode(listSchema, raw)
  if (!list.ok) return list
  const { data, pagination, timestamp } = list.value
  const { total, hasMore } = pagination ?? {}
  const more = hasMore === true || (typeof total === 'number' && total > data.length)
  const venueTime = typeof timestamp === 'string' ? readInstant(timestamp) : null
  return { ok: true, value: { rows: data, more, venueTime } }
}

/** The venue says itself that it failed, whatever the status of the answer. */
export const saysFailed = (raw: unknown): boolean => isRecord(raw) && raw.success === false

/** The venue's words about a failure; null where something else answered: a proxy's page is no word of the venue. */
export function readError(raw: unknown): string | null {
  if (!isRecord(raw)) return null
  const { error, message } = raw
  const nested = isRecord(error) ? error.message : error
  const said = typeof nested === 'string' ? nested : message
  return typeof said === 'string' && said !== '' ? said : null
}

/** Id and address as far as they are legible on a row that is not; null names none. */
export function legible(raw: unknown): { orderId: string | null; address: string | null } {
  if (!isRecord(raw)) return { orderId: null, address: null }
  return { orderId: wordOrNull(raw.orderId), address: wordOrNull(raw.address) }
}

const wordOrNull = (value: unknown): string | null => word.safeParse(value).data ?? null

function decode<S extends z.ZodType>(schema: S, raw: unknown): Decoded<z.output<S>> {
  const result = schema.safeParse(raw)
  if (result.success) return { ok: true, value: result.data }
  const [issue] = result.error.issues
  const where = issue?.path.length ? `${issue.path.join('.').slice(0, 100)}: ` : ''
  return { ok: false, problem: `${where}${issue?.message ?? 'unreadable'}` }
}

function readInstant(value: string): number | null {
  const [, day, time, fraction = '', zone = 'Z'] = ISO.exec(value) ?? []
  if (day === undefined || time === undefined) return null
  const seconds = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  const ms = seconds + Number(fraction.padEnd(3, '0').slice(0, 3))
  return ms >= EARLIEST_MS && ms < LATEST_MS ? ms : null
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
