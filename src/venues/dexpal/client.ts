/** Owns one DexPal account: a partner's host, a key for it, and the addresses that are looked at. */
import type { Clock } from '../../core/clock.ts'
import { type Budget, createBudget, type RateLimit } from '../budget.ts'
import { createHttpClient, type WireLimits } from '../http.ts'
import { createScrubber } from '../scrub.ts'
import type { VenueAccount, VenueDeps } from '../venue.ts'
import { createVenueClock } from '../venue-clock.ts'
import { MAX_URL_CHARS, normaliseAddress } from './address.ts'
import { createLookBack, QUERY_CHARS } from './history.ts'
import { ALLOWED, createGet, HISTORY_PATH, ORDERS_PATH } from './rest.ts'
import { createLook } from './snapshot.ts'

export interface DexpalSettings {
  id: string
  /** The partner's own; requests go to `<restUrl>/dexpal/v1/…`. */
  restUrl: string
  apiKey: string
  addresses: readonly string[]
  /** The part of the venue's limits that is ours, over 0 and up to 1. */
  rateShare: number
}

export interface DexpalDeps extends VenueDeps {
  /** Of the key: every account with the same {@link budgetKey} takes from it. */
  budget: Budget
}

/** Published for each path. Whether the paths share it is not said, so ours do. */
export const RATE_LIMITS: readonly RateLimit[] = [{ capacity: 120, windowMs: 60_000 }]

const WIRE: WireLimits = { timeoutMs: 15_000, maxBodyBytes: 16 * 1024 * 1024 }

export const budgetKey = ({ restUrl, apiKey }: DexpalSettings): string => `dexpal/${new URL(restUrl).host}/${apiKey}`

export const createDexpalBudget = ({ rateShare }: DexpalSettings, clock: Clock): Budget =>
  createBudget(RATE_LIMITS, rateShare, clock)

/** Makes the account without asking the venue anything. */
export function createAccount(settings: DexpalSettings, deps: DexpalDeps): { account: VenueAccount; session: null } {
  const { id, restUrl, apiKey } = settings
  const { clock, budget } = deps
  const venueClock = createVenueClock(clock)
  const http = createHttpClient({
    transport: deps.http,
    clock,
    baseUrl: restUrl,
    allow: ALLOWED,
    budget,
    venueClock,
    limits: WIRE,
  })
  const get = createGet({ http, budget, apiKey, scrubSecrets: createScrubber([apiKey]) })
  // Sent as they are written: the user knows how the partner spells them. One wallet spelled twice is asked about once.
  const addresses = [...new Map(settings.addresses.map((address) => [normaliseAddress(address), address])).values()]
  const room = (path: string) => MAX_URL_CHARS - `${restUrl}${path}?addr=`.length
  const look = createLook(get, addresses, room(ORDERS_PATH))

  const account: VenueAccount = {
    id,
    venue: 'dexpal',
    identity: new URL(restUrl).host,
    partitions: addresses.map(normaliseAddress),
    lookups: 'none',
    history: false,
    hasHints: true,
    emptyIsAmbiguous: true,
    streams: false,
    looksThroughSession: false,
    snapshot: ({ signal }) => look(signal),
    lookup: async () => ({ is: 'silent' }),
    lookBack: createLookBack(get, addresses, room(HISTORY_PATH) - QUERY_CHARS),
    venueNow: venueClock.now,
  }
  return { account, session: null }
}
