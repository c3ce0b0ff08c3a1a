import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { backupDatabase } from '../../src/store/backup.ts'
import { lockPath, readHolder } from '../../src/store/lock.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { apply, aStore, asNobody, tempDatabase } from './harness.ts'
import { opened, outcomeOf } from './lives.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process of its own that owns the database until it is killed; resolves once it holds it. */
async function owner(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/store/own-database.ts', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  expect(line).toBe('owned')
  return child
}

const lockedBy = (holder: object) =>
  expect.objectContaining({ name: 'DatabaseLockedError', retry: 'later', holder: expect.objectContaining(holder) })

describe('one process owns a database', () => {
  test('a second owner is told who the first is, and leaves no trace', () => {
    const path = tempDatabase()
    const clock = createFakeClock({ wall: Date.UTC(2026, 10, 1) })
    const store = aStore({ path, clock, owner: { pid: 4711, host: 'alpha' } })
    const second = () => aStore({ path, owner: { pid: 4712, host: 'beta' } })
    expect(second).toThrow(lockedBy({ pid: 4711, host: 'alpha', since: Date.UTC(2026, 10, 1) }))
    expect(second).toThrow('process 4711 on alpha since 2026-11-01T00:00:00.000Z')
    expect(apply(store, outcomeOf(opened())).map((event) => event.seq)).toEqual([1])
  })

  test('others can read who holds it, and that nobody does', () => {
    const path = tempDatabase()
    expect(readHolder(path)).toBeNull()
    const store = aStore({ path, owner: { pid: 4711, host: 'alpha' } })
    expect(readHolder(path)).toMatchObject({ pid: 4711, host: 'alpha' })
    apply(store, outcomeOf(opened()))
    expect(readHolder(path)).toMatchObject({ pid: 4711, host: 'alpha' })
    store[Symbol.dispose]()
    expect(readHolder(path)).toBeNull()
  })

  test.each([
    ['the directory nor the file', 0o555, 0o444],
    ['the directory', 0o555, 0o644],
    ['the file', 0o755, 0o444],
  ])('another user who may not write %s can read who holds it', (_, directory, file) => {
    const path = tempDatabase()
    aStore({ path, owner: { pid: 4711, host: 'alpha' } })
    chmodSync(lockPath(path), file)
    chmodSync(dirname(path), directory)
    onTestFinished(() => chmodSync(dirname(path), 0o755))
    const asked = `import('./src/store/lock.ts').then((m) => JSON.stringify(m.readHolder(process.argv[1])))`
    expect(JSON.parse(asNobody(asked, path))).toMatchObject({ pid: 4711, host: 'alpha' })
  })

  test('a killed owner frees it, a stopped one keeps it', async () => {
    const path = tempDatabase()
    const child = await owner(path)
    child.kill('SIGSTOP')
    expect(() => aStore({ path })).toThrow(lockedBy({ pid: child.pid, host: 'other' }))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const store = aStore({ path })
    expect(store.meta()).toMatchObject({ logId: 'of-child', lastSeq: 1 })
    expect(store.read.verify().problems).toEqual([])
  })

  test('a stranger writing in the database is no owner: it is told to wait', () => {
    const path = tempDatabase()
    aStore({ path })[Symbol.dispose]()
    const shell = new Database(path)
    shell.exec('begin immediate')
    expect(() => aStore({ path })).toThrow(expect.objectContaining({ name: 'StoreUnavailableError' }))
    shell.exec('rollback')
    shell.close()
  })

  test('a reader of the lock in the way costs a mark, never a commit', () => {
    const path = tempDatabase()
    const store = aStore({ path })
    const reader = new Database(lockPath(path), { readonly: true })
    reader.exec('begin')
    reader.prepare('select * from holder').get()
    expect(apply(store, outcomeOf(opened())).map((event) => event.seq)).toEqual([1])
    expect(() => aStore({ path })).toThrow(lockedBy({ host: 'here' }))
    reader.close()
    apply(store, outcomeOf(opened({}, { id: 'b' })))
    const mark = new Database(lockPath(path), { readonly: true })
    expect(mark.prepare('select last_seq from watermark').get()).toEqual({ last_seq: 2 })
    mark.close()
  })
})

describe('a log', () => {
  test('keeps its name over restarts', () => {
    const path = tempDatabase()
    const first = aStore({ path })
    const { logId } = first.meta()
    apply(first, outcomeOf(opened()))
    first[Symbol.dispose]()
    expect(aStore({ path }).meta()).toMatchObject({ logId, lastSeq: 1 })
  })

  test('found behind its mark is a restored copy and gets a new name', () => {
    const path = tempDatabase()
    const first = aStore({ path })
    const { logId } = first.meta()
    apply(first, outcomeOf(opened({}, { id: 'a' })))
    first[Symbol.dispose]()
    copyFileSync(path, `${path}.copy`)
    const second = aStore({ path })
    apply(second, outcomeOf(opened({}, { id: 'b' })))
    second[Symbol.dispose]()
    copyFileSync(`${path}.copy`, path)
    const third = aStore({ path })
    expect(third.meta().lastSeq).toBe(1)
    expect(third.meta().logId).not.toBe(logId)
    const restored = third.meta().logId
    third[Symbol.dispose]()
    expect(aStore({ path }).meta().logId).toBe(restored)
  })

  test('of a backup has a new name, and the copy is whole', () => {
    const path = tempDatabase()
    const store = aStore({ path })
    apply(store, outcomeOf(opened()))
    backupDatabase(path, `${path}.bak`, () => 'of-backup')
    apply(store, outcomeOf(opened({}, { id: 'b' })))
    const copy = aStore({ path: `${path}.bak` })
    expect(copy.meta()).toMatchObject({ logId: 'of-backup', lastSeq: 1 })
    expect(copy.read.verify()).toEqual({ orders: 1, events: 1, problems: [] })
    expect(() => backupDatabase(path, `${path}.bak`, () => 'again')).toThrow('overwrites nothing')
    expect(() => backupDatabase(path, '/nowhere/at/all', () => 'again')).toThrow('cannot be created')
  })
})
