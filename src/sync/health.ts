/** Owns what is written about an account beside its orders: how it fares, and what it sent that nobody could read. */
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { Quarantined } from '../core/quarantine.ts'
import type { AccountPatch } from '../store/accounts.ts'
import type { Store } from '../store/commit.ts'
import type { VenueError } from '../venues/errors.ts'

/** More unreadable items than this between two runs and the rest is only counted by what the venue sends next. */
const MAX_ASIDE = 200

export interface Health {
  /** Never fails: a state that cannot be written now is written with the next change. */
  record(patch: AccountPatch): void
  failed(error: VenueError): void
  setAside(item: Quarantined): void
  rejected(): void
  /** Writes down what was set aside. */
  settle(): void
}

export function createHealth(account: string, store: Store, clock: Clock, log: Logger): Health {
  let aside: Quarantined[] = []
  let rejections = 0
  const guarded = (work: () => void) => {
    try {
      work()
    } catch (error) {
      log.error({ err: error }, 'account state not recorded')
    }
  }
  const record = (patch: AccountPatch) => guarded(() => store.transact((tx) => tx.patchAccount(account, patch)))
  return {
    record,
    failed(error) {
      const state = error.failure === 'refused' ? 'refused' : 'degraded'
      log.warn({ failure: error.failure, reason: error.message }, 'venue failed')
      record({ state, lastError: error.message, lastPollAt: clock.wall() })
    },
    setAside(item) {
      if (aside.length < MAX_ASIDE) aside.push(item)
    },
    rejected() {
      rejections += 1
    },
    settle() {
      if (aside.length === 0 && rejections === 0) return
      const [items, count] = [aside, rejections]
      aside = []
      rejections = 0
      guarded(() =>
        store.transact((tx) => {
          if (items.length > 0) tx.quarantine(account, items, clock.wall())
          if (count > 0) tx.reject(account, count)
        }),
      )
    },
  }
}
