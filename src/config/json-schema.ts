/** Owns the JSON Schema of the file as a user writes it, made from the validator. */
import { z } from 'zod'
import { settings } from './schema.ts'

/** The parts of a JSON Schema node that are read here. */
export const jsonNode = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ secret: z.boolean().optional() })).optional(),
  required: z.array(z.string()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  const: z.unknown().optional(),
})
export type JsonNode = z.output<typeof jsonNode>

export function configJsonSchema(): Record<string, unknown> {
  return {
    title: 'ordersync.yaml',
    ...z.toJSONSchema(settings, {
      io: 'input',
      override: ({ jsonSchema }) => {
        Object.assign(jsonSchema, offerFiles(jsonNode.parse(jsonSchema)))
      },
    }),
  }
}

/** Beside every secret key its `…File`; exactly one of them where the key is required. */
function offerFiles(node: JsonNode): Record<string, unknown> {
  const secrets = Object.keys(node.properties ?? {}).filter((key) => isSecret(node.properties?.[key]))
  if (node.properties === undefined || secrets.length === 0) return {}
  const files = Object.fromEntries(
    secrets.map((key) => [`${key}File`, { type: 'string', description: `a file that holds ${key}` }]),
  )
  const required = node.required ?? []
  const choices = secrets
    .filter((key) => required.includes(key))
    .map((key) => ({ oneOf: [{ required: [key] }, { required: [`${key}File`] }] }))
  return {
    properties: { ...node.properties, ...files },
    required: required.filter((key) => !secrets.includes(key)),
    ...(choices.length === 0 ? {} : { allOf: choices }),
  }
}

function isSecret(node: unknown): boolean {
  const { success, data } = jsonNode.safeParse(node)
  if (!success) return false
  return data.secret === true || (data.anyOf ?? []).some(isSecret)
}

/** The keys that may be given as `<key>File`. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(secretKeys(configJsonSchema()))

function secretKeys(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return []
  const { success, data } = jsonNode.safeParse(node)
  const own = success ? Object.keys(data.properties ?? {}).filter((key) => isSecret(data.properties?.[key])) : []
  return [...own, ...Object.values(node).flatMap(secretKeys)]
}
