/** Owns how one event reads on one line. */
import type { EventType } from '../core/event.ts'
import type { EventRecord } from '../store/records.ts'
import { type Printer, plain, type Style, words } from './print.ts'

const STYLES: Record<EventType, Style> = {
  opened: 'cyan',
  partially_filled: 'blue',
  amended: 'dim',
  filled: 'green',
  cancelled: 'yellow',
  vanished: 'magenta',
  reappeared: 'magenta',
  corrected: 'red',
}

/** `12:00:01.123 qfex-main  BTC-USD  buy limit  filled 0.5 @ 100 (1 of 1)  stream`: our time of the commit, in UTC. */
export function formatEvent(event: EventRecord, paint: Printer['paint']): string {
  const { data, type } = event
  const step = event.fill_quantity === null ? null : words(event.fill_quantity, at(event.fill_price))
  const terms = words(event.quantity ?? data.quote_quantity, at(event.price), trigger(event.trigger_price))
  const filled = type === 'opened' || event.filled_quantity === '0' ? null : `filled ${event.filled_quantity}`
  return [
    paint('dim', formatTime(event.recorded_at)),
    plain(event.account).padEnd(11),
    plain(event.symbol).padEnd(9),
    words(data.side ?? data.position_side ?? '-', data.type).padEnd(11),
    paint(STYLES[type] ?? 'bold', type.padEnd(16)),
    (step ?? terms).padEnd(18),
    (filled === null ? '' : `${filled}${event.quantity === null ? '' : ` of ${event.quantity}`}`).padEnd(20),
    paint('dim', words(event.evidence, event.reason)),
  ]
    .join(' ')
    .trimEnd()
}

/** `12:00:01.123` */
export const formatTime = (at: number): string => formatDate(at).slice(11, 23)

/** RFC 3339 in UTC with milliseconds. */
export const formatDate = (at: number): string => new Date(at).toISOString()

/** How long ago, roughly: `12s`, `3m`, `2h`, `5d`. A dash where it never happened. */
export function formatAge(at: number | null, now: number): string {
  if (at === null) return '-'
  const seconds = Math.max(0, Math.round((now - at) / 1_000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)}h` : `${Math.round(seconds / 86_400)}d`
}

const trigger = (price: string | null) => (price === null ? null : `if ${price}`)
const at = (price: string | null) => (price === null ? null : `@ ${price}`)
