/** Owns the words for lengths of time: `500ms`, `10s`, `2m`, `4h`, `90d`. */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/

/** Milliseconds; null where the text is no duration. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = DURATION.exec(text.trim()) ?? []
  if (count === undefined || unit === undefined) return null
  return Number(count) * UNITS[isUnit(unit) ? unit : 'ms']
}

/** In the largest unit that divides it: 120000 is `2m`. */
export function formatDuration(ms: number): string {
  const unit = UNIT_NAMES.findLast((name) => ms % UNITS[name] === 0) ?? 'ms'
  return ms === 0 ? '0s' : `${ms / UNITS[unit]}${unit}`
}

const UNIT_NAMES = ['ms', 's', 'm', 'h', 'd'] as const
const isUnit = (text: string): text is keyof typeof UNITS => Object.hasOwn(UNITS, text)
