/** Owns how results look: tables and lines for people, one object a line for programs, colour only where it is seen. */
import type { Environment } from '../config/substitute.ts'
import type { Output } from './world.ts'

const STYLES = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 }
export type Style = keyof typeof STYLES

export interface Cell {
  text: string
  style?: Style
}

export interface Column {
  title: string
  align?: 'right'
  /** Left out, the later ones first, where a terminal would be too narrow. */
  spare?: true
}

/** What fits most terminals without breaking lines. */
const TERMINAL_WIDTH = 120

export interface Printer {
  readonly json: boolean
  /** A result; in JSON mode the object, else the text. */
  result(value: unknown, text: () => string): void
  line(text: string): void
  object(value: unknown): void
  /** For a terminal at most {@link TERMINAL_WIDTH} wide: spare columns are left out, then the last column is cut. */
  table(columns: readonly Column[], rows: readonly (readonly (Cell | string)[])[]): void
  /** Beside the results, on stderr, so that a pipe carries results alone. */
  note(text: string): void
  paint(style: Style, text: string): string
}

export function createPrinter(options: { stdout: Output; stderr: Output; env: Environment; json: boolean }): Printer {
  const { stdout, stderr, json } = options
  const colour = stdout.terminal && !options.env.NO_COLOR && options.env.TERM !== 'dumb'
  const paint = (style: Style, text: string) =>
    colour && text !== '' ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text
  const line = (text: string) => stdout.write(`${text}\n`)
  const object = (value: unknown) => line(JSON.stringify(value))
  return {
    json,
    line,
    object,
    paint,
    result: (value, text) => (json ? object(value) : line(text())),
    note: (text) => stderr.write(`${text}\n`),
    table(columns, rows) {
      for (const text of layOut(columns, rows, paint, stdout.terminal ? TERMINAL_WIDTH : Infinity)) line(text)
    },
  }
}

/**
 * Text that came from a venue, for a terminal: control characters could move the cursor or rewrite what stands there,
 * and marks of direction could turn it around.
 */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}

/** The words, with one blank between: what is null or empty is left out. */
export const words = (...parts: (string | null)[]): string =>
  parts.filter((part) => part !== null && part !== '').join(' ')

function layOut(
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  paint: Printer['paint'],
  width: number,
): string[] {
  const header = columns.map(({ title }): Cell => ({ text: title, style: 'dim' }))
  const cells = [header, ...rows.map((row) => row.map(toCell))]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.text.length ?? 0)))
  const kept = columnsWithin(width, columns, widths)
  const last = kept.at(-1)
  const cutTo = last === undefined ? 0 : (widths[last] ?? 0) - Math.max(0, widthOf(kept, widths) - width)
  return cells.map((row) =>
    kept
      .map((index) => {
        const { text: whole, style } = row[index] ?? { text: '' }
        const text = index === last ? cut(whole, Math.max(NARROWEST, cutTo)) : whole
        const align = columns[index]?.align
        const pad = ' '.repeat(Math.max(0, (widths[index] ?? 0) - text.length))
        const painted = style === undefined ? text : paint(style, text)
        return align === 'right' ? pad + painted : painted + pad
      })
      .join(GAP)
      .trimEnd(),
  )
}

const GAP = '  '
/** A cut column keeps this many characters, even where that makes the table wider than it should be. */
const NARROWEST = 16

const widthOf = (kept: readonly number[], widths: readonly number[]): number =>
  kept.reduce((sum, index) => sum + (widths[index] ?? 0) + GAP.length, -GAP.length)

function columnsWithin(width: number, columns: readonly Column[], widths: readonly number[]): number[] {
  let kept = columns.map((_, index) => index)
  while (widthOf(kept, widths) > width) {
    const spare = kept.findLast((index) => columns[index]?.spare === true)
    if (spare === undefined) break
    kept = kept.filter((index) => index !== spare)
  }
  return kept
}

/** In the middle: ids of one venue begin alike and end differently. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text
  const end = Math.floor((length - 1) / 2)
  return `${text.slice(0, length - 1 - end)}…${text.slice(text.length - end)}`
}

function toCell(cell: Cell | string): Cell {
  return typeof cell === 'string' ? { text: plain(cell) } : { ...cell, text: plain(cell.text) }
}
