/** Owns what is said when a configuration is wrong: every problem at once, a line each, with what to do about it. */

export interface ConfigProblem {
  /** As the user named it. */
  file: string
  /** One-based; null where the key is not in the file. */
  line: number | null
  /** `accounts[0].poll.every`; empty for the file as a whole. */
  key: string
  problem: string
  remedy: string
}

/** The configuration cannot be used. `message` is one line a problem and never quotes a value that may be a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

export function formatProblem({ file, line, key, problem, remedy }: ConfigProblem): string {
  const place = line === null ? file : `${file}:${line}`
  return `${place}: ${key === '' ? '' : `${key} `}${problem}; ${remedy}`
}

/** `accounts[0].poll.every` out of `['accounts', 0, 'poll', 'every']`. */
export function formatKey(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}

/** The candidate a mistyped word most likely meant; null where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: { candidate: string; distance: number } | null = null
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance <= limit && (best === null || distance < best.distance)) best = { candidate, distance }
  }
  return best === null ? null : best.candidate
}

/** A word longer than this is nobody's typing mistake, and comparing it would cost its square. */
const MAX_WORD = 64

function editDistance(a: string, b: string): number {
  if (a.length > MAX_WORD || b.length > MAX_WORD) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substituted))
    }
    row = next
  }
  return row[b.length] ?? 0
}
