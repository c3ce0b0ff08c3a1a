/** Owns the configuration: one file, read and checked as a whole, with every mistake in it named at once. */
import { dirname, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { AccountSettings } from './config/account-settings.ts'
import { explainFailure, type Failure, valueAt } from './config/failures.ts'
import { ConfigError, type ConfigProblem, formatKey } from './config/problems.ts'
import { type QueueSetting, readerSettings, type Settings, settings } from './config/schema.ts'
import { Secret } from './config/secret.ts'
import { type FileReader, readSecretFiles } from './config/secret-files.ts'
import { type Environment, substitute } from './config/substitute.ts'

export interface HttpSettings {
  listen: { host: string; port: number }
  token: Secret | null
}

/** What a program that only reads the database needs. Paths are absolute. */
export interface ReaderConfig {
  file: string
  database: string
  /** Null where HTTP is off. */
  http: HttpSettings | null
  /** For the log: nothing is wrong yet. */
  warnings: readonly string[]
}

export interface Config extends ReaderConfig {
  queue: QueueSetting
  accounts: readonly AccountSettings[]
}

export interface ConfigSource {
  /** Absolute. */
  path: string
  env: Environment
  readFile: FileReader
}

/** Reads the whole configuration. Throws a {@link ConfigError} that names every problem. */
export function loadConfig(source: ConfigSource): Config {
  const file = readYaml(source)
  const { data, warnings } = validate<Settings>(file, file.value, settings, source, sharedIds)
  return { ...readerConfig(data, source, warnings), queue: data.queue, accounts: data.accounts }
}

/** Reads only where the database is and where HTTP listens: no account and no secret of one needs to be right. */
export function loadReaderConfig(source: ConfigSource): ReaderConfig {
  const file = readYaml(source)
  const known = Object.keys(readerSettings.shape)
  const value = isGroup(file.value)
    ? Object.fromEntries(Object.entries(file.value).filter(([key]) => known.includes(key)))
    : file.value
  const { data, warnings } = validate<z.output<typeof readerSettings>>(file, value, readerSettings, source, () => [])
  return readerConfig(data, source, warnings)
}

/** The text of every secret in it, and the password of a URL apart, for the log to scrub. */
export function secretsOf(config: ReaderConfig): string[] {
  const texts = secretTexts(config)
  const passwords = texts.flatMap((text) => (URL.canParse(text) ? [decodeURIComponent(new URL(text).password)] : []))
  return [...texts, ...passwords].filter((text) => text !== '')
}

function secretTexts(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()]
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(secretTexts) : []
}

function readerConfig(data: z.output<typeof readerSettings>, { path }: ConfigSource, warnings: string[]): ReaderConfig {
  return {
    file: path,
    database: resolve(dirname(path), data.database),
    http: data.http === false ? null : data.http,
    warnings,
  }
}

interface YamlFile {
  value: unknown
  /** One-based line of the nearest thing there is on the way to a key. */
  lineOf(path: readonly PropertyKey[]): number | null
}

/** Aliases may repeat a value this often: more is a file made to exhaust memory. */
const MAX_ALIASES = 100

function readYaml({ path, readFile }: ConfigSource): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(readText(path, readFile), { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ code, pos }) => ({
        file: path,
        line: lines.linePos(pos[0]).line,
        key: '',
        // The parser's own message may quote the text, and with it a secret.
        problem: `is not YAML from here on (${code.toLowerCase().replaceAll('_', ' ')})`,
        remedy:
          code === 'DUPLICATE_KEY' ? 'keep one of the two' : 'check the indentation, and quote what is not plain text',
      })),
    )
  }
  const lineOf = (key: readonly PropertyKey[]): number | null => {
    for (let length = key.length; length > 0; length--) {
      const node = document.getIn(key.slice(0, length), true)
      if (isGroup(node) && Array.isArray(node.range)) return lines.linePos(Number(node.range[0])).line
    }
    return null
  }
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), lineOf }
  } catch {
    throw failed(path, 'repeats its aliases too often', `use each at most ${MAX_ALIASES} times`)
  }
}

function readText(path: string, readFile: FileReader): string {
  try {
    return readFile(path).text
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const remedy = 'write one with `ordersync init`, or name yours with --config'
    if (code === 'ENOENT') throw failed(path, 'does not exist', remedy)
    throw failed(path, `cannot be read (${code})`, 'make it a file that this user can read')
  }
}

const failed = (file: string, problem: string, remedy: string) =>
  new ConfigError([{ file, line: null, key: '', problem, remedy }])

function validate<T>(
  file: YamlFile,
  raw: unknown,
  schema: z.ZodType<T>,
  { path, env, readFile }: ConfigSource,
  also: (value: unknown) => Failure[],
): { data: T; warnings: string[] } {
  const substituted = substitute(raw, env)
  const files = readSecretFiles(substituted.value ?? {}, path, readFile)
  const parsed = schema.safeParse(files.value)
  const spokenFor = new Set([...files.spokenFor, ...substituted.problems.map((problem) => formatKey(problem.path))])
  const invalid = parsed.success ? [] : explainFailure(parsed.error, files.value)
  const failures: Failure[] = [
    ...substituted.problems,
    ...files.failures,
    ...invalid.filter((failure) => !spokenFor.has(formatKey(failure.path))),
    ...also(files.value),
  ]
  if (failures.length > 0 || !parsed.success) {
    throw new ConfigError(inFileOrder(failures.map((failure) => locate(failure, path, file))))
  }
  return { data: parsed.data, warnings: files.warnings }
}

const locate = ({ path, problem, remedy }: Failure, file: string, yaml: YamlFile): ConfigProblem => ({
  file,
  line: yaml.lineOf(path),
  key: formatKey(path),
  problem,
  remedy,
})

const inFileOrder = (problems: ConfigProblem[]) => problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))

/** Looked for in the unchecked tree, so that it is found beside other mistakes. */
function sharedIds(value: unknown): Failure[] {
  const accounts = valueAt(value, ['accounts'])
  if (!Array.isArray(accounts)) return []
  const ids = accounts.map((account) => valueAt(account, ['id']))
  return ids.flatMap((id, index) =>
    typeof id === 'string' && ids.indexOf(id) < index
      ? [{ path: ['accounts', index, 'id'], problem: 'is the id of another account too', remedy: 'give each its own' }]
      : [],
  )
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
