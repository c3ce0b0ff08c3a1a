/** Owns what the user decided for one account, in the units that `sync` works with. All durations in ms. */
import type { Evidence, VenueName } from '../core/order.ts'

export interface SyncSettings {
  account: string
  venue: VenueName
  pollEveryMs: number
  pollWhileStreamingMs: number
  historyEveryMs: number
  historyOverlapMs: number
  confirmations: number
  graceMs: number
  giveUpAfterMs: number
  settleMs: number
}

/** What `sync` tells whoever counts: never a reason to do anything. */
export interface SyncMeter {
  polled(account: string, result: 'ok' | string): void
  recorded(account: string, type: string, evidence: Evidence): void
}
