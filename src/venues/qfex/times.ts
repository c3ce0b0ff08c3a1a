/** Owns QFEX's times: float seconds, integers of several units and ISO text become exact milliseconds. */
import { type Decimal, isNegative, isZero, parseDecimal } from '../../core/decimal.ts'

const ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,12}))?(Z|[+-]\d{2}:?\d{2})?$/i

/** The unit is told by the size: it is a fact of the number, where the documents disagree between seconds and milliseconds. */
const UNITS: readonly { from: number; exponent: string }[] = [
  { from: 1e17, exponent: 'e-6' },
  { from: 1e14, exponent: 'e-3' },
  { from: 1e11, exponent: '' },
  { from: 0, exponent: 'e3' },
]

/** A number since the epoch as ms with every digit; null for zero and below, which QFEX uses for none. */
export function epochMs(value: Decimal): Decimal | null {
  if (isZero(value) || isNegative(value)) return null
  const unit = UNITS.find(({ from }) => Number(value) >= from)
  return unit === undefined ? null : parseDecimal(`${value}${unit.exponent}`)
}

/** ISO text as ms with every digit; without a zone it is UTC; null where it is no time. */
export function isoMs(text: string): Decimal | null {
  const [, date, time, fraction = '', zone = 'Z'] = ISO.exec(text) ?? []
  if (date === undefined || time === undefined) return null
  const whole = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  if (!Number.isSafeInteger(whole) || whole <= 0) return null
  const digits = fraction.padEnd(3, '0')
  return parseDecimal(`${whole + Number(digits.slice(0, 3))}.${digits.slice(3) || '0'}`)
}

/** Whole milliseconds, as facts carry them: fractions are cut, never rounded up into the future. */
export const wholeMs = (ms: Decimal | null): number | null => (ms === null ? null : Math.trunc(Number(ms)))

/** A time in whichever of the forms above it comes: the same field is a number on the socket and ISO text over REST. */
export function timeMs(value: number | string | null | undefined): Decimal | null {
  if (value === null || value === undefined) return null
  const number = parseDecimal(String(value))
  return number === null ? isoMs(String(value)) : epochMs(number)
}
