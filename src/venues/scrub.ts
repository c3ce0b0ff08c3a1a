/** Owns the removal of secrets from whatever is kept or shown: values by their keys, texts by their shapes or by name. */
import { MAX_SAMPLE_CHARS } from '../core/quarantine.ts'

const REDACTED = '[redacted]'

/** Beyond these a copy ends in a mark; a sample needs no more and a hostile payload gets no more. */
const MAX_DEPTH = 8
const MAX_ITEMS = 100
const MAX_TEXT_CHARS = 8 * MAX_SAMPLE_CHARS

/** Parts of a key, in lower case without separators, that name a secret or a thing signed with one. */
const SECRET_KEY =
  /signature|signer|signed|nonce|secret|apikey|privatekey|sessionkey|publickey|passphrase|password|mnemonic|authoriz|authtoken|token|jwt|bearer|cookie|credential|hmac|pem$|^key$|^auth$|^sig$/

/** A deep copy in which what may be secret is `[redacted]`, whatever its depth. Never throws. */
export function scrub(value: unknown): unknown {
  return copy(value, 0)
}

/** One line for the quarantine: the value after {@link scrub}, as JSON, cut to MAX_SAMPLE_CHARS. */
export function sampleOf(value: unknown): string {
  const scrubbed = scrub(value)
  const text = typeof scrubbed === 'string' ? scrubbed : (JSON.stringify(scrubbed) ?? typeof value)
  return text.slice(0, MAX_SAMPLE_CHARS)
}

/** Removes what has the shape of a secret from free text: key material, signatures, web tokens, `name: value` pairs. */
export function scrubText(text: string): string {
  // Cut first, so that the patterns below meet a bounded text; a secret cut in two loses its rest with the last word.
  let clean = text.length > MAX_TEXT_CHARS ? text.slice(0, MAX_TEXT_CHARS).replace(/[\w+/=.-]*$/, '') : text
  for (const [shape, substitute] of SECRET_SHAPES) clean = clean.replace(shape, substitute)
  return clean
}

const SECRET_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|$)/g, REDACTED],
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, REDACTED],
  [/\b(Bearer|Basic|HMAC)\s+[\w+/=.~-]{6,}/gi, `$1 ${REDACTED}`],
  // 32 bytes of hex may be a private key, 64 and more a signature. Order ids are UUIDs or shorter.
  [/\b(?:0x)?[0-9a-f]{64,}\b/gi, REDACTED],
  [
    /((?:signature|signer|nonce|secret|api[_-]?key|private[_-]?key|session[_-]?key|public[_-]?key|passphrase|password|authorization|token|jwt|hmac)\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)(?!\[redacted\])[^\s"'\\,;&}\]]+/gi,
    `$1${REDACTED}`,
  ],
]

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '[deeper]'
  if (value instanceof Error) return { error: value.name, message: scrubText(value.message) }
  return Array.isArray(value) ? copyList(value, depth) : copyRecord(value, depth)
}

function copyList(list: readonly unknown[], depth: number): unknown[] {
  const items = list.slice(0, MAX_ITEMS).map((item) => copy(item, depth + 1))
  return list.length > MAX_ITEMS ? [...items, `[${list.length - MAX_ITEMS} more]`] : items
}

function copyRecord(record: object, depth: number): Record<string, unknown> {
  const entries: [string, unknown][] = []
  for (const [key, item] of Object.entries(record)) {
    if (entries.length === MAX_ITEMS) {
      entries.push(['…', '[more]'])
      break
    }
    entries.push([scrubText(key), isSecretKey(key) ? redact(item) : copy(item, depth + 1)])
  }
  return Object.fromEntries(entries)
}

const isSecretKey = (key: string): boolean =>
  SECRET_KEY.test(
    key
      .slice(0, 200)
      .replace(/[^a-z0-9]/gi, '')
      .toLowerCase(),
  )

// That there was none is worth knowing and betrays nothing.
const redact = (item: unknown): unknown => (item === null || item === undefined ? item : REDACTED)

/** A shorter secret would be found in ordinary words, and what is cut out would tell more than it hides. */
export const MIN_SECRET_CHARS = 6

/** Replaces every known secret in a text, also where it is URL-encoded, in base64, in hex or inside a JSON string. */
export function createScrubber(secrets: readonly string[]): (text: string) => string {
  const forms = new Set(secrets.flatMap(formsOf).filter((form) => form.length >= MIN_SECRET_CHARS))
  if (forms.size === 0) return (text) => text
  // The longest first: a short form inside a long one would leave the rest standing.
  const longestFirst = [...forms].sort((a, b) => b.length - a.length).map(escapeForPattern)
  const any = new RegExp(longestFirst.join('|'), 'gi')
  return (text) => text.replace(any, REDACTED)
}

function formsOf(secret: string): string[] {
  const trimmed = secret.trim()
  if (trimmed.length < MIN_SECRET_CHARS) return []
  const bytes = Buffer.from(trimmed)
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  const forms = [
    trimmed,
    trimmed.replace(/^0x/i, ''),
    encodeURIComponent(trimmed),
    JSON.stringify(trimmed).slice(1, -1),
  ]
  forms.push(base64, encodeURIComponent(base64), bytes.toString('base64url'), bytes.toString('hex'))
  // A key file is often shown without its line breaks or one line at a time.
  const lines = trimmed.split(/\r?\n/)
  return lines.length > 1
    ? [...forms, ...lines.filter((line) => line.length >= 16 && !line.startsWith('-----'))]
    : forms
}

const escapeForPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
