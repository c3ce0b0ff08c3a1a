/** Owns the queue of one venue: its jobs, its worker, and the schedules of its accounts. */
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { VenueName } from '../core/order.ts'
import { within } from './deadline.ts'
import type { Engine } from './engines/engine.ts'
import { openJobs, openWorker, type PollAccount, type PollJobs } from './jobs.ts'
import type { Runner } from './runner.ts'
import { alignSchedules } from './schedule.ts'

export interface VenueQueueDeps {
  engine: Engine
  prefix: string
  venue: VenueName
  runner: Runner
  clock: Clock
  log: Logger
}

export interface VenueQueue extends AsyncDisposable {
  readonly venue: VenueName
  readonly jobs: PollJobs
  /** Makes these the accounts, in the engine too as soon as it answers: {@link VenueQueue.align}. */
  setAccounts(accounts: readonly PollAccount[]): void
  /** Sets the schedules in the engine right. Rejects, or hangs, as the engine does. */
  align(): Promise<void>
  health(): VenueQueueHealth
  /** Monotonic ms at which the queue last brought a job of the account. */
  tickedAt(accountId: string): number | null
}

export interface VenueQueueHealth {
  venue: VenueName
  accounts: number
  /** Schedules that stood in the engine when it was last looked at; null before the first look. */
  schedules: number | null
  /** How long ago the last job came; null if none ever did. What tells a working queue from one that only answers. */
  lastJobAgeMs: number | null
}

/** Closing waits this long for the engine to answer. The rest ends when the engine is closed and its connections cut. */
const POLITE_CLOSE_MS = 500

export function openVenueQueue({ engine, prefix, venue, runner, clock, log }: VenueQueueDeps): VenueQueue {
  const ticks = new Map<string, number>()
  let accounts: readonly PollAccount[] = []
  let schedules: number | null = null
  let closing = false

  const jobs = openJobs(engine, prefix, venue)
  const worker = openWorker(engine, prefix, venue, async (account, signal) => {
    ticks.set(account, clock.monotonic())
    if (!accounts.some(({ id }) => id === account)) return 'skipped'
    return runner.run(account, signal)
  })
  // Without a listener an error ends the process. Outages are told by the engine; this is for what else there may be.
  const onError = (error: Error) => {
    if (!closing) log.debug({ venue, reason: error.message }, 'queue error')
  }
  jobs.on('error', onError)
  worker.on('error', onError)
  worker.on('completed', () => engine.jobDone())
  worker.on('failed', () => engine.jobDone())

  return {
    venue,
    jobs,
    setAccounts(next) {
      accounts = next
    },
    async align() {
      const { kept, written, removed } = await alignSchedules(jobs, accounts, clock.wall())
      schedules = kept + written.length
      if (written.length + removed.length > 0) log.info({ venue, kept, written, removed }, 'poll schedules written')
    },
    health: () => ({
      venue,
      accounts: accounts.length,
      schedules,
      lastJobAgeMs: ageOfNewest(ticks, clock.monotonic()),
    }),
    tickedAt: (accountId) => ticks.get(accountId) ?? null,
    async [Symbol.asyncDispose]() {
      closing = true
      // BullMQ waits for its jobs without limit, so they are told to stop first.
      worker.cancelAllJobs('the queue is closing')
      const closed = Promise.allSettled([worker.close(), jobs.close()])
      await within(clock, POLITE_CLOSE_MS, closed)
    },
  }
}

function ageOfNewest(ticks: ReadonlyMap<string, number>, now: number): number | null {
  return ticks.size === 0 ? null : now - Math.max(...ticks.values())
}
