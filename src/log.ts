/** Owns the log: one line an entry, known secrets taken out of the finished line, short coloured text in a terminal. */
import { type Logger, pino, stdSerializers } from 'pino'
import { z } from 'zod'
import { createScrubber } from './venues/scrub.ts'

export interface LogOptions {
  /** Takes whole lines. */
  write(line: string): void
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `json` for programs, `text` for people, `colour` for people at a terminal. */
  format: 'json' | 'text' | 'colour'
  /** Wall time, ms. */
  wall(): number
}

export interface Log {
  logger: Logger
  /** From now on these are taken out of every line, beside the earlier ones: a reload must not uncover the old keys. */
  hide(secrets: readonly string[]): void
}

export function createLog(options: LogOptions): Log {
  const hidden = new Set<string>()
  let scrub = createScrubber([])
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(options.wall()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause, error: stdSerializers.errWithCause },
      // On the finished line: a secret may sit at any depth, in a message, a stack or a URL.
      hooks: { streamWrite: (line) => scrub(line) },
    },
    {
      write: (line) => options.write(options.format === 'json' ? line : formatEntry(line, options.format === 'colour')),
    },
  )
  return {
    logger,
    hide(secrets) {
      for (const secret of secrets) hidden.add(secret)
      scrub = createScrubber([...hidden])
    },
  }
}

const entrySchema = z.looseObject({
  level: z.string(),
  time: z.string(),
  msg: z.string().optional(),
  err: z.looseObject({ message: z.string().optional() }).optional(),
})

const COLOURS: Record<string, number> = { debug: 90, info: 36, warn: 33, error: 31, fatal: 31 }

/** `12:00:01.123 warn account refused  account=qfex-main`: time of day in UTC, the message, its fields. */
function formatEntry(line: string, colour: boolean): string {
  const { success, data } = entrySchema.safeParse(parse(line))
  if (!success) return line
  const { level, time, msg = '', err, ...fields } = data
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const said = err?.message === undefined ? fields : { ...fields, error: err.message }
  const pairs = Object.entries(said).map(([key, value]) => `${key}=${formatField(value)}`)
  const tail = pairs.length === 0 ? '' : `  ${paint(90, pairs.join(' '))}`
  return `${paint(90, time.slice(11, 23))} ${paint(COLOURS[level] ?? 0, level.padEnd(5))} ${msg}${tail}\n`
}

const formatField = (value: unknown): string =>
  typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value)

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
