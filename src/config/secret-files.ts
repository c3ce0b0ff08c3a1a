/** Owns the `…File` keys: reads each secret from its file before validation, and warns of files that others can read. */
import { dirname, resolve } from 'node:path'
import type { Failure } from './failures.ts'
import { SECRET_KEYS } from './json-schema.ts'
import { formatKey } from './problems.ts'

/** Throws an error with a Node `code`, such as ENOENT. `mode` holds the permission bits. */
export type FileReader = (path: string) => { text: string; mode: number }

export interface WithFiles {
  value: unknown
  failures: Failure[]
  /** Keys whose absence is explained by a failure of their file. */
  spokenFor: Set<string>
  warnings: string[]
}

/** A larger one is no key: somebody named the wrong file. */
const MAX_SECRET_CHARS = 64 * 1024
const READABLE_BY_OTHERS = 0o077

/** The same tree with the content of its secret files in the place of their names. */
export function readSecretFiles(value: unknown, configFile: string, read: FileReader): WithFiles {
  const result: WithFiles = { value, failures: [], spokenFor: new Set(), warnings: [] }
  const visit = (node: unknown, path: readonly PropertyKey[]): unknown => {
    if (Array.isArray(node)) return node.map((item, index) => visit(item, [...path, index]))
    if (node === null || typeof node !== 'object') return node
    const entries = Object.entries(node).map(([key, item]) => {
      const name = key.endsWith('File') ? key.slice(0, -'File'.length) : key
      if (key === name || !SECRET_KEYS.has(name)) return [key, visit(item, [...path, key])] as const
      const both = Object.hasOwn(node, name)
      return [name, readOne({ name, item, both, path: [...path, key] }, configFile, read, result)] as const
    })
    return Object.fromEntries(entries)
  }
  result.value = visit(value, [])
  return result
}

interface SecretFile {
  name: string
  item: unknown
  both: boolean
  path: readonly PropertyKey[]
}

function readOne(
  { name, item, both, path }: SecretFile,
  configFile: string,
  read: FileReader,
  result: WithFiles,
): unknown {
  const fail = (problem: string, remedy: string) => {
    result.failures.push({ path, problem, remedy })
    result.spokenFor.add(formatKey([...path.slice(0, -1), name]))
    return undefined
  }
  if (both) return fail(`stands beside ${name}`, 'keep one of the two')
  if (typeof item !== 'string') return fail('is not text', 'write the path of a file')
  const file = resolve(dirname(configFile), item)
  try {
    const { text, mode } = read(file)
    if (text.length > MAX_SECRET_CHARS) return fail('names a file too large for a key', 'name the right file')
    if ((mode & READABLE_BY_OTHERS) !== 0) result.warnings.push(`${file} can be read by others; run: chmod 600 ${file}`)
    return text.trim()
  } catch (error) {
    return fail(`names a file that cannot be read (${codeOf(error)})`, `make ${file} readable, or name another file`)
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown error')
