/** Owns a venue's contract as the tests use it: its schemas compiled, and closed so that no field slips in beside them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { z } from 'zod'
import { isObject, type Json, type JsonObject, mapped, objectOf } from './dialect.ts'

const object = z.record(z.string(), z.json())
const operation = z.object({
  method: z.string(),
  path: z.string(),
  request: object,
  replies: z.record(z.string(), object),
})
const contract = z.object({
  sources: z.array(object),
  http: z.array(operation),
  socket: z.object({ sent: z.record(z.string(), object), received: z.record(z.string(), object) }),
  components: z.object({ schemas: z.record(z.string(), object) }),
})

export type Operation = z.infer<typeof operation>
export type Contract = z.infer<typeof contract>

/** What is wrong at one place of a message. Elements of a list are one place. */
export interface Problem {
  /** A JSON pointer, `*` for any index. */
  at: string
  /** `missing`, `undocumented`, `no such word: …`, or the keyword of the schema that does not hold. */
  is: string
}

/** Where the schemas stand. */
const SCHEMAS = join(import.meta.dirname, 'schemas')

export const readSchemas = (name: string): unknown => JSON.parse(readFileSync(join(SCHEMAS, `${name}.json`), 'utf8'))

export const readContract = (name: string): Contract => contract.parse(closed(z.json().parse(readSchemas(name))))

/** Makes the checks of one contract; each schema is compiled once. */
export function createChecker({ components }: Contract): (schema: JsonObject, value: unknown) => Problem[] {
  const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false, allowUnionTypes: true })
  formats.default(ajv)
  ajv.addVocabulary(['components'])
  ajv.addFormat('decimal', /^-?\d+(?:\.\d+)?$/)
  ajv.addFormat('uint32', { type: 'number', validate: (value) => Number.isInteger(value) && value >= 0 })
  ajv.addFormat('uint64', { type: 'number', validate: (value) => Number.isInteger(value) && value >= 0 })
  const compiled = new Map<JsonObject, ValidateFunction>()
  return (schema, value) => {
    const check = compiled.get(schema) ?? ajv.compile({ ...schema, components })
    compiled.set(schema, check)
    return check(value) ? [] : problemsOf(check.errors ?? [])
  }
}

function problemsOf(errors: readonly ErrorObject[]): Problem[] {
  // A value that fits no alternative is one problem, whatever each alternative misses in it.
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')
  const isInside = (error: ErrorObject) =>
    choices.some((choice) => choice !== error && error.instancePath.startsWith(choice.instancePath))
  const problems = errors.filter((error) => !isInside(error)).map(problemOf)
  return [...new Map(problems.map((problem) => [`${problem.at} ${problem.is}`, problem])).values()]
}

function problemOf({ instancePath, keyword, params, data }: ErrorObject): Problem {
  const at = instancePath.replace(/\/\d+(?=\/|$)/g, '/*')
  if (keyword === 'required') return { at: `${at}/${params.missingProperty}`, is: 'missing' }
  if (keyword === 'additionalProperties') return { at: `${at}/${params.additionalProperty}`, is: 'undocumented' }
  return { at, is: keyword === 'enum' ? `no such word: ${data}` : keyword }
}

/** Specifications leave objects open; what they do not name is then nobody's contract, so here nothing else may be there. */
function closed(value: Json): Json {
  if (Array.isArray(value)) return value.map(closed)
  if (!isObject(value)) return value
  const inner = Object.fromEntries(
    Object.entries(value).map(([key, element]) => [
      key,
      key === 'properties' ? mapped(objectOf(element), closed) : closed(element),
    ]),
  )
  const isOpen = isObject(value.properties) && value.type === 'object' && value.additionalProperties === undefined
  return isOpen ? { ...inner, additionalProperties: false } : inner
}
