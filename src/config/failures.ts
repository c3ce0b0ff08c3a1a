/** Owns what the failures of validation are called in plain words. */
import { z } from 'zod'
import { accountSettings } from './account-settings.ts'
import { configJsonSchema, type JsonNode, jsonNode } from './json-schema.ts'
import { formatKey, nearest } from './problems.ts'

export interface Failure {
  path: readonly PropertyKey[]
  problem: string
  remedy: string
}

/** One failure a key: the first found says enough. */
export function explainFailure(error: z.ZodError, input: unknown): Failure[] {
  const failures = error.issues.flatMap((issue) => explainIssue(issue, [], input))
  const byKey = new Map(failures.toReversed().map((failure) => [formatKey(failure.path), failure]))
  return failures.filter((failure) => byKey.get(formatKey(failure.path)) === failure)
}

type Issue = z.ZodError['issues'][number]

function explainIssue(issue: Issue, above: readonly PropertyKey[], input: unknown): Failure[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], input))
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'venue') return [unknownVenue(path, input)]
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((branch) => branch.every((inner) => inner.path.length > 0 || isAboutKeys(inner)))
    if (meant !== undefined) return meant.flatMap((inner) => explainIssue(inner, path, input))
  }
  if (issue.code === 'invalid_type' && issue.expected === 'object') {
    return [{ path, problem: 'is not a group of settings', remedy: 'write key: value pairs below it' }]
  }
  const [problem = '', ...remedy] = issue.message.split('; ')
  return [{ path, problem, remedy: remedy.join('; ') }]
}

const isAboutKeys = (issue: Issue) => issue.code === 'unrecognized_keys'

function unknownKey(path: readonly PropertyKey[], input: unknown): Failure {
  const known = knownKeys(configJsonSchema(), path.slice(0, -1), input)
  const near = nearest(String(path.at(-1)), known)
  const remedy = near === null ? `the keys here are ${known.join(', ')}` : `did you mean ${near}?`
  return { path, problem: 'is not a known key', remedy }
}

function unknownVenue(path: readonly PropertyKey[], input: unknown): Failure {
  const venues = accountSettings.options.map(
    (option) => (option instanceof z.ZodPipe ? option.in : option).shape.venue.value,
  )
  const given = valueAt(input, path)
  const remedy = `write one of ${venues.join(', ')}`
  if (given === undefined) return { path, problem: 'is missing', remedy }
  const near = nearest(String(given), venues)
  return { path, problem: 'is not a known venue', remedy: near === null ? remedy : `did you mean ${near}?` }
}

/** The keys that the schema allows at a path, following the venue that the input names there. */
function knownKeys(schema: unknown, path: readonly PropertyKey[], input: unknown): string[] {
  const node = chooseNode(schema, input)
  const [first, ...rest] = path
  if (first === undefined) return Object.keys(node.properties ?? {})
  const below = typeof first === 'number' ? node.items : node.properties?.[String(first)]
  return below === undefined ? [] : knownKeys(below, rest, valueAt(input, [first]))
}

function chooseNode(schema: unknown, input: unknown): JsonNode {
  const node = jsonNode.parse(schema)
  const branches = (node.oneOf ?? node.anyOf ?? []).map((branch) => jsonNode.parse(branch))
  const venue = valueAt(input, ['venue'])
  const named = branches.find((branch) => branch.properties?.venue?.const === venue && branch.properties !== undefined)
  return named ?? branches.find((branch) => branch.properties !== undefined) ?? node
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((below, key) => {
    if (below === null || typeof below !== 'object') return undefined
    return Object.hasOwn(below, key) ? Reflect.get(below, key) : undefined
  }, value)
}
