/** Owns which fields of a contract a message has: by the schema that names them, wherever it is used. */
import { isObject, type Json, type JsonObject } from './dialect.ts'

type Schemas = Readonly<Record<string, JsonObject>>

/** Every field that `schema` and what it refers to name, as `Order.price`. */
export function fieldsNamed(schema: Json, owner: string, schemas: Schemas, found = new Set<string>()): Set<string> {
  const visited = new Set<string>()
  const visit = (part: Json, name: string): void => {
    if (!isObject(part)) return
    const target = targetOf(part, schemas)
    if (target !== null) {
      if (!visited.has(target.name)) {
        visited.add(target.name)
        visit(target.schema, target.name)
      }
      return
    }
    for (const [key, field] of propertiesOf(part)) {
      found.add(`${name}.${key}`)
      visit(field, `${name}.${key}`)
    }
    for (const next of partsOf(part)) visit(next, name)
  }
  visit(schema, owner)
  return found
}

/** Adds to `found` the fields of `schema` that `value` has, null or not. */
export function fieldsSaid(schema: Json, value: unknown, owner: string, schemas: Schemas, found: Set<string>): void {
  if (!isObject(schema)) return
  const target = targetOf(schema, schemas)
  if (target !== null) {
    fieldsSaid(target.schema, value, target.name, schemas, found)
    return
  }
  if (Array.isArray(value)) {
    for (const element of value) fieldsSaid(schema.items ?? null, element, owner, schemas, found)
  } else if (typeof value === 'object' && value !== null) {
    const said = new Map(Object.entries(value))
    for (const [key, field] of propertiesOf(schema)) {
      if (!said.has(key)) continue
      found.add(`${owner}.${key}`)
      fieldsSaid(field, said.get(key), `${owner}.${key}`, schemas, found)
    }
  }
  for (const choice of choicesOf(schema)) fieldsSaid(choice, value, owner, schemas, found)
}

function targetOf({ $ref }: JsonObject, schemas: Schemas): { name: string; schema: JsonObject } | null {
  if (typeof $ref !== 'string') return null
  const name = $ref.split('/').at(-1) ?? ''
  return { name, schema: schemas[name] ?? {} }
}

const propertiesOf = ({ properties }: JsonObject): [string, Json][] =>
  isObject(properties) ? Object.entries(properties) : []

const choicesOf = ({ anyOf, oneOf, allOf }: JsonObject): Json[] =>
  [anyOf, oneOf, allOf].flatMap((list) => (Array.isArray(list) ? list : []))

const partsOf = (schema: JsonObject): Json[] => [
  ...(schema.items === undefined ? [] : [schema.items]),
  ...choicesOf(schema),
]
