import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { migrateDatabase } from '../../src/store/migrate.ts'
import { openReadOnly, openWriter } from '../../src/store/open.ts'
import { openReader } from '../../src/store/read.ts'
import { apply, aStore, tempDatabase, tempDir } from './harness.ts'
import { opened, outcomeOf } from './lives.ts'

const FIXTURES = 'test/store/fixtures'
const fixtures = readdirSync(FIXTURES).filter((name) => name.endsWith('.sql'))

interface Journal {
  entries: { idx: number; version: string; when: number; tag: string; breakpoints: boolean }[]
}

const journal: Journal = JSON.parse(readFileSync('drizzle/meta/_journal.json', 'utf8'))
const newest = journal.entries.at(-1)

/** The migrations of a version after this one. */
function nextVersion(sql: string): string {
  const folder = join(tempDir(), 'drizzle')
  cpSync('drizzle', folder, { recursive: true })
  const entry = {
    idx: journal.entries.length,
    version: '6',
    when: (newest?.when ?? 0) + 1,
    tag: 'next',
    breakpoints: true,
  }
  writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify({ entries: [...journal.entries, entry] }))
  appendFileSync(join(folder, 'next.sql'), sql)
  return folder
}

function written(): string {
  const path = tempDatabase()
  const store = aStore({ path })
  apply(store, outcomeOf(opened()))
  store[Symbol.dispose]()
  return path
}

describe('a database of every version since the first', () => {
  test('has a fixture for the newest migration', () => {
    expect(fixtures).toContain(`${newest?.tag}.sql`)
  })

  test.each(fixtures)('opens, migrates and keeps its promises: %s', (name) => {
    const path = tempDatabase()
    const db = new Database(path)
    db.exec(readFileSync(join(FIXTURES, name), 'utf8'))
    db.close()
    const steps = journal.entries.findIndex((entry) => `${entry.tag}.sql` === name) + 1
    const store = aStore({ path }, [])
    expect(store.migrated.applied).toBe(journal.entries.length - steps)
    expect(store.meta()).toMatchObject({ logId: 'log-of-the-fixture', lastSeq: 9 })
    expect(store.read.verify()).toEqual({ orders: 4, events: 9, problems: [] })
    expect(store.read.openOrders({}).orders).toMatchObject([
      { venue_order_id: 'd', trigger_price: '0.00000001', as_of: 77 },
    ])
    expect(store.accounts()).toMatchObject([{ account: 'main', openOrders: 1, unknown: 1 }, { state: 'disabled' }])
    expect(apply(store, outcomeOf(opened({}, { id: 'new' }))).map((event) => event.seq)).toEqual([10])
  })
})

describe('migrating', () => {
  test('a new database needs no copy, and a current one no step', () => {
    const path = tempDatabase()
    const first = aStore({ path })
    expect(first.migrated).toEqual({ applied: journal.entries.length, backup: null })
    first[Symbol.dispose]()
    expect(aStore({ path }).migrated).toEqual({ applied: 0, backup: null })
    expect(readdirSync(join(path, '..')).filter((name) => name.includes('.bak'))).toEqual([])
  })

  test('copies what is there before it changes anything', () => {
    const path = written()
    const db = openWriter(path)
    const { applied, backup } = migrateDatabase(db, path, nextVersion('alter table orders add column extra text'))
    db.close()
    expect(applied).toBe(1)
    expect(backup).toBe(`${path}.before-${journal.entries.length}.bak`)
    using copy = openReader(backup ?? '')
    expect(copy.verify()).toEqual({ orders: 1, events: 1, problems: [] })
  })

  test('that fails half-way changes nothing, and can be tried again', () => {
    const path = written()
    const db = openWriter(path)
    const broken = nextVersion(
      'create table half (id integer);\n--> statement-breakpoint\nalter table nowhere add x text',
    )
    expect(() => migrateDatabase(db, path, broken)).toThrow('nowhere')
    expect(() => migrateDatabase(db, path, broken)).toThrow('nowhere')
    expect(db.prepare(`select 1 from sqlite_master where name = 'half'`).get()).toBeUndefined()
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1)
    db.close()
    expect(existsSync(`${path}.before-${journal.entries.length}.bak`)).toBe(true)
    expect(existsSync(`${path}.before-${journal.entries.length}.bak.partial`)).toBe(false)
    expect(aStore({ path }).read.verify().problems).toEqual([])
  })

  test('that would leave dangling rows changes nothing', () => {
    const path = written()
    const db = openWriter(path)
    const dangling = nextVersion(`create table child (account text references accounts (account));
      --> statement-breakpoint
      insert into child values ('ghost')`)
    expect(() => migrateDatabase(db, path, dangling)).toThrow('1 dangling rows')
    db.close()
    expect(aStore({ path }).migrated.applied).toBe(0)
  })

  test('a newer database is refused by owners and readers, and stays as it is', () => {
    const path = written()
    const db = openWriter(path)
    migrateDatabase(db, path, nextVersion('alter table orders add column extra text'))
    db.close()
    const before = readFileSync(path)
    expect(() => aStore({ path })).toThrow(expect.objectContaining({ name: 'SchemaNewerError', retry: 'never' }))
    expect(() => openReader(path)).toThrow(expect.objectContaining({ name: 'SchemaNewerError' }))
    expect(readFileSync(path)).toEqual(before)
  })

  test('an older database is not for readers', () => {
    const path = tempDatabase()
    const db = openWriter(path)
    db.close()
    expect(() => openReader(path)).toThrow(expect.objectContaining({ name: 'SchemaOlderError' }))
    openReadOnly(path).close()
  })
})
