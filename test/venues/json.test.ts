import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimal, parseDecimal } from '../../src/core/decimal.ts'
import {
  decimalOrNull,
  decimalSchema,
  JsonLimitError,
  MAX_JSON_CHARS,
  MAX_JSON_DEPTH,
  parseJson,
} from '../../src/venues/json.ts'

/** Sign, up to 18 digits, a point anywhere in them: what a venue may write for a price or a quantity. */
const literals = fc
  .tuple(fc.boolean(), fc.stringMatching(/^[0-9]{1,18}$/), fc.nat(17))
  .map(([isNegative, digits, place]) => {
    const whole = digits.slice(0, place).replace(/^0+(?=\d)/, '')
    const fraction = digits.slice(place)
    return `${isNegative ? '-' : ''}${whole || '0'}${fraction ? `.${fraction}` : ''}`
  })

describe('parseJson', () => {
  it('keeps every digit of any decimal of up to 18 digits, wherever it is nested', () => {
    fc.assert(
      fc.property(literals, fc.string(), fc.array(fc.boolean(), { maxLength: 20 }), (literal, key, nesting) => {
        const path = nesting.map((isArray) => (isArray ? 0 : key))
        const text = nesting.reduceRight(
          (inner, isArray) => (isArray ? `[ ${inner} ,"${literal}"]` : `{${JSON.stringify(key)}:\n${inner}\t}`),
          literal,
        )
        fc.pre(key !== '__proto__')
        let value = parseJson(text)
        for (const part of path) value = Object.entries(value ?? {}).find(([name]) => name === String(part))?.[1]
        expect(parseDecimal(String(value))).toBe(parseDecimal(literal))
      }),
      { numRuns: 500 },
    )
  })

  it('is JSON.parse for whatever a double can hold', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        fc.pre(!text.includes('__proto__'))
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  it('leaves a number a number where its double prints back to the same value', () => {
    expect(parseJson('[1758208770.5512846, 1.0000000000000000000, 100000000000000000000, -0.10]')).toEqual([
      1758208770.5512846, 1, 1e20, -0.1,
    ])
  })

  it.each([
    ['123456789.123456789', '123456789.123456789'],
    ['9007199254740993', '9007199254740993'],
    ['-0.1000000000000000055', '-0.1000000000000000055'],
    ['1.2345678901234567890e5', '123456.7890123456789'],
    // Short, and yet beyond a double.
    ['1e400', '1e400'],
    ['4.9123e-324', '4.9123e-324'],
  ])('reads %s as text, since a double would change it', (literal, text) => {
    expect(parseJson(`{"price": ${literal}}`)).toEqual({ price: text })
    expect(parseJson(literal)).toBe(text)
  })

  it('does not touch digits inside strings and keys', () => {
    const text = String.raw`{"12345678901234567890":"[1,12345678901234567890]","a\"":"\\\",:98765432109876543210,\\"}`
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  it.each([
    '{12345678901234567890: 1}',
    `{12345678901234567890${' '.repeat(50)}:1}`,
    '[12345678901234567890.]',
    '[012345678901234567890]',
    '[1234567890-1234567890]',
    '[--1234567890123456789]',
    '"unended 12345678901234567890',
    '{"secret":"hunter2"',
    '',
    '\\',
  ])('refuses %j without quoting it', (text) => {
    const error = catchError(() => parseJson(text))
    expect(error).toBeInstanceOf(SyntaxError)
    expect(error).toMatchObject({ message: 'not JSON' })
    expect(error).not.toHaveProperty('cause')
  })

  it.each(['{"__proto__":{"polluted":1},"a":1}', String.raw`{"__pr\u006fto__":{"polluted":1},"a":1}`])(
    'drops the key __proto__ from %s',
    (text) => {
      const value = parseJson(text)
      expect(Object.keys(Object(value))).toEqual(['a'])
      expect(Object.assign({}, value)).not.toHaveProperty('polluted')
    },
  )

  it('reads nesting up to its limit and refuses what goes deeper by the name of the limit', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(() => parseJson(nested(MAX_JSON_DEPTH))).not.toThrow()
    expect(() => parseJson(`{"text":"${'['.repeat(1_000)}"}`)).not.toThrow()
    expect(catchError(() => parseJson(nested(MAX_JSON_DEPTH + 1)))).toMatchObject({ limit: 'MAX_JSON_DEPTH' })
    expect(catchError(() => parseJson('['.repeat(1_000_000)))).toBeInstanceOf(JsonLimitError)
  })

  it('refuses a text over its size before reading it', () => {
    const error = catchError(() => parseJson(' '.repeat(MAX_JSON_CHARS + 1)))
    expect(error).toMatchObject({ name: 'JsonLimitError', limit: 'MAX_JSON_CHARS' })
  })
})

describe('decimalSchema', () => {
  it.each([
    [0.1, '0.1'],
    ['00012.500', '12.5'],
    [1e-7, '0.0000001'],
    ['123456789.123456789', '123456789.123456789'],
  ])('reads %j as %s', (value, text) => {
    expect(decimalSchema.parse(value)).toBe(decimal(text))
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 'NaN', 'Infinity', '', ' 1', '0x10', true, null])(
    'refuses %j',
    (value) => {
      expect(decimalSchema.safeParse(value).success).toBe(false)
    },
  )

  it('lets null through only where it may be null', () => {
    expect(decimalOrNull.parse(null)).toBeNull()
    expect(decimalOrNull.parse('2')).toBe('2')
  })
})

function catchError(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('it did not throw')
}
