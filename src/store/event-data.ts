/** Owns the shape of `order_events.data`: read back as if a stranger had written it, because in `verify` one may have. */
import { z } from 'zod'
import { parseDecimal } from '../core/decimal.ts'
import type { EndReason, Evidence, OrderStatus, OrderType, PositionSide, Side, TimeInForce } from '../core/order.ts'
import type { EventData } from './event-row.ts'

/** Every word of a union, each under its own name: leaving one out does not compile. */
type Words<Word extends string> = { [W in Word]: W }

const SIDE: Words<Side> = { buy: 'buy', sell: 'sell' }
const POSITION_SIDE: Words<PositionSide> = { long: 'long', short: 'short' }
const TIME_IN_FORCE: Words<TimeInForce> = { gtc: 'gtc', ioc: 'ioc', fok: 'fok', gtt: 'gtt', day: 'day' }
const STATUS: Words<OrderStatus> = { open: 'open', filled: 'filled', cancelled: 'cancelled', unknown: 'unknown' }
const EVIDENCE: Words<Evidence> = {
  inferred: 'inferred',
  snapshot: 'snapshot',
  stream: 'stream',
  lookup: 'lookup',
  history: 'history',
}
const TYPE: Words<OrderType> = {
  limit: 'limit',
  market: 'market',
  stop_limit: 'stop_limit',
  stop_market: 'stop_market',
  take_profit_limit: 'take_profit_limit',
  take_profit_market: 'take_profit_market',
  trailing_stop: 'trailing_stop',
  twap: 'twap',
  iceberg: 'iceberg',
  oco: 'oco',
  other: 'other',
}
const REASON: Words<EndReason> = {
  user: 'user',
  expired: 'expired',
  rejected: 'rejected',
  replaced: 'replaced',
  self_trade: 'self_trade',
  ioc_remainder: 'ioc_remainder',
  margin: 'margin',
  venue: 'venue',
  completed_short: 'completed_short',
  mmp: 'mmp',
  disconnect: 'disconnect',
  trigger_failed: 'trigger_failed',
  unproven: 'unproven',
}

const text = z.string().nullable()
const time = z.number().int().nullable()
const flag = z.boolean().nullable()
const exact = z.string().transform((value, context) => {
  const read = parseDecimal(value)
  if (read === value) return read
  context.addIssue({ code: 'custom', message: 'not a canonical decimal' })
  return z.NEVER
})

const schema = z.strictObject({
  v: z.literal(1),
  client_order_id: text,
  parent_order_id: text,
  symbol: z.string(),
  base: text,
  quote: text,
  side: z.enum(SIDE).nullable(),
  position_side: z.enum(POSITION_SIDE).nullable(),
  type: z.enum(TYPE),
  time_in_force: z.enum(TIME_IN_FORCE).nullable(),
  post_only: flag,
  reduce_only: flag,
  quantity: exact.nullable(),
  quote_quantity: exact.nullable(),
  price: exact.nullable(),
  trigger_price: exact.nullable(),
  filled_quantity: exact,
  status: z.enum(STATUS),
  reason: z.enum(REASON).nullable(),
  evidence: z.enum(EVIDENCE),
  opened_at: time,
  closed_at: time,
  replaces: text,
  replaced_by: text,
})

/** The facts an event carries, or what is wrong with them. */
export function readEventData(json: string): { data: EventData } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { problem: 'data is not JSON' }
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return { data: parsed.data }
  const issue = parsed.error.issues[0]
  return { problem: `data.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}` }
}
