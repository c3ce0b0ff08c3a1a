/** Owns the reading of JSON without losing a digit, and the schemas of the decimals in it. */
import { z } from 'zod'
import { type Decimal, parseDecimal } from '../core/decimal.ts'

/** Longer texts are refused before they are looked at. */
export const MAX_JSON_CHARS = 32_000_000

/** Deeper nesting is refused: no venue comes near it, and whatever walks the value afterwards may recurse. */
export const MAX_JSON_DEPTH = 64

/** The text is JSON for all we know, but more of it than we read. */
export class JsonLimitError extends Error {
  override readonly name = 'JsonLimitError'
  readonly limit: 'MAX_JSON_CHARS' | 'MAX_JSON_DEPTH'

  constructor(limit: 'MAX_JSON_CHARS' | 'MAX_JSON_DEPTH', allowed: number) {
    super(`JSON beyond ${limit} (${allowed})`)
    this.limit = limit
  }
}

/**
 * `JSON.parse`, but a number that a double would change arrives as its decimal text; every other number is a number.
 * `__proto__` keys are left out. Throws a SyntaxError that quotes nothing of the text, and {@link JsonLimitError}.
 */
export function parseJson(text: string): unknown {
  if (text.length > MAX_JSON_CHARS) throw new JsonLimitError('MAX_JSON_CHARS', MAX_JSON_CHARS)
  const { exact, mayNameProto } = quoteLossyNumbers(text)
  try {
    return mayNameProto ? JSON.parse(exact, withoutProto) : JSON.parse(exact)
  } catch {
    // The engine's message quotes what it could not read, and that may be anybody's secret.
    throw new SyntaxError('not JSON')
  }
}

/** A price or quantity: a number or its text, exact and canonical afterwards. */
export const decimalSchema = z.union([z.number(), z.string()]).transform((value, context): Decimal => {
  const exact = parseDecimal(String(value))
  if (exact !== null) return exact
  context.issues.push({ code: 'custom', message: 'not a decimal', input: undefined })
  return z.NEVER
})

export const decimalOrNull = decimalSchema.nullable()

const withoutProto = (key: string, value: unknown): unknown => (key === '__proto__' ? undefined : value)

const QUOTE = 0x22
const BACKSLASH = 0x5c
const UNDERSCORE = 0x5f
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const CAPITAL_E = 0x45
const SMALL_E = 0x65
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** One pass over the characters, because this runs on every message: it must cost no more than the parsing itself. */
function quoteLossyNumbers(text: string): { exact: string; mayNameProto: boolean } {
  let depth = 0
  let exact = ''
  let copied = 0
  let mayNameProto = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) {
      const end = endOfString(text, at)
      if (end - at === 10 && text.charCodeAt(at + 1) === UNDERSCORE)
        mayNameProto ||= text.startsWith('__proto__', at + 1)
      at = end
    } else if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      if (++depth > MAX_JSON_DEPTH) throw new JsonLimitError('MAX_JSON_DEPTH', MAX_JSON_DEPTH)
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) {
      depth--
    } else if ((char >= ZERO && char <= NINE) || char === MINUS) {
      const end = endOfNumber(text, at)
      const lossless = losslessText(text, at, end)
      if (lossless !== null) {
        exact += `${text.slice(copied, at)}"${lossless}"`
        copied = end
      }
      at = end - 1
    }
  }
  // An escape can spell any letter of the name, so an escape of that range takes the careful way too.
  return { exact: exact + text.slice(copied), mayNameProto: mayNameProto || text.includes('\\u00') }
}

/** The place of the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  // Nearly every string is free of escapes, and then its end is found at memory speed.
  const next = text.indexOf('"', start + 1)
  if (next === -1) return text.length
  if (text.charCodeAt(next - 1) !== BACKSLASH) return next
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1
  while (isNumberChar(text.charCodeAt(at))) at++
  return at
}

const isNumberChar = (char: number): boolean =>
  (char >= ZERO && char <= NINE) || char === POINT || isExponent(char) || char === MINUS || char === PLUS
const isExponent = (char: number): boolean => char === SMALL_E || char === CAPITAL_E

/** A literal this long may hold more digits than a double; a shorter one without an exponent cannot. */
const LOSSY_CHARS = 16
const LITERAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** The number's decimal text where a double would change its value, else null. */
function losslessText(text: string, start: number, end: number): string | null {
  if (end - start < LOSSY_CHARS && !hasExponent(text, start, end)) return null
  const literal = text.slice(start, end)
  const double = String(Number(literal))
  // Quoting what is no number, or a number where a key belongs, would turn nonsense into JSON.
  if (double === literal || !LITERAL.test(literal) || isBeforeColon(text, end)) return null
  const exact = parseDecimal(literal)
  return exact !== null && exact === parseDecimal(double) ? null : (exact ?? literal)
}

function hasExponent(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isExponent(text.charCodeAt(at))) return true
  return false
}

function isBeforeColon(text: string, end: number): boolean {
  let at = end
  while (text.charCodeAt(at) <= 0x20) at++
  return text.charCodeAt(at) === COLON
}
