/** Opens real stores for tests, and takes them and their files away after. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Outcome } from '../../src/core/outcome.ts'
import type { ConfiguredAccount } from '../../src/store/accounts.ts'
import { openStore, type Store, type StoreOptions } from '../../src/store/commit.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { MAIN } from './lives.ts'

/** A directory that is gone after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ordersync-store-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export const tempDatabase = (): string => join(tempDir(), 'orders.db')

let logs = 0

/** A store with the account `main`; closed after the test. */
export function aStore(over: Partial<StoreOptions> = {}, accounts: readonly ConfiguredAccount[] = [MAIN]): Store {
  const options = { clock: createFakeClock(), owner: { pid: process.pid, host: 'here' }, path: ':memory:' }
  const store = openStore({
    ...options,
    newLogId: () => {
      logs += 1
      return `log-${logs}`
    },
    ...over,
  })
  onTestFinished(() => store[Symbol.dispose]())
  if (accounts.length > 0) store.transact((tx) => tx.registerAccounts(accounts, 1_000))
  return store
}

export const apply = (store: Store, outcome: Outcome, account = 'main') =>
  store.transact((tx) => tx.apply(account, 'qfex', outcome))

/**
 * What an expression comes to in a process of another user, as text. Root may do anything, so the process is nobody's where
 * the test runs as root; elsewhere the test takes the rights away from everybody.
 */
export function asNobody(expression: string, ...args: string[]): string {
  const script = `${expression}.then((value) => console.log(String(value)), (error) => console.log(String(error)))`
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const env = { ...process.env, TSX_DISABLE_CACHE: '1', HOME: '/nonexistent' }
  const argv = ['--import', 'tsx', '--input-type=module', '--eval', script, ...args]
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', env, ...nobody })
  return stdout.trim() || stderr
}
