/** Owns health and metrics as the database tells them: the same for the daemon and for a `monitor` beside it. */
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { AccountRow } from '../store/accounts.ts'
import type { Health } from './health.ts'
import type { MeterTotals } from './meter.ts'
import type { AccountSample, MetricsSnapshot, MetricsSource } from './metrics.ts'

/** Each may throw where the file fails; that shows as a closed database. */
export interface DatabaseView {
  accounts(): readonly AccountRow[]
  lastSeq(): number
  walBytes(): number
  /** A daemon owns the database now. */
  lockHeld(): boolean
  engine(): { name: string; reachable: boolean } | null
  /** Whether this process has polled the account yet; without it any earlier poll counts. */
  attempted?(account: string): boolean
  /** What this process counted; a `monitor` beside the daemon counts nothing. */
  totals?(): MeterTotals
}

export function fromDatabase(
  view: DatabaseView,
  deps: { clock: Clock; log: Logger },
): { health: () => Health; metrics: MetricsSource } {
  let wasOpen = true
  /** Logged once per change: scrapes come every few seconds for as long as the disk is away. */
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      const value = read()
      wasOpen = true
      return value
    } catch (err) {
      if (wasOpen) deps.log.warn({ err }, 'database not readable')
      wasOpen = false
      return otherwise
    }
  }
  const attempted = (row: AccountRow) => view.attempted?.(row.account) ?? row.lastPollAt !== null
  return {
    health: () => {
      const read = (): Health => ({
        database: 'open',
        lock: view.lockHeld() ? 'held' : 'not_held',
        accounts: view.accounts().map((row) => ({
          account: row.account,
          enabled: isEnabled(row),
          attempted: attempted(row),
          state: row.state,
          lastCompleteAt: row.lastCompleteAt,
        })),
        engine: view.engine(),
      })
      return attempt(read, { database: 'closed', lock: 'not_held', accounts: [], engine: null })
    },
    metrics: {
      snapshot: () => {
        const totals = view.totals?.() ?? null
        const read = (): MetricsSnapshot => ({
          accounts: view
            .accounts()
            .filter(isKept)
            .map((row) => sampleOf(row, deps.clock.wall())),
          database: { walBytes: view.walBytes(), lastSeq: view.lastSeq() },
          totals,
        })
        return attempt(read, { accounts: [], database: null, totals })
      },
    },
  }
}

const isKept = ({ state }: AccountRow): boolean => state !== 'removed'
const isEnabled = ({ state }: AccountRow): boolean => state !== 'removed' && state !== 'disabled'

const sampleOf = (row: AccountRow, wall: number): AccountSample => ({
  account: row.account,
  venue: row.venue,
  state: row.state,
  streamState: row.streamState,
  openOrders: row.openOrders,
  missing: row.missing,
  unknown: row.unknown,
  quarantined: row.quarantined,
  // A wall clock set back must not show an age from the future.
  lastCompleteAgeMs: row.lastCompleteAt === null ? null : Math.max(0, wall - row.lastCompleteAt),
})
