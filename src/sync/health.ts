/** Owns what is written about an account beside its orders: how it fares, and what it sent that nobody could read. */
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { Quarantined } from '../core/quarantine.ts'
import type { AccountPatch } from '../store/accounts.ts'
import type { Store } from '../store/commit.ts'
import { VenueError } from '../venues/errors.ts'
import type { Task } from './pace.ts'

/** More unreadable items than this between two runs and the rest is only counted by what the venue sends next. */
const MAX_ASIDE = 200

export interface Health {
  /** Never fails: a state that cannot be written now is written with the next change. */
  record(patch: AccountPatch): void
  /** Whatever kept a task from its end. */
  failed(task: Task, error: unknown): void
  /** The session ended; null: because nobody wants it any more. */
  streamDown(why: VenueError | null): void
  /** The sweep reached its end. */
  swept(): void
  /** What a good look leaves: `ok`, unless history is in trouble meanwhile, which no look at open orders can cure. */
  afterLook(): AccountPatch
  setAside(item: Quarantined): void
  rejected(): void
  /** Writes down what was set aside. */
  settle(): void
}

export function createHealth(account: string, store: Store, clock: Clock, log: Logger): Health {
  let aside: Quarantined[] = []
  let rejections = 0
  let sweepTrouble: AccountPatch | null = null
  const guarded = (work: () => void): boolean => {
    try {
      work()
      return true
    } catch (error) {
      log.error({ err: error }, 'account state not recorded')
      return false
    }
  }
  const record = (patch: AccountPatch) => void guarded(() => store.transact((tx) => tx.patchAccount(account, patch)))
  return {
    record,
    failed(task, error) {
      if (error instanceof VenueError) log.warn({ task, failure: error.failure, reason: error.message }, 'venue failed')
      else log.error({ task, err: error }, 'a read was not recorded')
      const trouble = troubleOf(error)
      if (task === 'sweep') sweepTrouble = trouble
      record(task === 'poll' ? { ...trouble, lastPollAt: clock.wall() } : trouble)
    },
    streamDown: (why) => record({ streamState: 'down', ...(why === null ? {} : troubleOf(why)) }),
    swept() {
      sweepTrouble = null
    },
    afterLook: () => sweepTrouble ?? { state: 'ok', lastError: null },
    setAside(item) {
      if (aside.length < MAX_ASIDE) aside.push(item)
    },
    rejected() {
      rejections += 1
    },
    settle() {
      if (aside.length === 0 && rejections === 0) return
      const [items, count] = [aside, rejections]
      const written = guarded(() =>
        store.transact((tx) => {
          if (items.length > 0) tx.quarantine(account, items, clock.wall())
          if (count > 0) tx.reject(account, count)
        }),
      )
      if (!written) return
      aside = []
      rejections = 0
    },
  }
}

/** Messages of venues are scrubbed where they arise; of anything else only the name is safe to show. */
function troubleOf(error: unknown): AccountPatch {
  if (error instanceof VenueError) {
    return { state: error.failure === 'refused' ? 'refused' : 'degraded', lastError: error.message }
  }
  const name = error instanceof Error ? error.name : 'unknown'
  return { state: 'degraded', lastError: `what was read could not be recorded (${name})` }
}
