/** Owns `${NAME}` in the strings of a configuration: `${NAME:-default}` falls back, `$${` stands for itself. */

export interface Substitution {
  value: unknown
  problems: { path: readonly PropertyKey[]; problem: string; remedy: string }[]
}

/** An unset variable and an empty one are both missing. */
export type Environment = Readonly<Record<string, string | undefined>>

const REFERENCE = /\$\$\{|\$\{([^{}]*)\}|\$\{/g
const NAMED = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/**
 * The tree with its variables filled in. A key that has no value, or whose variables left it empty, is as good as
 * absent and is dropped, so that `${TOKEN:-}` means "none".
 */
export function substitute(value: unknown, env: Environment): Substitution {
  const problems: Substitution['problems'] = []
  return { value: walk(value, [], env, problems), problems }
}

function walk(
  value: unknown,
  path: readonly PropertyKey[],
  env: Environment,
  problems: Substitution['problems'],
): unknown {
  if (typeof value === 'string') return fill(value, path, env, problems)
  if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index], env, problems))
  if (value === null || typeof value !== 'object') return value
  const filled = Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key], env, problems)] as const)
  return Object.fromEntries(filled.filter(([, item]) => item !== undefined && item !== null))
}

function fill(
  text: string,
  path: readonly PropertyKey[],
  env: Environment,
  problems: Substitution['problems'],
): unknown {
  if (!text.includes('${')) return text
  let missing = false
  const report = (problem: string, remedy: string) => {
    missing = true
    problems.push({ path, problem, remedy })
    return ''
  }
  const filled = text.replace(REFERENCE, (reference: string, inside: string | undefined) => {
    if (reference === '$${') return '${'
    const [, name, fallback] = NAMED.exec(inside ?? '') ?? []
    if (name === undefined) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it shows the user what to write
      return report('has a ${ that names no variable', 'write ${NAME} or ${NAME:-default}, or $${ for a literal ${')
    }
    const found = env[name] || fallback
    return found ?? report(`needs the environment variable ${name}, which is not set`, `set ${name}`)
  })
  return missing || filled === '' ? undefined : filled
}
