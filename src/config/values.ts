/** Owns the single values of a configuration and their bounds. Every message is `problem; remedy`. */
import { z } from 'zod'
import { formatDuration, parseDuration } from './duration.ts'
import { Secret } from './secret.ts'

/** What to say of a value that is absent or of another type than text. */
const wants = (what: string) => (issue: { input?: unknown }) => {
  if (issue.input === undefined) return `is missing; set it to ${what}`
  const quotes = typeof issue.input === 'number' ? ' in quotes' : ''
  return `is not text; write ${what}${quotes}`
}

export const text = (what: string) => z.string({ error: wants(what) }).min(1, `is empty; set it to ${what}`)

/** A number, or its digits as text (out of a variable). */
export const numeric = (bounds: { min: number; max: number; integer: boolean }) => {
  const what = `${bounds.integer ? 'a whole number' : 'a number'} from ${bounds.min} to ${bounds.max}`
  const fits = (value: number) =>
    value >= bounds.min && value <= bounds.max && (!bounds.integer || Number.isSafeInteger(value))
  const digits = z.string().regex(/^\d+(\.\d+)?$/, `is not a number; write ${what}`)
  return z
    .union([z.number(), digits], {
      error: (issue) =>
        issue.input === undefined ? `is missing; set it to ${what}` : `is not a number; write ${what}`,
    })
    .transform(Number)
    .refine(fits, `is out of bounds; write ${what}`)
}

/** `true` or `false`, also as text (out of a variable). */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], { error: () => 'is neither true nor false; write one of them' })
  .transform((value) => value === true || value === 'true')

/** A duration in ms within bounds. */
export const duration = (min: number, max: number) => {
  const what = `a duration from ${formatDuration(min)} to ${formatDuration(max)}, such as ${formatDuration(Math.max(min, 10_000))}`
  return z
    .string({ error: () => `is not a duration; write ${what}` })
    .meta({ pattern: '^\\d+(ms|s|m|h|d)$' })
    .transform((value, context) => {
      const ms = parseDuration(value)
      if (ms !== null && ms >= min && ms <= max) return ms
      const problem = ms === null ? 'is not a duration' : ms < min ? 'is too short' : 'is too long'
      context.addIssue({ code: 'custom', message: `${problem}; write ${what}` })
      return z.NEVER
    })
}

const INSTANT = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?$/

/** Ms since the epoch of an RFC 3339 date, or of a day (its midnight in UTC); null where the text is neither. */
export function parseInstant(value: string): number | null {
  const at = INSTANT.test(value) ? Date.parse(value.replace(' ', 'T').toUpperCase()) : Number.NaN
  return Number.isNaN(at) ? null : at
}

export const instant = z.string({ error: wants('a date such as 2026-01-31T00:00:00Z') }).transform((value, context) => {
  const at = parseInstant(value)
  if (at !== null) return at
  context.addIssue({ code: 'custom', message: 'is not an RFC 3339 date; write one such as 2026-01-31T00:00:00Z' })
  return z.NEVER
})

export const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '::1' ||
  host === '[::1]' ||
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** A base URL without a trailing slash. The plain scheme is for loopback: keys would cross a network in the clear. */
export const baseUrl = (secure: 'https' | 'wss', what: string) => {
  const plain = secure === 'https' ? 'http' : 'ws'
  return z.string({ error: wants(what) }).transform((value, context) => {
    const wrong = (message: string) => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    if (!URL.canParse(value)) return wrong(`is not a URL; write ${what}`)
    const url = new URL(value)
    if (url.protocol === `${plain}:` && !isLoopback(url.hostname)) {
      return wrong(`uses ${plain}: outside this machine; write ${secure}:`)
    }
    if (url.protocol !== `${secure}:` && url.protocol !== `${plain}:`)
      return wrong(`is no ${secure} URL; write ${what}`)
    if (url.username !== '' || url.password !== '') return wrong('carries a user name or password; take it out')
    if (url.search !== '' || url.hash !== '') return wrong('has a query or fragment; take it out')
    return url.href.replace(/\/+$/, '')
  })
}

/** A key that travels in headers or signs what does. `name` is its key in the file: `<name>File` may stand instead. */
export const secret = (name: string) =>
  secretText(name)
    .regex(/^[\x21-\x7e]*$/, 'has blanks or characters that no key has; copy it again')
    .transform((value) => new Secret(value))

/** {@link secret} before its own checks. The mark `secret` lets the JSON Schema offer `<name>File` as well. */
export const secretText = (name: string) =>
  z
    .string({
      error: (issue) =>
        issue.input === undefined
          ? `is missing; set ${name} or ${name}File`
          : 'was read as something else than text; put it in quotes',
    })
    .meta({ secret: true })
