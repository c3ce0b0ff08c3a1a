import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { openReadOnly, openWriter } from '../../src/store/open.ts'
import { openReader } from '../../src/store/read.ts'
import { apply, aStore, asNobody, tempDatabase, tempDir } from './harness.ts'
import { opened, outcomeOf } from './lives.ts'

const named = (name: string) => expect.objectContaining({ name })

describe('a file that is not ours', () => {
  test.each([
    ['text', 'a diary, not a database'.repeat(100)],
    ['a cut database', `SQLite format 3\0${'x'.repeat(200)}`],
  ])('%s is corrupt, and stays as it is', (_, content) => {
    const path = tempDatabase()
    writeFileSync(path, content)
    expect(() => aStore({ path })).toThrow(named('StoreCorruptError'))
    expect(() => openReader(path)).toThrow(named('StoreCorruptError'))
    expect(readFileSync(path, 'utf8')).toBe(content)
  })

  test('a database of another program is left alone', () => {
    const path = tempDatabase()
    const theirs = new Database(path)
    theirs.exec('create table orders (id integer); insert into orders values (1)')
    theirs.close()
    expect(() => aStore({ path })).toThrow('a database of another program')
    const after = new Database(path)
    expect(after.prepare('select * from orders').all()).toEqual([{ id: 1 }])
    after.close()
  })

  test('a page damaged later is told as damage', () => {
    const path = tempDatabase()
    const store = aStore({ path })
    apply(store, outcomeOf(...Array.from({ length: 200 }, (_, n) => opened({}, { id: `${n}` }))))
    store[Symbol.dispose]()
    const bytes = readFileSync(path)
    bytes.fill(0xff, 4096 * 3)
    writeFileSync(path, bytes)
    const look = () => {
      using reader = openReader(path)
      reader.verify()
    }
    expect(look).toThrow(named('StoreCorruptError'))
  })
})

describe('a place that cannot hold a database', () => {
  test('a missing directory is named and not created', () => {
    const path = join(tempDir(), 'nowhere', 'orders.db')
    expect(() => aStore({ path })).toThrow(`${join(path, '..')} of the database does not exist: create it`)
  })

  test('a directory is no file', () => {
    const path = tempDatabase()
    mkdirSync(path)
    expect(() => aStore({ path })).toThrow('is a directory')
  })

  test.each([
    ['NFS', 0x6969],
    ['CIFS', 0xff534d42 | 0],
    ['FUSE', 0x65735546],
  ])('a network filesystem is refused: %s', (name, type) => {
    expect(() => openWriter(tempDatabase(), () => ({ type }))).toThrow(`network filesystem (${name})`)
  })

  test('a file without the right to write is told so, and so is one without the right to read', () => {
    const path = tempDatabase()
    aStore({ path })[Symbol.dispose]()
    chmodSync(join(path, '..'), 0o555)
    chmodSync(path, 0o444)
    expect(openAsNobody('openWriter', path)).toMatch(/^StoreOpenError: .*cannot be opened.*check the permissions/)
    chmodSync(path, 0o000)
    expect(openAsNobody('openReadOnly', path)).toMatch(/^StoreOpenError: .*cannot be opened.*check the permissions/)
    chmodSync(join(path, '..'), 0o755)
  })

  test('a database that is not there yet has no reader', () => {
    expect(() => openReader(tempDatabase())).toThrow('does not exist: start the daemon first')
  })
})

const openAsNobody = (open: string, path: string): string =>
  asNobody(`import('./src/store/open.ts').then((m) => m.${open}(process.argv[1]) && 'opened')`, path)

describe('every connection', () => {
  test('of the owner writes through to the disk', () => {
    const db = openWriter(tempDatabase())
    const pragmas = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'trusted_schema']
    expect(pragmas.map((name) => db.pragma(name, { simple: true }))).toEqual(['wal', 2, 1, 250, 0])
    db.close()
  })

  test('of a reader can write nothing, and sees each commit', () => {
    const path = tempDatabase()
    const store = aStore({ path })
    const db = openReadOnly(path)
    expect(() => db.exec('delete from accounts')).toThrow('readonly')
    db.close()
    using reader = openReader(path)
    const before = reader.dataVersion()
    apply(store, outcomeOf(opened()))
    expect(reader.dataVersion()).not.toBe(before)
    expect(reader.meta().lastSeq).toBe(1)
  })
})

test('a full disk refuses the transaction whole, and what was committed stays', () => {
  const path = tempDatabase()
  const command = `ulimit -f 600; exec "${process.execPath}" --import tsx test/store/fill-disk.ts "$0"`
  const { stdout, stderr } = spawnSync('bash', ['-c', command, path], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const [failure, committed] = stdout.trim().split('\n')
  expect(failure).toBe('StoreUnavailableError')
  expect(Number(committed)).toBeGreaterThan(0)
  const store = aStore({ path })
  expect(store.meta().lastSeq).toBe(Number(committed))
  expect(store.read.verify().problems).toEqual([])
})
