/** Owns the composition root: the configuration becomes a running daemon here, and everything real is built here. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Chance, Clock } from './core/clock.ts'
import { fromDatabase } from './monitor/from-database.ts'
import { createMeter, type Meter } from './monitor/meter.ts'
import { type Monitor, startMonitor } from './monitor/server.ts'
import { writeConnectionFile } from './queue/connection-file.ts'
import { type PollQueue, startQueue } from './queue/poll-queue.ts'
import { openSharedBudgets } from './queue/shared-budget.ts'
import { engineSpec, fixedSettings, sharedBudgetUrl, workerAccounts } from './settings.ts'
import { openStore, type Store } from './store/commit.ts'
import { openWebSocket } from './stream/ws.ts'
import { createUndiciTransport } from './venues/undici.ts'
import { createWorker, type Worker } from './worker.ts'

/** What the process lends to the daemon. */
export interface AppDeps {
  clock: Clock
  chance: Chance
  newId: () => string
  pid: number
  host: string
  env: Readonly<Record<string, string | undefined>>
  log: Logger
}

export interface App extends AsyncDisposable {
  /** Where HTTP answers; null where it is off. */
  readonly url: string | null
  /** Takes over accounts, paces and keys, and ends every wait after a failure. Throws having changed nothing. */
  reload(config: Config): Promise<void>
}

/**
 * Starts everything and resolves when it runs. Whatever was opened is closed again, in reverse, when a later part fails.
 * Throws what the store throws on opening, AccountIdentityError, and MonitorListenError.
 */
export async function createApp(config: Config, deps: AppDeps): Promise<App> {
  const { clock, log } = deps
  await using opened = createStack()
  mkdirSync(dirname(config.database), { recursive: true })
  const store = opened.use(openStore({ path: config.database, clock, owner: deps, newLogId: deps.newId }))
  if (store.migrated.backup !== null) log.info({ backup: store.migrated.backup }, 'database migrated')
  const meter = createMeter()
  const http = opened.use(createUndiciTransport({ clock }))
  const budgetUrl = sharedBudgetUrl(config)
  const budgets =
    budgetUrl === null ? null : opened.use(await openSharedBudgets({ url: budgetUrl, id: deps.newId(), clock, log }))
  const shared = budgets === null ? {} : { budgetFor: budgets.budgetFor }
  const build = (next: Config) =>
    createWorker(workerAccounts(next), { ...deps, ...shared, store, meter, http, socket: openWebSocket })
  const work = opened.use(createShift(build(config)))
  const queue = opened.use(await openQueue(config, deps, store, work))
  opened.use(writeConnectionFile(config.database, queue.connectionInfo()))
  const monitor =
    config.http === null ? null : opened.use(await openMonitor(config.http, deps, { store, meter, queue, work }))
  log.info({ accounts: config.accounts.length, engine: queue.engineName(), http: monitor?.url ?? 'off' }, 'running')

  const running = opened.handOver()
  let current = config
  return {
    url: monitor?.url ?? null,
    async reload(next) {
      if (fixedSettings(next) !== fixedSettings(current)) {
        log.warn('database, queue and http change only with a restart; everything else is taken over')
      }
      await work.change(build(next))
      await queue.reschedule(pollAccounts(next))
      current = next
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

/** What was opened, to be closed in reverse. Node 20 has no stack of its own. */
interface Stack extends AsyncDisposable {
  use<T extends Disposable | AsyncDisposable>(opened: T): T
  /** From now on another stack closes it. */
  handOver(): Stack
}

function createStack(opened: (Disposable | AsyncDisposable)[] = []): Stack {
  return {
    use(one) {
      opened.push(one)
      return one
    },
    handOver: () => createStack(opened.splice(0)),
    async [Symbol.asyncDispose]() {
      for (const one of opened.splice(0).reverse()) {
        if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]()
        else one[Symbol.dispose]()
      }
    },
  }
}

/** The worker of the present configuration: one goes off before the next comes on. */
interface Shift extends AsyncDisposable {
  tick(account: string): Promise<void>
  lastRunAt(account: string): number | null
  change(next: Worker): Promise<void>
}

function createShift(first: Worker): Shift {
  let worker = first
  worker.listen()
  return {
    tick: (account) => worker.tick(account),
    lastRunAt: (account) => worker.lastRunAt(account),
    async change(next) {
      const before = worker
      worker = next
      await before[Symbol.asyncDispose]()
      next.listen()
    },
    [Symbol.asyncDispose]: async () => worker[Symbol.asyncDispose](),
  }
}

const pollAccounts = (config: Config) =>
  config.accounts.filter(({ enabled }) => enabled).map(({ id, venue, poll }) => ({ id, venue, everyMs: poll.everyMs }))

function openQueue(config: Config, { clock, env, log }: AppDeps, store: Store, work: Shift): Promise<PollQueue> {
  return startQueue({
    engine: engineSpec(config, env.PATH ?? ''),
    dataDir: dirname(config.database),
    prefix: store.meta().logId,
    accounts: pollAccounts(config),
    run: (account) => work.tick(account),
    lastPollAt: (account) => work.lastRunAt(account),
    clock,
    log,
  })
}

interface Watched {
  store: Store
  meter: Meter
  queue: PollQueue
  work: Shift
}

function openMonitor(
  http: NonNullable<Config['http']>,
  deps: AppDeps,
  { store, meter, queue, work }: Watched,
): Promise<Monitor> {
  const { clock, chance, log } = deps
  const view = {
    accounts: () => store.accounts(),
    lastSeq: () => store.meta().lastSeq,
    walBytes: () => store.walBytes(),
    lockHeld: () => true,
    engine: () => ({ name: queue.engineName(), reachable: queue.health().reachable }),
    attempted: (account: string) => work.lastRunAt(account) !== null,
    totals: () => meter.totals(),
  }
  return startMonitor({
    listen: http.listen,
    token: http.token?.reveal() ?? null,
    ...fromDatabase(view, { clock, log }),
    queues: () => queue.board(),
    clock,
    entropy: (bytes) => Uint8Array.from({ length: bytes }, () => Math.floor(chance() * 256)),
    log,
  })
}
