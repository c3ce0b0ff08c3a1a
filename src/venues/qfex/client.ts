/** Owns one QFEX account: its parts put together into what every venue offers. */
import type { Clock } from '../../core/clock.ts'
import { type Budget, createBudget, type RateLimit } from '../budget.ts'
import { VenueError } from '../errors.ts'
import { createHttpClient } from '../http.ts'
import { createScrubber } from '../scrub.ts'
import type { LookContext, SessionProtocol, SnapshotRead, VenueAccount, VenueDeps } from '../venue.ts'
import { createVenueClock } from '../venue-clock.ts'
import { lookBack } from './history.ts'
import { createInstruments } from './instruments.ts'
import { createMemory } from './memory.ts'
import { ALLOWED_REQUESTS, createRest } from './rest.ts'
import { lookUp } from './search.ts'
import { createSessionProtocol } from './session.ts'
import { createSigner } from './sign.ts'
import { readOpenOrders } from './snapshot.ts'
import { createTieBreaker, type OpenSession } from './tie-breaker.ts'

export interface QfexSettings {
  id: string
  wsUrl: string
  restUrl: string
  publicKey: string
  secretKey: string
  /** The uuid of a subaccount; null or absent for the main one. */
  subaccount?: string | null
  /** The part of the venue's limits that is ours, 0–1. */
  rateShare: number
}

export interface QfexDeps extends VenueDeps {
  /** Of the user: socket and REST take from it, and so does every account with the same {@link budgetKey}. */
  budget: Budget
  /** How to open a second session for a moment; without it an order is looked up in history only. */
  openSession?: OpenSession
}

/** https://docs.qfex.com/websocket/rate: weight per user over all connections. HTTP publishes no limits of its own. */
export const RATE_LIMITS: readonly RateLimit[] = [{ capacity: 12_000, windowMs: 60_000 }]

const HTTP_LIMITS = { timeoutMs: 15_000, maxBodyBytes: 16_000_000 }

/** Accounts with the same key are the same user to the venue, whatever their subaccount. */
export const budgetKey = ({ restUrl, publicKey }: QfexSettings): string => `qfex/${new URL(restUrl).host}/${publicKey}`

export const createQfexBudget = ({ rateShare }: QfexSettings, clock: Clock): Budget =>
  createBudget(RATE_LIMITS, rateShare, clock)

export function createAccount(
  settings: QfexSettings,
  deps: QfexDeps,
): { account: VenueAccount; session: SessionProtocol } {
  const { id, wsUrl, restUrl, publicKey, secretKey } = settings
  const { clock, chance, budget } = deps
  const subaccount = settings.subaccount ?? null
  const scrubSecrets = createScrubber([secretKey])
  const venueClock = createVenueClock(clock)
  const sign = createSigner(secretKey, venueClock.signingTime, chance)
  const http = createHttpClient({
    transport: deps.http,
    clock,
    baseUrl: restUrl,
    allow: ALLOWED_REQUESTS,
    budget,
    venueClock,
    limits: HTTP_LIMITS,
  })
  const rest = createRest({ http, budget, sign, publicKey, subaccount, venueClock, scrubSecrets })
  const instruments = createInstruments(rest, clock)
  const memory = createMemory()
  const socket = {
    account: id,
    find: instruments.find,
    memory,
    budget,
    scrubSecrets,
    wsUrl,
    publicKey,
    subaccount,
    sign,
  }
  const session = createSessionProtocol({ ...socket, instruments, key: `qfex/${id}`, subscribes: true })
  const asking = createSessionProtocol({ ...socket, instruments, key: `qfex/${id}/ask`, subscribes: false })
  const breakTie =
    deps.openSession === undefined
      ? null
      : createTieBreaker({ open: deps.openSession, protocol: asking, clock, find: instruments.find, memory })
  const history = { rest, instruments, memory, clock, venueNow: venueClock.now }

  const account: VenueAccount = {
    id,
    venue: 'qfex',
    // A key may change and the account stay; QFEX says whose it is only in its rows.
    identity: `${new URL(restUrl).host}/${subaccount ?? 'main'}`,
    lookups: 'any',
    history: true,
    streams: true,
    looksThroughSession: true,
    snapshot: (context) => lookBeside(context, (link) => readOpenOrders(link, { instruments, memory }), asking, deps),
    async lookup(question, context) {
      const answer = await lookUp(question, context, history)
      if (answer.is !== 'silent' || breakTie === null) return answer
      const sighting = await breakTie(question, context.signal)
      return sighting === null ? answer : { is: 'found', sighting, fills: [] }
    },
    lookBack: (window, context) => lookBack(window, context, history),
    venueNow: venueClock.now,
  }
  return { account, session }
}

/**
 * After too many requests without a reply the live socket takes none for a while, and its frames go on: then the list comes
 * over a second session, and proves nothing about what is still under way on the first.
 */
async function lookBeside(
  context: LookContext,
  look: (context: LookContext) => Promise<SnapshotRead[]>,
  protocol: SessionProtocol,
  { openSession }: QfexDeps,
): Promise<SnapshotRead[]> {
  try {
    return await look(context)
  } catch (error) {
    const rests = error instanceof VenueError && error.failure === 'later' && typeof error.retry === 'object'
    if (!rests || openSession === undefined || context.session === null) throw error
    const { link, close } = await openSession(protocol, context.signal)
    try {
      const reads = await look({ ...context, session: link })
      return reads.map((read) => ({ ...read, sameSession: false }))
    } finally {
      await close()
    }
  }
}
