/** Owns how an OpenAPI or AsyncAPI document becomes a contract: its operations, and the schemas they speak of. */
import { z } from 'zod'
import {
  isObject,
  type Json,
  type JsonObject,
  mapped,
  objectOf,
  reduced,
  referredTo,
  resolved,
  valueAt,
} from './dialect.ts'

export interface Specification {
  file: string
  document: Json
}

export function contractOf(
  specifications: Specification[],
  http: Json[],
  socket: { sent: Json; received: Json },
): JsonObject {
  const sources = specifications.map(({ file, document }) => ({
    file,
    title: valueAt(document, 'info', 'title'),
    version: valueAt(document, 'info', 'version'),
  }))
  const schemas: JsonObject = {}
  for (const { file, document } of specifications) {
    const all = objectOf(valueAt(document, 'components', 'schemas'))
    for (const [name, schema] of Object.entries(referredTo(known({ http, socket }, all), all))) {
      if (schemas[name] !== undefined && !isSame(schemas[name], schema)) {
        throw new Error(`${file}: another ${name} than in the specification before`)
      }
      schemas[name] = schema
    }
  }
  return { sources, http, socket, components: { schemas } }
}

/** Without what this document does not define: another of the same venue does. */
function known(value: Json, components: JsonObject): Json {
  if (Array.isArray(value)) return value.map((element) => known(element, components))
  if (!isObject(value)) return value
  const { $ref } = value
  if (typeof $ref === 'string' && components[$ref.split('/').at(-1) ?? ''] === undefined) return {}
  return mapped(value, (element) => known(element, components))
}

const isSame = (a: Json, b: Json): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, element]) => [key, sorted(element)]))
}

/** One operation: what must be asked, and what each status answers. */
export function httpOperation(document: Json, method: string, path: string, prefix: string): Json {
  const operation = objectOf(valueAt(document, 'paths', path, method))
  const parameters = z
    .array(z.json())
    .parse(operation.parameters ?? [])
    .map((parameter) => objectOf(resolved(document, parameter)))
  const at = (place: string) => parameters.filter((parameter) => parameter.in === place)
  const security = keysOf(document, operation)
  const headers = {
    ...parametersOf(at('header'), security),
    // Every client says more than a specification asks for: what it accepts, and who it is.
    additionalProperties: true,
  }
  const request = {
    type: 'object',
    properties: { path: parametersOf(at('path'), []), query: parametersOf(at('query'), []), headers },
  }
  const replies = mapped(objectOf(operation.responses ?? {}), (response) => replyOf(document, response))
  return { method: method.toUpperCase(), path: `${prefix}${path}`, request, replies }
}

/** Names of the headers that the operation's security schemes want. */
function keysOf(document: Json, operation: JsonObject): string[] {
  const wanted = operation.security ?? objectOf(document).security ?? []
  return z
    .array(z.record(z.string(), z.json()))
    .parse(wanted)
    .flatMap((each) => Object.keys(each))
    .map((name) => z.string().parse(valueAt(document, 'components', 'securitySchemes', name, 'name')))
}

function parametersOf(parameters: readonly JsonObject[], keys: readonly string[]): JsonObject {
  const nameOf = ({ name, in: place }: JsonObject) => {
    const text = z.string().parse(name)
    return place === 'header' ? text.toLowerCase() : text
  }
  const named: [string, Json][] = parameters.map((parameter) => [nameOf(parameter), reduced(parameter.schema ?? {})])
  const wanted: [string, Json][] = keys.map((key) => [key.toLowerCase(), { type: 'string' }])
  const required = parameters.filter(({ required }) => required === true).map(nameOf)
  return {
    type: 'object',
    required: [...required, ...wanted.map(([name]) => name)],
    properties: Object.fromEntries([...named, ...wanted]),
  }
}

function replyOf(document: Json, value: Json): Json {
  const response = objectOf(resolved(document, value))
  const [[contentType, media] = ['', {}]] = Object.entries(objectOf(response.content ?? {}))
  const stated = isObject(response.headers) ? response.headers : {}
  const headers = Object.entries(stated).map(([name, header]): [string, Json] => [
    name.toLowerCase(),
    reduced(valueAt(header, 'schema')),
  ])
  return {
    type: 'object',
    required: ['headers', 'body'],
    properties: {
      headers: {
        type: 'object',
        required: ['content-type'],
        properties: { 'content-type': { const: contentType }, ...Object.fromEntries(headers) },
        additionalProperties: true,
      },
      body: reduced(valueAt(media, 'schema')),
    },
  }
}
