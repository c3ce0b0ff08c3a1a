/** Owns what Derive's words for an order's life mean: its statuses, and the reasons for which orders are cancelled. */
import { compare } from '../../core/decimal.ts'
import type { EndReason } from '../../core/order.ts'
import type { Claim } from '../../core/report.ts'
import type { OrderRow } from './wire.ts'

/** What a row says of the order's life. A partial fill has no word of its own: it is open, or cancelled, or expired. */
export const claimOf = (row: OrderRow): Claim => CLAIMS.get(row.order_status)?.(row) ?? { is: 'unrecognised' }

/** The words of both protocols. The three that live wait at different places; for us they are open alike. */
export const CLAIMS: ReadonlyMap<string, (row: OrderRow) => Claim> = new Map<string, (row: OrderRow) => Claim>([
  ['open', () => ({ is: 'open' })],
  ['untriggered', () => ({ is: 'open' })],
  ['algo_active', () => ({ is: 'open' })],
  ['filled', (row) => ({ is: 'filled', at: endedAt(row) })],
  ['cancelled', cancelled],
  ['expired', (row) => ({ is: 'cancelled', reason: 'expired', at: endedAt(row) })],
  ['rejected', (row) => ({ is: 'rejected', at: endedAt(row) })],
])

/** Reasons that say who or what took the order off. Any other text is the venue's own; it is kept in details. */
export const REASONS: ReadonlyMap<string, EndReason> = new Map<string, EndReason>([
  ['user_request', 'user'],
  ['mmp_trigger', 'mmp'],
  ['insufficient_margin', 'margin'],
  ['signed_max_fee_too_low', 'venue'],
  ['cancel_on_disconnect', 'disconnect'],
  ['ioc_or_market_partial_fill', 'ioc_remainder'],
  ['session_key_deregistered', 'venue'],
  ['subaccount_withdrawn', 'venue'],
  ['compliance', 'venue'],
  ['trigger_failed', 'trigger_failed'],
  ['validation_failed', 'rejected'],
  ['algo_completed', 'completed_short'],
])

/** Reasons under which the order ran to its end: it is cancelled only as far as something of it was left. */
const RAN_OUT: ReadonlySet<string> = new Set(['algo_completed', 'ioc_or_market_partial_fill'])

function cancelled(row: OrderRow): Claim {
  const word = row.cancel_reason ?? ''
  if (RAN_OUT.has(word) && compare(row.filled_amount, row.amount) >= 0) return { is: 'filled', at: endedAt(row) }
  return { is: 'cancelled', reason: REASONS.get(word) ?? unnamedReason(row, word), at: endedAt(row) }
}

/** What was never to rest was not taken off by anybody. */
const unnamedReason = (row: OrderRow, word: string): EndReason =>
  word === '' && isImmediate(row) ? 'ioc_remainder' : 'venue'

const isImmediate = (row: OrderRow): boolean =>
  row.time_in_force === 'ioc' || row.time_in_force === 'fok' || row.order_type === 'market'

const endedAt = (row: OrderRow): number | null => row.last_update_timestamp ?? null
