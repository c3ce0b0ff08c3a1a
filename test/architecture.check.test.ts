/** The walls of the house: imports go down in rank, nothing goes round, and the real clock has one door. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = 'src'

/** A file may import its own room or a room of lower rank. Files at the top of `src` have the rank of what they compose. */
const RANKS: Record<string, number> = {
  core: 0,
  venues: 1,
  store: 1,
  sync: 2,
  feed: 2,
  queue: 3,
  stream: 3,
  monitor: 3,
  config: 4,
  'config.ts': 5,
  'log.ts': 5,
  'clock.ts': 5,
  'index.ts': 6,
  'worker.ts': 6,
  'settings.ts': 7,
  'app.ts': 8,
  cli: 9,
  'main.ts': 10,
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => normalize(file))

const roomOf = (file: string): string => file.split('/')[0] ?? file

/** Every `from './…'` and `import('./…')` of a file, type-only ones too: a type is a dependency of the reader's mind. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
  return [...found].flatMap(([, path]) => (path === undefined ? [] : [normalize(join(dirname(file), path))]))
}

describe('rooms', () => {
  test('every file stands in a room that has a rank', () => {
    expect(files.filter((file) => roomOf(file) !== 'sandbox' && RANKS[roomOf(file)] === undefined)).toEqual([])
  })

  test('imports go down in rank', () => {
    const upward = files.flatMap((file) => {
      const from = roomOf(file)
      if (from === 'sandbox') return []
      const wrong = importsOf(file).filter((target) => {
        const to = roomOf(target)
        if (to === from || (to === 'sandbox' && from === 'cli')) return false
        return to === 'sandbox' || (RANKS[to] ?? 99) >= (RANKS[from] ?? -1)
      })
      return wrong.map((target) => `${file} → ${target}`)
    })
    expect(upward).toEqual([])
  })

  test('the sandbox knows the seams it stands behind and nothing of what it is there to test', () => {
    const allowed = /^(sandbox\/|core\/|venues\/(http|errors)\.ts|stream\/socket\.ts)/
    const reaches = files
      .filter((file) => roomOf(file) === 'sandbox')
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => !allowed.test(target))
          .map((target) => `${file} → ${target}`),
      )
    expect(reaches).toEqual([])
  })

  test('no venue imports another', () => {
    const crossing = files.flatMap((file) => {
      const [room, venue] = file.split('/')
      if (room !== 'venues' || venue === undefined || venue.endsWith('.ts')) return []
      const wrong = importsOf(file).filter(
        (target) => /^venues\/[^/]+\//.test(target) && !target.startsWith(`venues/${venue}/`),
      )
      return wrong.map((target) => `${file} → ${target}`)
    })
    expect(crossing).toEqual([])
  })

  test('no import goes round', () => {
    const done = new Set<string>()
    const rounds: string[] = []
    const walk = (file: string, path: readonly string[]) => {
      if (path.includes(file)) rounds.push([...path.slice(path.indexOf(file)), file].join(' → '))
      if (done.has(file) || path.includes(file)) return
      for (const target of importsOf(file)) walk(target, [...path, file])
      done.add(file)
    }
    for (const file of files) walk(file, [])
    expect(rounds).toEqual([])
  })
})

describe('doors', () => {
  const codeOf = (file: string) => readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const reading = (pattern: RegExp) => files.filter((file) => pattern.test(codeOf(file)))

  test('time and chance are read in one file', () => {
    expect(reading(/\b(Date\.now|performance\.now|Math\.random|randomUUID|hrtime)\b|new Date\(\)/)).toEqual([
      'clock.ts',
    ])
  })
  test('the process is touched in one file', () => {
    // A private Redis that a killed daemon left is ended by its pid, which is no business of `main.ts`.
    const expected = ['main.ts', 'queue/engines/leftover.ts']
    expect(reading(/(?<![-\w])process\.[a-zA-Z]|from 'node:process'/).sort()).toEqual(expected)
  })
  test('core imports nothing from outside but decimals', () => {
    const outside = files
      .filter((file) => roomOf(file) === 'core')
      .flatMap((file) =>
        [...readFileSync(join(SRC, file), 'utf8').matchAll(/from '([^.'][^']*)'/g)].map(([, name]) => name),
      )
    expect([...new Set(outside)]).toEqual(['decimal.js'])
  })
})
