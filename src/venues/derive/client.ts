/** Owns the Derive accounts of a process: what each is made of, and what those of one wallet or one key share. */
import type { Clock } from '../../core/clock.ts'
import { type Budget, type BudgetFor, createBudget, type RateLimit } from '../budget.ts'
import { VenueError } from '../errors.ts'
import { createHttpClient, type WireLimits } from '../http.ts'
import { createScrubber } from '../scrub.ts'
import type { LookContext, SessionProtocol, VenueAccount, VenueDeps } from '../venue.ts'
import { createVenueClock, type VenueClock } from '../venue-clock.ts'
import { type Asking, lookBack } from './history.ts'
import * as legacy from './legacy.ts'
import { lookUp } from './lookup.ts'
import { allowedRequests, type Call, createCall, type Protocol } from './rest.ts'
import { createSocketGroup, type SocketGroup } from './session.ts'
import { createSigner, keyAddress } from './sign.ts'
import { readOpenOrders } from './snapshot.ts'

export interface DeriveSettings {
  id: string
  /** `v3`: three lists, history and a socket. `v2`: `private/get_orders` of the older page, polled only. */
  protocol: Protocol
  /** With the prefix of the protocol (`/v3`): a method's name is appended to it. */
  restUrl: string
  wsUrl: string
  /** The owner's address; in v2 that of the smart-contract wallet. Never the session key's. */
  wallet: string
  /** The private key of a session key that may read, in hex. */
  sessionKey: string
  subaccountId: number
  /** The part of the venue's limits that is ours, over 0 and up to 1. */
  rateShare: number
}

export interface OpenedDerive {
  account: VenueAccount
  /** Null in v2. Accounts of one wallet and key get the same protocol, which names all of them. */
  session: { protocol: SessionProtocol; budget: Budget } | null
}

/** https://docs.derive.xyz/rate-limits: methods that match nothing, per wallet; v2 allowed the same burst. */
export const RATE_LIMITS: readonly RateLimit[] = [{ capacity: 25, windowMs: 5_000 }]

const HTTP_LIMITS: WireLimits = { timeoutMs: 15_000, maxBodyBytes: 16_000_000 }

/** Opens accounts without asking the venue anything. Throws a VenueError `misused` where the session key is none. */
export function createDeriveRegistry(
  deps: VenueDeps,
  budgetFor: BudgetFor = (_key, create) => create(),
): (settings: DeriveSettings) => OpenedDerive {
  const budgets = new Map<string, Budget>()
  const groups = new Map<string, SocketGroup>()
  return (settings) => {
    const counted = budgetKey(settings)
    const budget = shared(budgets, counted, () => budgetFor(counted, () => createDeriveBudget(settings, deps.clock)))
    const venueClock = createVenueClock(deps.clock)
    const call = callOf(settings, deps, budget, venueClock)
    if (settings.protocol === 'v2') return { account: createV2(settings, call, venueClock), session: null }

    const key = socketKey(settings)
    const group = shared(groups, key, () => groupOf(settings, key, deps.clock))
    group.join({ account: settings.id, subaccountId: settings.subaccountId })
    const account = createV3(settings, call, venueClock, () => group.carries(settings.id))
    return { account, session: { protocol: group.protocol, budget } }
  }
}

/** The venue counts by wallet: over every subaccount and key, and over HTTP and the socket together. */
export const budgetKey = ({ restUrl, wallet }: DeriveSettings): string =>
  `derive/${new URL(restUrl).host}/${wallet.toLowerCase()}`

/** The first account of a wallet says what share of its limit is ours. */
export const createDeriveBudget = ({ rateShare }: DeriveSettings, clock: Clock): Budget =>
  createBudget(RATE_LIMITS, rateShare, clock)

function callOf(settings: DeriveSettings, deps: VenueDeps, budget: Budget, venueClock: VenueClock): Call {
  const { protocol, wallet, sessionKey } = settings
  const http = createHttpClient({
    transport: deps.http,
    clock: deps.clock,
    baseUrl: settings.restUrl,
    allow: allowedRequests(protocol),
    budget,
    venueClock,
    limits: HTTP_LIMITS,
  })
  const sign = createSigner(sessionKey, venueClock.signingTime)
  return createCall({ http, budget, sign, protocol, wallet, scrubSecrets: createScrubber([sessionKey]) })
}

/** By the key's address and not the key: a log or an error may name it. */
const socketKey = ({ wsUrl, wallet, sessionKey }: DeriveSettings): string =>
  `derive/${wsUrl}/${wallet.toLowerCase()}/${keyAddress(sessionKey)}`

function groupOf({ wsUrl, wallet, sessionKey }: DeriveSettings, key: string, clock: Clock): SocketGroup {
  const venueClock = createVenueClock(clock)
  const sign = createSigner(sessionKey, venueClock.signingTime)
  return createSocketGroup({ key, wsUrl, wallet, sign, venueClock, scrubSecrets: createScrubber([sessionKey]) })
}

type Common = Pick<VenueAccount, 'id' | 'venue' | 'identity' | 'lookups' | 'looksThroughSession' | 'venueNow'>

const commonOf = (settings: DeriveSettings, venueClock: VenueClock): Common => ({
  id: settings.id,
  venue: 'derive',
  identity: `${new URL(settings.restUrl).host}/${settings.wallet.toLowerCase()}/${settings.subaccountId}`,
  lookups: 'any',
  looksThroughSession: false,
  venueNow: venueClock.now,
})

function createV3(
  settings: DeriveSettings,
  call: Call,
  venueClock: VenueClock,
  isCarried: () => boolean,
): VenueAccount {
  const asking = ({ signal }: LookContext): Asking => ({ call, subaccountId: settings.subaccountId, signal })
  return {
    ...commonOf(settings, venueClock),
    history: true,
    // An account whose channels were refused is polled as if there were no socket, although its siblings have one.
    get streams() {
      return isCarried()
    },
    snapshot: async (context) => [await readOpenOrders(call, settings.subaccountId, context.signal)],
    lookup: (question, context) => lookUp(question, asking(context), venueClock.signingTime()),
    lookBack: (window, context) => lookBack(window, asking(context)),
  }
}

function createV2(settings: DeriveSettings, call: Call, venueClock: VenueClock): VenueAccount {
  const asking = ({ signal }: LookContext): Asking => ({ call, subaccountId: settings.subaccountId, signal })
  const find = legacy.createLookUp()
  return {
    ...commonOf(settings, venueClock),
    history: false,
    streams: false,
    snapshot: async (context) => [await legacy.readOpenOrders(asking(context))],
    lookup: (question, context) => find(question, asking(context)),
    lookBack: async () => {
      throw new VenueError('misused', 'protocol v2 has no history')
    },
  }
}

function shared<T>(known: Map<string, T>, key: string, create: () => T): T {
  const value = known.get(key) ?? create()
  known.set(key, value)
  return value
}
