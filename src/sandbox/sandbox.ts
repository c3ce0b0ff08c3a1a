/** Owns the sandbox: a seeded market behind venue servers that speak the real protocols, all in this process. */
import type { Chance, Clock } from '../core/clock.ts'
import type { VenueName } from '../core/order.ts'
import type { SocketTransport } from '../stream/socket.ts'
import type { HttpTransport } from '../venues/http.ts'
import { createDice, type Dice, seededChance, uuidOf } from './chance.ts'
import {
  type QfexAccount,
  qfexAccount,
  type RevolutXAccount,
  revolutXAccount,
  type SandboxAccount,
} from './credentials.ts'
import { createEdge, type Edge } from './edge.ts'
import { createFaults, type Faults } from './faults.ts'
import { createHttpTransport, createSocketTransport } from './in-process.ts'
import type { Journal } from './journal.ts'
import { createMarket, type Market } from './market.ts'
import { createQfexServer } from './qfex.ts'
import { createRevolutXServer } from './revolut-x.ts'
import type { ServerDeps, VenueServer, Violation } from './server.ts'
import type { TrueOrder } from './truth.ts'
import { createViews } from './views.ts'

export type SandboxVenue = SandboxAccount['venue']

export interface SandboxOptions {
  clock: Clock
  /** Decides whatever happens by luck; drawn from `seed` if not given. */
  chance?: Chance
  /** Names ids and keys: the same seed has the same accounts. */
  seed: string
  /** One account each, and a second one at Revolut X that reads `GET /orders`, if not given. */
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
}

export const VENUES: readonly SandboxVenue[] = ['qfex', 'revolut-x']

/** More than this and the oldest are dropped: a violation is a bug, and the first few tell which. */
const MAX_VIOLATIONS = 1_000

export function defaultAccounts(seed: string): SandboxAccount[] {
  return [
    qfexAccount(seed, 'qfex-main'),
    revolutXAccount(seed, 'revx', 'orders-active'),
    revolutXAccount(seed, 'revx-seed', 'orders'),
  ]
}

export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock, seed, journal } = options
  const dice = createDice(options.chance ?? seededChance(`${seed}/chance`))
  const accounts = options.accounts ?? defaultAccounts(seed)
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
  const violated = (violation: Violation) => {
    violations.push(violation)
    if (violations.length > MAX_VIOLATIONS) violations.shift()
  }
  const serverDeps = (venue: SandboxVenue): ServerDeps => {
    const views = createViews({ venue, market, faults })
    return { market, views, faults, dice, clock, venueNow: () => clocks.now(venue), violated }
  }
  // Not the market's ids: what clients do wrong must not change the truth.
  let errors = 0
  const edges = createEdges(accounts, serverDeps, () => uuidOf(`${seed}/errors`, errors++))
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

/** One line a venue: the server, and whose request is whose. */
function createEdges(
  accounts: readonly SandboxAccount[],
  serverDeps: (venue: SandboxVenue) => ServerDeps,
  nextErrorId: () => string,
): Record<SandboxVenue, Edge> {
  const wrap = (
    server: VenueServer,
    deps: ServerDeps,
    accountBy: (key: string | undefined) => SandboxAccount | undefined,
    header: string,
  ) => createEdge({ ...deps, server, accountOf: (request) => accountBy(request.headers[header])?.id ?? null })
  const qfex = accounts.filter((account): account is QfexAccount => account.venue === 'qfex')
  const revolutX = accounts.filter((account): account is RevolutXAccount => account.venue === 'revolut-x')
  const qfexDeps = serverDeps('qfex')
  const revolutXDeps = serverDeps('revolut-x')
  return {
    qfex: wrap(
      createQfexServer({ ...qfexDeps, accounts: qfex }),
      qfexDeps,
      (key) => qfex.find(({ publicKey }) => publicKey === key),
      'x-qfex-public-key',
    ),
    'revolut-x': wrap(
      createRevolutXServer({ ...revolutXDeps, accounts: revolutX, nextErrorId }),
      revolutXDeps,
      (key) => revolutX.find(({ apiKey }) => apiKey === key),
      'x-revx-api-key',
    ),
  }
}

function edgeAt(host: string, edges: Record<SandboxVenue, Edge>): Edge | null {
  const isAt = ({ rest, ws }: (typeof HOSTS)[SandboxVenue]) =>
    host === new URL(rest).host || (ws !== null && host === new URL(ws).host)
  const venue = VENUES.find((each) => isAt(HOSTS[each]))
  return venue === undefined ? null : edges[venue]
}

/** The venues keep their own time: it runs with the monotonic clock, so that our wall may jump and theirs does not. */
function createVenueClocks(clock: Clock) {
  const start = clock.wall() - clock.monotonic()
  const skews = new Map<VenueName, number>()
  return {
    now: (venue: VenueName) => start + clock.monotonic() + (skews.get(venue) ?? 0),
    skew: (venue: VenueName, ms: number) => void skews.set(venue, ms),
  }
}
