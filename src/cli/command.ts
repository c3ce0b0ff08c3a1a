/** Owns what all commands share: their options, where the configuration is, and how a failure ends one. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { parseDuration } from '../config/duration.ts'
import { parseInstant } from '../config/values.ts'
import { type Config, loadConfig, loadReaderConfig, type ReaderConfig, secretsOf } from '../config.ts'
import { createScrubber } from '../venues/scrub.ts'
import { createPrinter, type Printer } from './print.ts'
import type { World } from './world.ts'

/** Used wrongly: exit code 2. The message says what to do instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A check did not hold, or nothing was found: exit code 1, with whatever was printed before. */
export class NegativeResult extends Error {
  override readonly name = 'NegativeResult'
}

export interface CommonOptions {
  config?: string
  json?: boolean
  debug?: boolean
}

/** What one run of a command works with. */
export interface Run {
  world: World
  print: Printer
  /** Absolute; whether it is there or not. */
  configPath: string
  /** The whole configuration. Its secrets are scrubbed from every error printed from then on. */
  config(): Config
  /** Where the database is, whatever else is wrong in the file. */
  readerConfig(): ReaderConfig
}

/** Makes a commander action of a command's own function. */
export type Act = <Options extends CommonOptions>(
  work: (run: Run, options: Options, args: readonly string[]) => Promise<void> | void,
) => (...given: unknown[]) => Promise<void>

export type Scrub = (text: string) => string

/** Adds the options every command takes, and its example. */
export function describeCommand(command: Command, example: string): Command {
  return command
    .option('--config <file>', 'the configuration (default: $ORDERSYNC_CONFIG or ./ordersync.yaml)')
    .option('--json', 'print one JSON object a line')
    .option('--debug', 'show the stack of an error')
    .addHelpText('after', `\nExample:\n${example.replaceAll(/^/gm, '  ')}`)
}

export function createRun(world: World, options: CommonOptions, onScrub: (scrub: Scrub) => void): Run {
  const configPath = resolve(world.cwd, options.config ?? (world.env.ORDERSYNC_CONFIG || 'ordersync.yaml'))
  const source = { path: configPath, env: world.env, readFile: world.readFile }
  const print = createPrinter({ ...world, json: options.json === true })
  const hiding = <T extends ReaderConfig>(config: T): T => {
    onScrub(createScrubber(secretsOf(config)))
    return config
  }
  return {
    world,
    print,
    configPath,
    config: () => hiding(loadConfig(source)),
    readerConfig: () => hiding(loadReaderConfig(source)),
  }
}

/** An option's whole number from 1 on. */
export function parseCount(text: string, option: string, most: number): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= most) return count
  throw new UsageError(`${option} takes a whole number from 1 to ${most}`)
}

/** An option's duration in ms. */
export function parseLength(text: string, option: string): number {
  const ms = parseDuration(text)
  if (ms !== null) return ms
  throw new UsageError(`${option} takes a duration such as 500ms, 30s, 10m, 4h or 90d`)
}

/** An option's moment in ms since the epoch: a date in UTC, or how long ago. */
export function parseMoment(text: string, option: string, now: number): number {
  const ago = parseDuration(text)
  const at = ago === null ? parseInstant(text) : now - ago
  if (at !== null) return at
  throw new UsageError(`${option} takes a date such as 2026-01-31T00:00:00Z, or how long ago, such as 2h`)
}

/** An option's word out of a list. */
export function parseWord<Word extends string>(text: string, option: string, among: readonly Word[]): Word {
  const word = among.find((candidate) => candidate === text)
  if (word !== undefined) return word
  throw new UsageError(`${option} takes one of ${among.join(', ')}`)
}
