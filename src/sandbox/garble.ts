/** Owns how a good body becomes a bad one: rows of a wrong shape, or text that is no JSON at all. */
import type { Dice } from './chance.ts'
import type { FaultSite, Faults } from './faults.ts'

type Row = Record<string, unknown>

const PROXY_PAGE = '<html><head><title>502 Bad Gateway</title></head><body>upstream</body></html>'
const STATUS_FIELDS = ['status', 'state', 'terminal_status', 'order_status']
/** An object with fewer fields than this is an envelope, not a row. */
const MIN_ROW_FIELDS = 6

/** The text that goes out for a body, with whatever fault strikes here. The body is not changed. */
export function wireText(body: unknown, site: FaultSite, { faults, dice }: { faults: Faults; dice: Dice }): string {
  if (faults.strike('garbage_body', site) !== null) return PROXY_PAGE
  const text = JSON.stringify(body)
  const isCut = text.length > 2 && faults.strike('cut_body', site) !== null
  if (isCut) return text.slice(0, dice.integer(1, text.length - 1))
  const rows = rowsOf(body)
  if (rows.length === 0) return text
  const copy: unknown = JSON.parse(text)
  return spoil(rowsOf(copy), site, faults, dice) ? JSON.stringify(copy) : text
}

function spoil(rows: Row[], site: FaultSite, faults: Faults, dice: Dice): boolean {
  const row = dice.pick(rows)
  const fields = Object.keys(row)
  let isSpoilt = false
  if (faults.strike('wrong_type', site) !== null) {
    const field = dice.pick(fields)
    // Text or a number for text would be no wrong type but a lie, which nobody could tell from the truth.
    const isText = typeof row[field] === 'string'
    row[field] = dice.pick([true, { nested: 1 }, [], isText ? {} : 'not-what-you-think'])
    isSpoilt = true
  }
  const missing = faults.strike('missing_field', site)
  if (missing !== null) {
    delete row[missing.field ?? dice.pick(fields)]
    isSpoilt = true
  }
  const status = STATUS_FIELDS.find((field) => field in row)
  if (status !== undefined && faults.strike('unknown_status', site) !== null) {
    row[status] = 'PENDING_REVIEW'
    isSpoilt = true
  }
  if (faults.strike('extra_field', site) !== null) {
    for (const each of rows) Object.assign(each, { introduced_later: 'yes', nested_later: { depth: [1, 2] } })
    isSpoilt = true
  }
  return isSpoilt
}

/** Every row in a body, wherever it is. */
function rowsOf(value: unknown): Row[] {
  if (Array.isArray(value)) return value.flatMap(rowsOf)
  if (!isObject(value)) return []
  const inner = Object.values(value).flatMap(rowsOf)
  return Object.keys(value).length >= MIN_ROW_FIELDS ? [value, ...inner] : inner
}

const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null
