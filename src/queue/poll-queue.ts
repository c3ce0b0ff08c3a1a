/** Owns the queue as the daemon sees it: accounts go in, runs come out, and an engine that fails costs nothing but pace. */
import type { Queue } from 'bullmq'
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { VenueName } from '../core/order.ts'
import { within } from './deadline.ts'
import type { Engine, EngineSpec } from './engines/engine.ts'
import { openEngine } from './engines/open-engine.ts'
import { boardQueue, type PollAccount } from './jobs.ts'
import type { QueueConnection } from './observe.ts'
import { createRunner, type Runner } from './runner.ts'
import { openVenueQueue, type VenueQueue, type VenueQueueHealth } from './venue-queue.ts'
import { startWatchdog } from './watchdog.ts'

export interface PollQueueOptions {
  engine: EngineSpec
  /** Where the database is: a private engine keeps its socket here. */
  dataDir: string
  /** The database's log_id: several daemons may share one Redis. */
  prefix: string
  accounts: readonly PollAccount[]
  /** Idempotent, safe to overlap, and back at once if the account is not due. Its rejection is logged here. */
  run(accountId: string, signal: AbortSignal): Promise<void>
  /** Monotonic ms of the account's last completed run, whoever started it; null if there was none. */
  lastPollAt(accountId: string): number | null
  clock: Clock
  log: Logger
}

export interface QueueHealth {
  engine: Engine['name']
  /** At the last look. Polling goes on without, only not by the queue. */
  reachable: boolean
  /** What is wrong with the engine, in words. */
  warnings: readonly string[]
  venues: readonly VenueQueueHealth[]
}

export interface PollQueue extends AsyncDisposable {
  engineName(): Engine['name']
  health(): QueueHealth
  /** The queues as Bull Board takes them. They are closed here. */
  board(): readonly Queue[]
  /** Makes these the accounts: new ones are polled at once, those not among them no longer. */
  reschedule(accounts: readonly PollAccount[]): Promise<void>
  /** What {@link observeQueues} in another process needs. It may hold a password. */
  connectionInfo(): QueueConnection
}

/** How long a caller waits for the schedules to stand. An engine that takes longer gets them when it comes. */
const ALIGN_WAIT_MS = 2_000
/** How long an engine may take to close. Each does it within this, or is left to the end of the process. */
const ENGINE_CLOSE_MS = 1_200
const CHECK_LIMIT_MS = 1_000

/** Starts polling. Rejects only if no engine can be had at all; a Redis that is down is waited for. */
export async function startQueue(options: PollQueueOptions): Promise<PollQueue> {
  const { clock, log, prefix } = options
  const engine = await openEngine({ ...options, spec: options.engine })
  const runner = createRunner({ run: options.run, clock, log })
  const venues = new Map<VenueName, VenueQueue>()
  let accounts: readonly PollAccount[] = []
  let state: Pick<QueueHealth, 'reachable' | 'warnings'> = { reachable: false, warnings: [] }

  let aligning: Promise<void> | null = null

  const alignAll = async () => {
    for (const queue of venues.values()) await queue.align()
  }
  /** Always back within a few seconds, so that health is never older; what hangs in a dead engine is not begun twice. */
  const align = async () => {
    state = await look(engine, clock)
    if (!state.reachable) return
    aligning ??= alignAll().finally(() => {
      aligning = null
    })
    await within(clock, ALIGN_WAIT_MS, aligning)
  }
  const setAccounts = (next: readonly PollAccount[]) => {
    accounts = next
    for (const { venue } of next) {
      if (!venues.has(venue)) venues.set(venue, openVenueQueue({ engine, prefix, venue, runner, clock, log }))
    }
    for (const queue of venues.values()) queue.setAccounts(next.filter((account) => account.venue === queue.venue))
  }

  log.info({ engine: engine.name }, 'queue engine')
  setAccounts(options.accounts)
  const watchdog = startWatchdog({
    clock,
    log,
    accounts: () => accounts,
    align,
    poll: (id) => void runner.run(id).catch(() => {}),
    tickedAt: (id) => tickedAt(venues, id),
    attemptedAt: runner.attemptedAt,
    lastPollAt: options.lastPollAt,
  })
  // The watchdog tells of a failure; whether the schedules stand yet or not, polling has begun.
  await quietly(align())

  return {
    engineName: () => engine.name,
    health: () => ({ engine: engine.name, ...state, venues: [...venues.values()].map((queue) => queue.health()) }),
    board: () => [...venues.values()].map((queue) => boardQueue(queue.jobs)),
    async reschedule(next) {
      const underWay = aligning
      setAccounts(next)
      watchdog.look()
      // What is under way began with the accounts of before.
      if (underWay !== null) await within(clock, ALIGN_WAIT_MS, quietly(underWay))
      await quietly(align())
    },
    connectionInfo: () => ({ address: engine.address, prefix, venues: [...venues.keys()] }),
    async [Symbol.asyncDispose]() {
      watchdog[Symbol.dispose]()
      await close(runner, [...venues.values()], engine, clock)
    },
  }
}

/** In reverse: the runs, the queues, the store. */
async function close(runner: Runner, venues: readonly VenueQueue[], engine: Engine, clock: Clock): Promise<void> {
  await runner.stop()
  await Promise.all(venues.map((queue) => queue[Symbol.asyncDispose]()))
  await within(clock, ENGINE_CLOSE_MS, engine[Symbol.asyncDispose]())
}

async function look(engine: Engine, clock: Clock): Promise<Pick<QueueHealth, 'reachable' | 'warnings'>> {
  try {
    const warnings = await within(clock, CHECK_LIMIT_MS, engine.check())
    return warnings === 'late' ? { reachable: false, warnings: ['it does not answer'] } : { reachable: true, warnings }
  } catch {
    return { reachable: false, warnings: ['it cannot be reached'] }
  }
}

function tickedAt(venues: ReadonlyMap<VenueName, VenueQueue>, id: string): number | null {
  for (const queue of venues.values()) {
    const at = queue.tickedAt(id)
    if (at !== null) return at
  }
  return null
}

const quietly = (work: Promise<void>): Promise<void> => work.catch(() => {})
