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
  const exact = quoteLossyNumbers(text)
  try {
    return mayNameProto(text) ? JSON.parse(exact, withoutProto) : JSON.parse(exact)
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

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** A literal this long may hold more digits than a double; a shorter one without an exponent cannot. */
const LOSSY_CHARS = 16
const LITERAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** One pass over the characters, because this runs on every message: it must cost no more than the parsing itself. */
function quoteLossyNumbers(text: string): string {
  const { length } = text
  let depth = 0
  let exact = ''
  let copied = 0
  for (let at = 0; at < length; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) {
      at = endOfString(text, at)
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
  return copied === 0 ? text : exact + text.slice(copied)
}

/** The place of the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (let char = text.charCodeAt(at); char !== QUOTE && at < text.length; char = text.charCodeAt(at)) {
    at += char === BACKSLASH ? 2 : 1
  }
  return at
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1
  while (isNumberChar(text.charCodeAt(at))) at++
  return at
}

const isNumberChar = (char: number): boolean =>
  (char >= ZERO && char <= NINE) || char === 0x2e || char === 0x65 || char === 0x45 || char === MINUS || char === 0x2b

/** The number's decimal text where a double would change its value, else null. */
function losslessText(text: string, start: number, end: number): string | null {
  if (end - start < LOSSY_CHARS && !hasExponent(text, start, end)) return null
  const literal = text.slice(start, end)
  const double = Number(literal)
  if (String(double) === literal || !LITERAL.test(literal)) return null
  // Quoting a bare number before a colon would turn nonsense into a key.
  if (/^\s*:/.test(text.slice(end, end + 20))) return null
  const exact = parseDecimal(literal)
  return exact !== null && exact === parseDecimal(String(double)) ? null : (exact ?? literal)
}

function hasExponent(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x65 || char === 0x45) return true
  }
  return false
}

// An escape can spell any letter of the name, so any escape of that range takes the careful way.
const mayNameProto = (text: string): boolean => text.includes('__proto__') || text.includes('\\u00')
const withoutProto = (key: string, value: unknown): unknown => (key === '__proto__' ? undefined : value)
