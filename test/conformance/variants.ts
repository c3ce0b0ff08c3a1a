/** Owns the forms that a documented payload may take: every word of a field, every null, every field that may be left out. */
import { isObject, type Json, type JsonObject } from './dialect.ts'

export interface Variant {
  name: string
  payload: Readonly<Record<string, unknown>>
}

/** One change each. `schema` is the payload's own; what it refers to is in `schemas`. */
export function variantsOf(
  payload: Readonly<Record<string, unknown>>,
  schema: JsonObject,
  schemas: Readonly<Record<string, JsonObject>>,
): Variant[] {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(properties).flatMap(([field, property]) => {
    const values = valuesOf(property, schemas).map((value) => ({
      name: `${field} ${JSON.stringify(value)}`,
      payload: { ...payload, [field]: value },
    }))
    // Where a specification requires nothing at all, it means to say nothing about what may be missing.
    const mayBeGone = required.length > 0 && !required.includes(field) && field in payload
    const { [field]: _, ...without } = payload
    return mayBeGone ? [...values, { name: `without ${field}`, payload: without }] : values
  })
}

function valuesOf(property: Json, schemas: Readonly<Record<string, JsonObject>>): Json[] {
  if (!isObject(property)) return []
  if (typeof property.$ref === 'string')
    return valuesOf(schemas[property.$ref.split('/').at(-1) ?? ''] ?? null, schemas)
  const words = Array.isArray(property.enum) ? property.enum : []
  const mayBeNull = property.type === 'null' || (Array.isArray(property.type) && property.type.includes('null'))
  const choices = Array.isArray(property.anyOf) ? property.anyOf : []
  const all = [...words, ...(mayBeNull ? [null] : []), ...choices.flatMap((choice) => valuesOf(choice, schemas))]
  return [...new Set(all)]
}
