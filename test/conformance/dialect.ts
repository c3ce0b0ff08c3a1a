/** Owns the reduction of a published specification to JSON Schema: no prose, one dialect, and only what is asked for. */
import type { z } from 'zod'

export type Json = z.infer<ReturnType<typeof z.json>>
export type JsonObject = { [key: string]: Json }

/** Keywords that say what a value is. A keyword that is neither here nor in {@link PROSE} stops the extraction. */
const KEPT = new Set(
  [
    ['$ref', 'type', 'enum', 'const', 'format', 'default', 'items', 'properties', 'required', 'additionalProperties'],
    ['allOf', 'anyOf', 'oneOf', 'minimum', 'maximum', 'minLength', 'maxLength', 'pattern', 'minItems', 'uniqueItems'],
    ['nullable'],
  ].flat(),
)
const PROSE = new Set(['title', 'description', 'summary', 'example', 'examples', 'readOnly', 'deprecated'])

/** A schema without its prose; OpenAPI's older `nullable` becomes a type of its own, as JSON Schema has it. */
export function reduced(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(reduced)
  if (!isObject(schema)) return schema
  const kept = Object.entries(schema).flatMap(([key, value]): [string, Json][] => {
    if (PROSE.has(key) || key.startsWith('x-') || key === 'nullable') return []
    if (!KEPT.has(key)) throw new Error(`a keyword nobody decided on: ${key}`)
    if (key === 'properties') return [[key, mapped(objectOf(value), reduced)]]
    return [[key, isData(key) ? value : reduced(value)]]
  })
  const result = Object.fromEntries(kept)
  return schema.nullable === true ? orNull(result) : result
}

const isData = (key: string): boolean => ['enum', 'const', 'default', 'required', 'type'].includes(key)

function orNull(schema: JsonObject): JsonObject {
  if (typeof schema.type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  const words = Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {}
  return { ...schema, ...words, type: [schema.type, 'null'] }
}

/** The schemas of `components` that these ones speak of, and those that they speak of in turn. */
export function referredTo(schemas: Json, components: JsonObject): JsonObject {
  const found: JsonObject = {}
  const visit = (value: Json): void => {
    if (Array.isArray(value)) for (const element of value) visit(element)
    if (!isObject(value)) return
    const name = typeof value.$ref === 'string' ? nameOf(value.$ref) : null
    if (name !== null && found[name] === undefined) {
      const schema = reduced(valueAt(components, name))
      found[name] = schema
      visit(schema)
    }
    for (const element of Object.values(value)) visit(element)
  }
  visit(schemas)
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** `#/components/schemas/Order` → `Order`. */
export function nameOf(ref: string): string {
  const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(ref) ?? []
  if (name === undefined) throw new Error(`not a schema of the components: ${ref}`)
  return name
}

/** The value behind a `$ref` that does not point to a schema, and any other value as it is. */
export function resolved(document: Json, value: Json): Json {
  if (!isObject(value) || typeof value.$ref !== 'string') return value
  const path = value.$ref.replace('#/', '').split('/')
  return resolved(document, valueAt(document, ...path))
}

export function valueAt(from: Json, ...path: string[]): Json {
  return path.reduce((value, key) => {
    const next = objectOf(value)[key]
    if (next === undefined) throw new Error(`nothing at ${path.join(' / ')}`)
    return next
  }, from)
}

export function objectOf(value: Json): JsonObject {
  if (!isObject(value)) throw new Error('not an object')
  return value
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const mapped = (object: JsonObject, map: (value: Json) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
