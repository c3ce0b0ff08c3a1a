/** What our pages name is there: files, headings, scripts, rooms. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { anchorsOf, linksOf, readPage, spansOf } from './markdown.ts'

const VENUES = readdirSync('src/venues', { withFileTypes: true }).filter((entry) => entry.isDirectory())
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'src/README.md',
  'src/core/SPEC.md',
  'src/sandbox/README.md',
  ...VENUES.map(({ name }) => `src/venues/${name}/README.md`),
]

describe.each(PAGES)('%s', (path) => {
  const page = readPage(path)

  test('links to what is there', () => {
    const broken = linksOf(page).filter((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : relative('.', join(dirname(path), file))
      if (!existsSync(target)) return true
      return anchor !== undefined && !anchorsOf(readPage(target)).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  test('names files and directories that are there', () => {
    const named = spansOf(page).filter((span) => /^(src|test|drizzle|\.ci)\/[\w./-]+$/.test(span))
    expect(named.filter((name) => !existsSync(name))).toEqual([])
  })
})

test('the commands of npm that the pages name are scripts of ours', () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readPage('package.json')))
  const named = ['README.md', 'CONTRIBUTING.md'].flatMap((path) =>
    [...readPage(path).matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name),
  )
  const own = new Set(['ci', 'install', 'link', 'rebuild', ...Object.keys(scripts)])
  // "npm compiles it" is prose.
  expect([...new Set(named)].filter((name) => !own.has(name) && name !== 'compiles')).toEqual([])
  expect(named).toEqual(expect.arrayContaining(['ci', 'demo', 'test', 'start', 'simulate', 'check']))
})

test('the map shows every room, and every file that stands outside of one', () => {
  const spans = new Set(spansOf(readPage('src/README.md')))
  const rooms = readdirSync('src', { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return [`${entry.name}/`]
    return entry.name.endsWith('.ts') ? [entry.name] : []
  })
  expect(rooms.filter((room) => !spans.has(room))).toEqual([])
})
