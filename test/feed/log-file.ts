/** A database file with a log in it, written by the store itself, for tests of what reads one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/core/clock.ts'
import { reconcile } from '../../src/core/reconcile.ts'
import type { Report } from '../../src/core/report.ts'
import { openStore, type Store } from '../../src/store/commit.ts'
import { aContext, aFrame, aSighting, T0 } from '../support/orders.ts'

export interface LogFile extends Disposable {
  dir: string
  database: string
  store: Store
  /** Commits one report of the account `main`. */
  apply(report: Report): void
  /** Commits so many new orders in one transaction: an `opened` each. */
  open(count: number): void
  /** Lets go of the database, as a daemon that ends. */
  close(): void
}

export function createLogFile(options: { clock?: Clock; newLogId?: () => string } = {}): LogFile {
  const dir = mkdtempSync(join(tmpdir(), 'ordersync-log-'))
  const database = join(dir, 'orders.db')
  const clock = options.clock ?? { wall: () => T0, monotonic: () => 0, after: () => ({ [Symbol.dispose]() {} }) }
  const owner = { pid: 4242, host: 'here' }
  const store = openStore({ path: database, clock, owner, newLogId: options.newLogId ?? (() => 'log-a') })
  const account = { id: 'main', venue: 'qfex', environment: 'production', identity: 'host/user' } as const
  store.transact((tx) =>
    tx.registerAccounts([{ ...account, enabled: true, trackSince: T0 - 86_400_000 }], clock.wall()),
  )
  let opened = 0
  let closed = false
  const apply = (report: Report) =>
    store.transact((tx) => {
      const refs = 'sightings' in report ? report.sightings : []
      const stored = tx.load('main', { refs, scope: null })
      tx.apply('main', 'qfex', reconcile(stored, report, aContext({ wall: clock.wall() })))
    })
  const close = () => {
    if (!closed) store[Symbol.dispose]()
    closed = true
  }
  return {
    dir,
    database,
    store,
    apply,
    open: (count) => apply(aFrame(Array.from({ length: count }, () => aSighting({ id: `order-${++opened}` })))),
    close,
    [Symbol.dispose]() {
      close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
