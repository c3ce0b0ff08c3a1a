/** Owns what of a QFEX row has no column: the fields named nowhere, kept under their own names for a person to read. */
import type { Details } from '../../core/order.ts'

const SHARED = [
  'order_id',
  'symbol',
  'side',
  'type',
  'quantity',
  'price',
  'client_order_id',
  'user_id',
  'time_in_force',
]
export const ORDER_NAMES = new Set([
  ...[...SHARED, 'status', 'quantity_remaining', 'update_time', 'trade_id', 'take_profit', 'stop_loss'],
])
export const HISTORIC_NAMES = new Set([...SHARED, 'terminal_status', 'status_ts', 'filled_qty', 'avg_price'])
export const TWAP_NAMES = new Set([
  ...['twap_id', 'client_twap_id', 'user_id', 'status', 'symbol', 'total_quantity', 'filled_quantity'],
  ...['average_fill_price', 'reduce_only', 'side', 'updated_at', 'created_at'],
])
export const STOP_NAMES = new Set([
  ...['stop_order_id', 'symbol', 'price', 'quantity', 'direction', 'user_id', 'client_order_id', 'update_time'],
])
const SECRET_NAME = /sign|nonce|secret|key|token|jwt|auth|hmac|passw/i

/** More fields or longer texts than these are not details but somebody filling our database. */
const MAX_DETAILS = 24
const MAX_DETAIL_CHARS = 200

/** Fields that are named nowhere, kept under their own names if they are scalars and cannot be secrets. */
export function rest(row: Readonly<Record<string, unknown>>, named: ReadonlySet<string>): Details {
  const kept = Object.entries(row).filter(
    ([name, value]) => !named.has(name) && !SECRET_NAME.test(name) && isShortScalar(name, value),
  )
  return Object.fromEntries(kept.slice(0, MAX_DETAILS))
}

const isShortScalar = (name: string, value: unknown): boolean =>
  name.length <= MAX_DETAIL_CHARS &&
  (typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'string' && value.length <= MAX_DETAIL_CHARS))
