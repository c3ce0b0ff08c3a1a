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
}

export interface Printer {
  readonly json: boolean
  /** A result; in JSON mode the object, else the text. */
  result(value: unknown, text: () => string): void
  line(text: string): void
  object(value: unknown): void
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
      for (const text of layOut(columns, rows, paint)) line(text)
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
): string[] {
  const header = columns.map(({ title }): Cell => ({ text: title, style: 'dim' }))
  const cells = [header, ...rows.map((row) => row.map(toCell))]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.text.length ?? 0)))
  return cells.map((row) =>
    columns
      .map(({ align }, index) => {
        const { text, style } = row[index] ?? { text: '' }
        const pad = ' '.repeat(Math.max(0, (widths[index] ?? 0) - text.length))
        const painted = style === undefined ? text : paint(style, text)
        return align === 'right' ? pad + painted : painted + pad
      })
      .join('  ')
      .trimEnd(),
  )
}

function toCell(cell: Cell | string): Cell {
  return typeof cell === 'string' ? { text: plain(cell) } : { ...cell, text: plain(cell.text) }
}
