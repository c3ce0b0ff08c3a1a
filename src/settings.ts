/** Owns what the configuration becomes for the parts of the daemon: secrets are revealed here and nowhere else. */

import type { AccountSettings } from './config/account-settings.ts'
import type { Config } from './config.ts'
import { assertNever } from './core/assert-never.ts'
import type { EngineSpec } from './queue/engines/engine.ts'
import type { VenueSettings } from './venues/registry.ts'
import type { WorkerAccount } from './worker.ts'

/** How far back of its watermark history is read again: what a venue shows late is still found. */
const HISTORY_OVERLAP_MS = 10 * 60_000
/** How long a list and the stream may lag behind each other. */
const SETTLE_MS = 2_000

export const workerAccounts = ({ accounts }: Config): WorkerAccount[] =>
  accounts.map((account) => {
    const { id, venue, environment, enabled, trackSince, poll, absence } = account
    return {
      venue: venueSettings(account),
      environment,
      enabled,
      trackSince,
      sync: {
        account: id,
        venue,
        pollEveryMs: poll.everyMs,
        pollWhileStreamingMs: poll.whileStreamingMs,
        historyEveryMs: poll.historyMs,
        historyOverlapMs: HISTORY_OVERLAP_MS,
        settleMs: SETTLE_MS,
        ...absence,
      },
    }
  })

function venueSettings(account: AccountSettings): VenueSettings {
  const { id, restUrl, rateShare } = account
  switch (account.venue) {
    case 'qfex': {
      const { wsUrl, publicKey, secretKey, subaccount } = account
      return { venue: 'qfex', id, restUrl, wsUrl, publicKey, secretKey: secretKey.reveal(), subaccount, rateShare }
    }
    case 'revolut-x': {
      const { protocol, apiKey, privateKey } = account
      return {
        venue: 'revolut-x',
        id,
        protocol,
        restUrl,
        apiKey: apiKey.reveal(),
        privateKey: privateKey.reveal(),
        rateShare,
      }
    }
    case 'dexpal': {
      const { apiKey, addresses } = account
      return { venue: 'dexpal', id, restUrl, apiKey: apiKey.reveal(), addresses, rateShare }
    }
    case 'derive': {
      const { protocol, wsUrl, wallet, sessionKey, subaccountId } = account
      const key = sessionKey.reveal()
      return { venue: 'derive', id, protocol, restUrl, wsUrl, wallet, sessionKey: key, subaccountId, rateShare }
    }
    default:
      return assertNever(account)
  }
}

export const engineSpec = ({ queue }: Config, searchPath: string): EngineSpec => {
  if (queue.engine === 'redis') return { engine: 'redis', url: queue.url.reveal() }
  return queue.engine === 'auto' ? { engine: 'auto', searchPath } : { engine: 'embedded' }
}

/** The Redis that daemons of one credential share its rate budget through; null where the queue is of one daemon alone. */
export const sharedBudgetUrl = ({ queue }: Config): string | null =>
  queue.engine === 'redis' ? queue.url.reveal() : null

/** What cannot change while the daemon runs, to tell the user so after a reload. */
export const fixedSettings = ({ database, http, queue }: Config): string => {
  const address = http === null ? 'none' : `${http.listen.host}:${http.listen.port}`
  const engine = queue.engine === 'redis' ? queue.url.reveal() : queue.engine
  return JSON.stringify([database, address, http?.token?.reveal() ?? null, engine])
}
