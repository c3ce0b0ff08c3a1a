/** Owns the sandbox: a seeded market behind venue servers that speak the real protocols, all in this process. */
import type { Chance, Clock } from '../core/clock.ts'
import type { SocketTransport } from '../stream/socket.ts'
import type { HttpTransport } from '../venues/http.ts'
import { createDice, type Dice, seededChance, uuidOf } from './chance.ts'
import { deriveAccount, dexpalAccount, qfexAccount, revolutXAccount, type SandboxAccount } from './credentials.ts'
import { createDeriveServer, deriveAccountOf } from './derive.ts'
import { createDexpalServer, dexpalAccountOf } from './dexpal.ts'
import { createEdge, type Edge } from './edge.ts'
import { createFaults, type Faults } from './faults.ts'
import { createHttpTransport, createSocketTransport } from './in-process.ts'
import type { Journal } from './journal.ts'
import { createKnobs, type Knobs } from './knobs.ts'
import { createMarket, type Market } from './market.ts'
import { createQfexServer } from './qfex.ts'
import { createRevolutXServer } from './revolut-x.ts'
import type { ServerDeps, ServerRequest, VenueServer, Violation } from './server.ts'
import type { TrueOrder } from './truth.ts'
import { createVenueClocks, expireInTime } from './venue-clocks.ts'
import { createViews } from './views.ts'

export type SandboxVenue = SandboxAccount['venue']

export interface SandboxOptions {
  clock: Clock
  /** Decides whatever happens by luck; drawn from `seed` if not given. */
  chance?: Chance
  /** Names ids and keys: the same seed has the same accounts. */
  seed: string
  /** {@link twoVenueAccounts} if not given; {@link defaultAccounts} has all venues. */
  accounts?: readonly SandboxAccount[]
  /** Keeps the truth over restarts; without one it is gone with the process. */
  journal?: Journal
  /** One way, in process; 1–15 if not given. */
  latencyMs?: { from: number; to: number }
}

export interface Sandbox {
  readonly seed: string
  readonly accounts: readonly SandboxAccount[]
  readonly market: Market
  readonly faults: Faults
  readonly knobs: Knobs
  readonly dice: Dice
  readonly clock: Clock
  /** What really became of the orders of an account, oldest first. */
  truth(account: string): readonly TrueOrder[]
  /** Requests that only a trader makes. A mirror makes none. */
  violations(): readonly Violation[]
  edge(venue: SandboxVenue): Edge
  /** Ends the sockets of an account, or all of a venue. */
  closeSockets(venue: SandboxVenue, account?: string): void
  closeAccountSockets(account: string): void
  /** Sets a venue's clock ahead of (or behind) the world's by so much. */
  skew(venue: SandboxVenue, ms: number): void
  venueNow(venue: SandboxVenue): number
  /** In-process: answers at {@link HOSTS} and at the hosts given. */
  readonly http: HttpTransport
  readonly socket: SocketTransport
}

/** Where the venues answer in process: their real names. */
export const HOSTS: Record<SandboxVenue, { rest: string; ws: string | null }> = {
  qfex: { rest: 'https://api.qfex.com', ws: 'wss://trade.qfex.com' },
  'revolut-x': { rest: 'https://revx.revolut.com', ws: null },
  // Both protocols; the newer has its own part of every path: `/v3/private/…`, `/v3/ws`.
  derive: { rest: 'https://api.derive.xyz', ws: 'wss://api.derive.xyz' },
  // Whichever partner it is.
  dexpal: { rest: 'https://partner.example', ws: null },
}

export const VENUES = ['qfex', 'revolut-x', 'derive', 'dexpal'] as const satisfies readonly SandboxVenue[]

/** A value for each venue. */
export function byVenue<T>(of: (venue: SandboxVenue) => T): Record<SandboxVenue, T> {
  return { qfex: of('qfex'), 'revolut-x': of('revolut-x'), derive: of('derive'), dexpal: of('dexpal') }
}

/** More than this and the oldest are dropped: a violation is a bug, and the first few tell which. */
const MAX_VIOLATIONS = 1_000

/** One that streams and two that are polled, the second by `GET /orders`: the least that needs all of a daemon. */
export function twoVenueAccounts(seed: string): SandboxAccount[] {
  return [
    qfexAccount(seed, 'qfex-main'),
    revolutXAccount(seed, 'revx', 'orders-active'),
    revolutXAccount(seed, 'revx-seed', 'orders'),
  ]
}

/** Every venue with every protocol: two subaccounts of one Derive wallet share a socket. */
export function defaultAccounts(seed: string): SandboxAccount[] {
  return [
    ...twoVenueAccounts(seed),
    deriveAccount(seed, 'derive-main', { wallet: 'derive', protocol: 'v3', subaccountId: 86_815 }),
    deriveAccount(seed, 'derive-alt', { wallet: 'derive', protocol: 'v3', subaccountId: 86_816 }),
    deriveAccount(seed, 'derive-v2', { wallet: 'derive-v2', protocol: 'v2', subaccountId: 9_145 }),
    dexpalAccount(seed, 'vela', 3),
  ]
}

export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock, seed, journal } = options
  const dice = createDice(options.chance ?? seededChance(`${seed}/chance`))
  const accounts = options.accounts ?? twoVenueAccounts(seed)
  const clocks = createVenueClocks(clock)
  const violations: Violation[] = []
  const faults = createFaults(dice, clock)
  const market = createMarket({
    seed,
    accounts,
    venueNow: clocks.now,
    keep: (orders, idsUsed) => journal?.keep(orders, idsUsed),
    restored: journal?.load() ?? { orders: [], idsUsed: 0 },
  })
  expireInTime(market, clock, clocks)
  const knobs = createKnobs()
  const violated = (violation: Violation) => {
    violations.push(violation)
    if (violations.length > MAX_VIOLATIONS) violations.shift()
  }
  const serverDeps = (venue: SandboxVenue): ServerDeps => {
    const views = createViews({ venue, market, faults })
    const own = SHARED_DICE.has(venue) || options.chance !== undefined
    const venueDice = own ? dice : createDice(seededChance(`${seed}/chance/${venue}`))
    return { market, views, faults, dice: venueDice, clock, venueNow: () => clocks.now(venue), violated }
  }
  // Not the market's ids: what clients do wrong must not change the truth.
  let errors = 0
  const edges = createEdges(accounts, serverDeps, knobs, () => uuidOf(`${seed}/errors`, errors++))
  const edge = (venue: SandboxVenue) => edges[venue]
  const inProcess = {
    clock,
    dice,
    latencyMs: options.latencyMs ?? { from: 1, to: 15 },
    edgeAt: (host: string) => edgeAt(host, edges),
  }
  return {
    seed,
    accounts,
    market,
    faults,
    knobs,
    dice,
    clock,
    truth: (account) => market.orders(account),
    violations: () => violations,
    edge,
    closeSockets: (venue, account) => edge(venue).closeSockets(account),
    closeAccountSockets(id) {
      for (const each of Object.values(edges)) each.closeSockets(id)
    },
    skew: clocks.skew,
    venueNow: clocks.now,
    http: createHttpTransport(inProcess),
    socket: createSocketTransport(inProcess),
  }
}

/** Venues that draw from one sequence; each further one has its own, so that adding it changes nothing for these. */
const SHARED_DICE: ReadonlySet<SandboxVenue> = new Set<SandboxVenue>(['qfex', 'revolut-x'])

/** One line a venue: the server, and whose request is whose. */
function createEdges(
  accounts: readonly SandboxAccount[],
  serverDeps: (venue: SandboxVenue) => ServerDeps,
  knobs: Knobs,
  nextErrorId: () => string,
): Record<SandboxVenue, Edge> {
  type AccountOf = (request: ServerRequest) => string | null
  const wrap = (server: VenueServer, deps: ServerDeps, accountOf: AccountOf) =>
    createEdge({ ...deps, server, accountOf })
  const qfex = accounts.filter((account) => account.venue === 'qfex')
  const revolutX = accounts.filter((account) => account.venue === 'revolut-x')
  const derive = accounts.filter((account) => account.venue === 'derive')
  const dexpal = accounts.filter((account) => account.venue === 'dexpal')
  const qfexDeps = { ...serverDeps('qfex'), accounts: qfex }
  const revolutXDeps = { ...serverDeps('revolut-x'), accounts: revolutX, nextErrorId }
  const deriveDeps = { ...serverDeps('derive'), accounts: derive, knobs }
  const dexpalDeps = { ...serverDeps('dexpal'), accounts: dexpal, knobs }
  return {
    qfex: wrap(createQfexServer(qfexDeps), qfexDeps, ({ headers }) => {
      return qfex.find(({ publicKey }) => publicKey === headers['x-qfex-public-key'])?.id ?? null
    }),
    'revolut-x': wrap(createRevolutXServer(revolutXDeps), revolutXDeps, ({ headers }) => {
      return revolutX.find(({ apiKey }) => apiKey === headers['x-revx-api-key'])?.id ?? null
    }),
    derive: wrap(createDeriveServer(deriveDeps), deriveDeps, deriveAccountOf(derive)),
    dexpal: wrap(createDexpalServer(dexpalDeps), dexpalDeps, dexpalAccountOf(dexpal)),
  }
}

function edgeAt(host: string, edges: Record<SandboxVenue, Edge>): Edge | null {
  const isAt = ({ rest, ws }: (typeof HOSTS)[SandboxVenue]) =>
    host === new URL(rest).host || (ws !== null && host === new URL(ws).host)
  const venue = VENUES.find((each) => isAt(HOSTS[each]))
  return venue === undefined ? null : edges[venue]
}
