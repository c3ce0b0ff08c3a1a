/** Owns exact decimal numbers: canonical text in, canonical text out, never a double in between. */
import { Decimal as Big } from 'decimal.js'

declare const canonical: unique symbol

/** Canonical decimal text: no exponent, no trailing zeros, no leading `+` or `.`; zero is `0`. */
export type Decimal = string & { readonly [canonical]: true }

/** A price or quantity with more digits than this is not one; refusing it bounds all arithmetic that follows. */
export const MAX_DECIMAL_DIGITS = 80

const Exact = Big.clone({ precision: 2 * MAX_DECIMAL_DIGITS, toExpNeg: -9e15, toExpPos: 9e15 })
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const CANONICAL = /^-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/

/** Reads decimal text or a JSON number literal; null where it is no number or exceeds {@link MAX_DECIMAL_DIGITS}. */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > 2 * MAX_DECIMAL_DIGITS || !NUMBER.test(text)) return null
  if (text.length <= MAX_DECIMAL_DIGITS && CANONICAL.test(text) && text !== '-0') return text as Decimal
  const value = canonicalise(new Exact(text))
  return value.length > MAX_DECIMAL_DIGITS ? null : value
}

/** The same for text the program itself wrote; throws a RangeError where that is not a decimal. */
export function decimal(text: string): Decimal {
  const value = parseDecimal(text)
  if (value === null) throw new RangeError(`not a decimal: ${text.slice(0, 40)}`)
  return value
}

export const ZERO = decimal('0')

export const add = (a: Decimal, b: Decimal): Decimal => canonicalise(new Exact(a).plus(b))
export const subtract = (a: Decimal, b: Decimal): Decimal => canonicalise(new Exact(a).minus(b))
export const negate = (a: Decimal): Decimal => subtract(ZERO, a)
export const isZero = (a: Decimal): boolean => a === '0'
export const isNegative = (a: Decimal): boolean => a.startsWith('-')

/** Negative, zero or positive as `a` is smaller than, equal to or larger than `b`. */
export const compare = (a: Decimal, b: Decimal): number => (a === b ? 0 : new Exact(a).comparedTo(b))
export const max = (a: Decimal, b: Decimal): Decimal => (compare(a, b) >= 0 ? a : b)
export const min = (a: Decimal, b: Decimal): Decimal => (compare(a, b) <= 0 ? a : b)
export const sum = (values: Iterable<Decimal>): Decimal => {
  let total = new Exact(0)
  for (const value of values) total = total.plus(value)
  return canonicalise(total)
}

/**
 * Undoes binary arithmetic that a venue did on a quantity: the nearest multiple of `step` if it lies within 1e-9,
 * else the value at 15 significant digits. Only for quantities a venue subtracted or summed in floating point.
 */
export function snap(value: Decimal, step: Decimal | null): Decimal {
  const exact = new Exact(value)
  if (step !== null && !isZero(step)) {
    const nearest = exact.dividedBy(step).round().times(step)
    if (exact.minus(nearest).abs().lessThanOrEqualTo('1e-9')) return canonicalise(nearest)
  }
  return canonicalise(exact.toSignificantDigits(15))
}

// The one place that makes the brand: `toFixed` of a decimal.js value is canonical but for minus zero.
const canonicalise = (value: Big): Decimal => (value.isZero() ? '0' : value.toFixed()) as Decimal
