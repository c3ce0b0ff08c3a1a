/** Owns the work without the process around it: accounts, their sockets and their store. The simulation runs just this. */
import type { Logger } from 'pino'
import type { Chance, Clock } from './core/clock.ts'
import type { Quarantined } from './core/quarantine.ts'
import type { Store } from './store/commit.ts'
import { createSession, type Session } from './stream/session.ts'
import type { SocketTransport } from './stream/socket.ts'
import { type AccountSync, createAccountSync } from './sync/account.ts'
import type { SyncMeter, SyncSettings } from './sync/settings.ts'
import type { Budget, BudgetFor } from './venues/budget.ts'
import { VenueError } from './venues/errors.ts'
import type { HttpTransport } from './venues/http.ts'
import type { OpenSession } from './venues/qfex/tie-breaker.ts'
import { createRegistry, type OpenedAccount, type VenueSettings } from './venues/registry.ts'
import { createScrubber } from './venues/scrub.ts'
import type { Inbound, SessionLink, VenueAccount } from './venues/venue.ts'

/** One configured account. */
export interface WorkerAccount {
  venue: VenueSettings
  sync: SyncSettings
  environment: string
  enabled: boolean
  /** Venue time, ms; null: since it was first added. */
  trackSince: number | null
}

export interface WorkerDeps {
  store: Store
  clock: Clock
  chance: Chance
  log: Logger
  meter: SyncMeter
  http: HttpTransport
  socket: SocketTransport
  /** Shares the venues' budgets with other processes; without it they are of this one alone. */
  budgetFor?: BudgetFor
}

export interface Worker extends AsyncDisposable {
  readonly accounts: readonly AccountSync[]
  /** Opens the sockets. Until then nothing is asked of a venue but what a tick asks. */
  listen(): void
  /** Does what is due for one account; nothing where it is not one of ours. Never rejects, and is safe to overlap. */
  tick(account: string): Promise<void>
  /** Monotonic ms of the account's last finished run. */
  lastRunAt(account: string): number | null
  /** Ends every wait after a failure, of sockets too. */
  retryNow(): void
}

/** Registers the accounts in the store. Throws AccountIdentityError, having changed nothing. */
export function createWorker(configured: readonly WorkerAccount[], deps: WorkerDeps): Worker {
  const { store, clock } = deps
  const clean = withoutKeys(configured)
  let epoch = 0
  const sessionOf = (options: Pick<Parameters<typeof createSession>[0], 'protocol' | 'budget' | 'on'>): Session =>
    createSession({ ...deps, ...options, nextEpoch: () => ++epoch })
  const registry = () => createRegistry({ ...deps, openSession: (budget) => openForAMoment(budget, sessionOf) })
  // What is disabled has an identity and nothing else: it must not join the sockets of those that run.
  const [openEnabled, openDisabled] = [registry(), registry()]
  const opened = configured.map((account) => {
    const open = account.enabled ? openEnabled : openDisabled
    return { ...account, ...open(account.venue) }
  })
  store.transact((tx) =>
    tx.registerAccounts(
      opened.map(({ account, environment, enabled, trackSince }) => {
        const { id, venue, identity, partitions } = account
        const parts = partitions === undefined ? {} : { partitions }
        return { id, venue, environment, identity, enabled, trackSince, ...parts }
      }),
      clock.wall(),
    ),
  )
  const enabled = opened.filter((account) => account.enabled)
  const sessions = new Map<string, Session>()
  const link = (account: string): SessionLink | null => sessions.get(account)?.link() ?? null
  const accounts = enabled.map(({ account, sync }) =>
    createAccountSync({
      ...deps,
      settings: sync,
      venue: cleanAccount(account, clean),
      session: () => link(account.id),
    }),
  )
  const byId = new Map(accounts.map((account) => [account.id, account]))
  let sockets: readonly Session[] = []
  return {
    accounts,
    listen() {
      const opened = openSockets(enabled, byId, { open: sessionOf, clean })
      for (const { ids, session } of opened) for (const id of ids) sessions.set(id, session)
      sockets = opened.map(({ session }) => session)
    },
    tick: async (id) => byId.get(id)?.tick(),
    lastRunAt: (id) => byId.get(id)?.lastRunAt() ?? null,
    retryNow() {
      for (const session of sockets) session.retryNow()
      for (const account of accounts) account.forgive()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sockets.map((session) => session[Symbol.asyncDispose]()))
      await Promise.all(accounts.map((account) => account[Symbol.asyncDispose]()))
    },
  }
}

/** Settings that nobody may write down. */
const KEYS: ReadonlySet<string> = new Set(['apiKey', 'privateKey', 'secretKey', 'sessionKey'])

type Clean = (item: Quarantined) => Quarantined

/** What nobody could read is kept for a look, whatever is in it: a venue that repeats a key of ours must not put it there. */
function withoutKeys(configured: readonly WorkerAccount[]): Clean {
  const settings = configured.flatMap(({ venue }) => Object.entries(venue))
  const hide = createScrubber(
    settings.flatMap(([name, value]) => (KEYS.has(name) && typeof value === 'string' ? [value] : [])),
  )
  return ({ where, problem, sample }) => ({ where, problem: hide(problem), sample: hide(sample) })
}

function cleanAccount(account: VenueAccount, clean: Clean): VenueAccount {
  const cleaned = <Read extends { quarantined: Quarantined[] }>(read: Read): Read => ({
    ...read,
    quarantined: read.quarantined.map(clean),
  })
  return {
    ...account,
    snapshot: async (context) => (await account.snapshot(context)).map(cleaned),
    lookBack: async (window, context) => cleaned(await account.lookBack(window, context)),
  }
}

const cleanMessage = (message: Inbound, clean: Clean): Inbound =>
  message.is === 'quarantine' ? { ...message, item: clean(message.item) } : message

type OpenSocket = (options: Pick<Parameters<typeof createSession>[0], 'protocol' | 'budget' | 'on'>) => Session

/** One socket for every key, however many accounts are on it. */
function openSockets(
  opened: readonly OpenedAccount[],
  accounts: ReadonlyMap<string, AccountSync>,
  { open, clean }: { open: OpenSocket; clean: Clean },
) {
  const groups = new Map<string, NonNullable<OpenedAccount['session']>>()
  for (const { session } of opened) if (session !== null) groups.set(session.protocol.key, session)
  return [...groups.values()].map(({ protocol, budget }) => {
    const ids = protocol.accounts
    const each = (tell: (account: AccountSync) => void) => {
      for (const id of ids) {
        const account = accounts.get(id)
        if (account !== undefined) tell(account)
      }
    }
    const session = open({
      protocol,
      budget,
      on: {
        up: (epoch) => each((account) => account.up(epoch)),
        down: (_epoch, why) => each((account) => account.down(why)),
        inbound(epoch, counter, messages) {
          const cleaned = messages.map((message) => cleanMessage(message, clean))
          each((account) => account.hear(epoch, counter, cleaned))
        },
      },
    })
    return { ids, session }
  })
}

/** A second session beside the live one, for one question. It is ended at the first sign of trouble, not retried. */
export function openForAMoment(budget: Budget, open: OpenSocket): OpenSession {
  return (protocol, signal) =>
    new Promise((resolve, reject) => {
      const close = async () => session[Symbol.asyncDispose]()
      const fail = (why: unknown) => {
        void close()
        reject(why)
      }
      const session: Session = open({
        protocol,
        budget,
        on: {
          up() {
            signal.removeEventListener('abort', onAbort)
            const live = session.link()
            if (live === null) fail(new VenueError('later', 'the second session ended as it began'))
            else resolve({ link: live, close })
          },
          down: (_epoch, why) => fail(why ?? new VenueError('later', 'the second session ended')),
          inbound: () => {},
        },
      })
      const onAbort = () => fail(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
    })
}
