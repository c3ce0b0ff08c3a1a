/** Owns a Revolut X account: what is asked at which path, and what an answer proves. */

import type { Clock } from '../../core/clock.ts'
import type { Coverage, LookupAnswer } from '../../core/report.ts'
import { type Budget, createBudget, type RateLimit } from '../budget.ts'
import { VenueError } from '../errors.ts'
import { type AllowRule, createHttpClient, type WireLimits } from '../http.ts'
import { createScrubber } from '../scrub.ts'
import type { LookContext, Question, SnapshotRead, VenueAccount, VenueDeps } from '../venue.ts'
import { createVenueClock } from '../venue-clock.ts'
import { createLookBack } from './history.ts'
import { pageOf, type Rows, readRows, type Walk, walk } from './pages.ts'
import { createGet, type Get } from './rest.ts'
import { createSigner } from './signing.ts'
import { hasExecutions, readDetail, readExecutions } from './single.ts'

export interface RevolutXSettings {
  id: string
  /** `orders-active`: the documented list. `orders`: `GET /api/1.0/orders` with the field names of the older page. */
  protocol: 'orders-active' | 'orders'
  /** The host; paths begin at its `/api`. */
  restUrl: string
  apiKey: string
  /** Ed25519, PKCS#8 PEM. */
  privateKey: string
  /** The part of the venue's limits that is ours, over 0 and up to 1. */
  rateShare: number
}

/** `DELETE /api/1.0/orders` cancels everything, so that a method alone stands between reading and ruin: GET, and no other. */
export const ALLOWED: readonly AllowRule[] = [
  { method: 'GET', path: /^\/api\/1\.0\/orders\/active$/ },
  { method: 'GET', path: /^\/api\/1\.0\/orders$/ },
  { method: 'GET', path: /^\/api\/1\.0\/orders\/historical$/ },
  { method: 'GET', path: /^\/api\/1\.0\/orders\/(?:fills\/)?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/ },
]

/** Whether the venue's buckets are shared between its paths is not said, so ours are. */
const LIMITS: readonly RateLimit[] = [
  { capacity: 100, windowMs: 1_000 },
  { capacity: 1_000, windowMs: 60_000 },
]

const WIRE: WireLimits = { timeoutMs: 15_000, maxBodyBytes: 16 * 1024 * 1024 }

/** The largest page of the active list. Of the older list no maximum is known. */
const LIST_LIMIT = 300

/** Sizes at which the venue's lists were or are cut; the older list has no cursor that would say so. */
const SUSPECT_SIZES: ReadonlySet<number> = new Set([100, 300, 1_000])

export interface RevolutXDeps extends VenueDeps {
  /** Of the key: every account with the same {@link budgetKey} takes from it. */
  budget: Budget
}

export const budgetKey = ({ restUrl, apiKey }: RevolutXSettings): string =>
  `revolut-x/${new URL(restUrl).host}/${apiKey}`

export const createRevolutXBudget = ({ rateShare }: RevolutXSettings, clock: Clock): Budget =>
  createBudget(LIMITS, rateShare, clock)

/** Makes the account without asking the venue anything. Throws a VenueError `misused` where the private key is none. */
export function createAccount(
  settings: RevolutXSettings,
  deps: RevolutXDeps,
): { account: VenueAccount; session: null } {
  const { budget } = deps
  const venueClock = createVenueClock(deps.clock)
  const http = createHttpClient({
    transport: deps.http,
    clock: deps.clock,
    baseUrl: settings.restUrl,
    allow: ALLOWED,
    budget,
    venueClock,
    limits: WIRE,
  })
  const scrubSecrets = createScrubber([settings.apiKey, settings.privateKey])
  const sign = createSigner(settings.apiKey, settings.privateKey)
  const get = createGet({ http, budget, venueClock, sign, scrubSecrets })
  const readList = settings.protocol === 'orders-active' ? readActive : readOlderList

  const account: VenueAccount = {
    id: settings.id,
    venue: 'revolut-x',
    // A key tells neither the user nor an account, and no path names one: this is all there is to compare.
    identity: new URL(settings.restUrl).host,
    lookups: 'any',
    history: true,
    streams: false,
    looksThroughSession: false,
    snapshot: async ({ signal }) => [await readList(get, signal)],
    lookup: (question, context) => lookUp(get, question, context),
    lookBack: createLookBack(get),
    venueNow: venueClock.now,
  }
  return { account, session: null }
}

// ---- the open list ----------------------------------------------------------------------------------------------------

async function readActive(get: Get, signal: AbortSignal): Promise<SnapshotRead> {
  const list = await walk((cursor) => get('/api/1.0/orders/active', { limit: LIST_LIMIT, cursor }, 1, signal))
  const rows = readRows(list.rows, 'active[]')
  return snapshotOf(list, rows, list.unproven)
}

/** The older page documents neither cursor nor metadata: one answer, and only its size hints that it was cut. */
async function readOlderList(get: Get, signal: AbortSignal): Promise<SnapshotRead> {
  const answer = await get('/api/1.0/orders', { limit: LIST_LIMIT }, 1, signal)
  const page = pageOf(answer)
  const list: Walk = { rows: page.rows, pages: 1, unproven: null, venueTime: page.venueTime }
  const cut = SUSPECT_SIZES.has(page.rows.length) ? `exactly ${page.rows.length} rows may be a part` : null
  return snapshotOf(list, readRows(page.rows, 'orders[]'), page.cursor === null ? cut : 'more pages follow')
}

function snapshotOf(list: Walk, rows: Rows, unproven: string | null): SnapshotRead {
  return {
    scope: { of: 'account', kinds: ['order', 'algo'] },
    coverage: coverageOf(list, rows, unproven),
    sightings: rows.seen.map(({ sighting }) => sighting),
    alsoPresent: rows.alsoPresent,
    sameSession: false,
    venueTime: list.venueTime,
    quarantined: rows.quarantined,
  }
}

function coverageOf({ pages }: Walk, { illegible, torn }: Rows, unproven: string | null): Coverage {
  if (illegible) return { proves: 'presence', because: 'a row without a legible id' }
  if (unproven !== null) return { proves: 'presence', because: unproven }
  if (torn) return { proves: 'presence', because: 'an order was listed twice' }
  if (pages > 1) return { proves: 'absence_if_repeated', because: `${pages} pages in an order nobody documents` }
  return { proves: 'absence' }
}

// ---- one order --------------------------------------------------------------------------------------------------------

async function lookUp(get: Get, { kind, venueOrderId }: Question, { signal }: LookContext): Promise<LookupAnswer> {
  try {
    const detail = await readDetail(get, venueOrderId, signal)
    if (!detail.ok) throw new VenueError('broken', `${detail.quarantined.where}: ${detail.quarantined.problem}`)
    const { sighting } = detail.value
    if (sighting.kind !== kind) throw new VenueError('broken', `order ${venueOrderId} is no ${kind} any more`)
    const fills = hasExecutions(sighting) ? await fillsOrNone(get, sighting, signal) : []
    return { is: 'found', sighting, fills }
  } catch (error) {
    if (error instanceof VenueError && error.failure === 'not_found') return { is: 'no_such_order' }
    throw error
  }
}

/** An ending is proved without its executions, so that their failure does not hold it up. */
async function fillsOrNone(...[get, sighting, signal]: Parameters<typeof readExecutions>) {
  try {
    return (await readExecutions(get, sighting, signal)).fills
  } catch (error) {
    if (error instanceof VenueError) return []
    throw error
  }
}
