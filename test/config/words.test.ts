import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../src/config/duration.ts'
import { configJsonSchema, SECRET_KEYS } from '../../src/config/json-schema.ts'
import { nearest } from '../../src/config/problems.ts'
import { parseInstant } from '../../src/config/values.ts'

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['4h', 14_400_000],
    ['90d', 7_776_000_000],
    ['1.5s', null],
    ['10', null],
    ['10 s', null],
    ['-1s', null],
    ['s', null],
    ['9999999999s', null],
  ])('%s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([0, 1, 999, 1_000, 90_000, 7_200_000, 86_400_000, 90_061_001])('%s ms is read back as written', (ms) => {
    expect(parseDuration(formatDuration(ms))).toBe(ms)
  })
})

describe('dates', () => {
  it.each([
    ['2026-01-31T00:00:00Z', 1_769_817_600_000],
    ['2026-01-31', 1_769_817_600_000],
    ['2026-01-31 01:00:00+01:00', 1_769_817_600_000],
    ['2026-01-31t00:00:00.5z', 1_769_817_600_500],
    ['2026-01-31T00:00:00', null],
    ['2026-13-31T00:00:00Z', null],
    ['31.1.2026', null],
    ['1769817600000', null],
  ])('%s is %s', (text, at) => {
    expect(parseInstant(text)).toBe(at)
  })
})

describe('the word that was meant', () => {
  it.each([
    ['databse', 'database'],
    ['DATABASE', 'database'],
    ['queu', 'queue'],
    ['telegram', null],
    ['x', null],
    ['d'.repeat(10_000), null],
  ])('for %.12s is %s', (word, meant) => {
    expect(nearest(word, ['database', 'queue', 'accounts'])).toBe(meant)
  })
})

describe('the JSON Schema', () => {
  const text = JSON.stringify(configJsonSchema())

  it('offers a file for every secret key', () => {
    expect([...SECRET_KEYS].toSorted()).toEqual(['apiKey', 'privateKey', 'secretKey', 'sessionKey', 'token'])
    for (const key of SECRET_KEYS) expect(text).toContain(`"${key}File"`)
  })

  it('asks for exactly one of a required secret and its file', () => {
    expect(text).toContain('{"oneOf":[{"required":["secretKey"]},{"required":["secretKeyFile"]}]}')
    expect(text).not.toContain('{"required":["token"]}')
  })

  it('names every venue', () => {
    for (const venue of ['qfex', 'derive', 'revolut-x', 'dexpal']) expect(text).toContain(`"const":"${venue}"`)
  })
})
