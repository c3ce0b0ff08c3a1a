/** Owns the watch over the queue: schedules that were lost come back, and accounts the queue forgot are polled anyway. */
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { PollAccount } from './jobs.ts'

export interface WatchdogDeps {
  clock: Clock
  log: Logger
  accounts(): readonly PollAccount[]
  /** Sets the schedules right. */
  align(): Promise<void>
  /** Polls without the queue; its failure is the runner's to tell. */
  poll(accountId: string): void
  /** Monotonic ms: when the queue last brought a job of this account, */
  tickedAt(accountId: string): number | null
  /** when a run of it was last started by anyone, */
  attemptedAt(accountId: string): number | null
  /** and when the last one was completed. */
  lastPollAt(accountId: string): number | null
}

/** An account this many intervals without a job is late: the queue has lost it, or is gone. */
const LATE_INTERVALS = 3
const LONGEST_PERIOD_MS = 10_000
const SHORTEST_PERIOD_MS = 500

export interface Watchdog extends Disposable {
  /** Looks now: the accounts have changed. */
  look(): void
}

/** Looks at once, and then every shortest interval, at least 500 ms and at most 10 s apart. */
export function startWatchdog(deps: WatchdogDeps): Watchdog {
  const { clock, log } = deps
  const startedAt = new Map<string, number>()
  const silent = new Set<string>()
  let aligning = false
  let stopped = false
  let timer: Disposable | null = null

  const look = () => {
    if (stopped) return
    timer?.[Symbol.dispose]()
    const now = clock.monotonic()
    const accounts = deps.accounts()
    forgetOthers(startedAt, silent, accounts)
    for (const account of accounts) {
      const knownSince = startedAt.get(account.id) ?? now
      startedAt.set(account.id, knownSince)
      const isSilent = now - (deps.tickedAt(account.id) ?? knownSince) > LATE_INTERVALS * account.everyMs
      tellChange(log, silent, account.id, isSilent)
      if (needsPoll(deps, account, now, isSilent)) deps.poll(account.id)
    }
    // One at a time: an engine that does not answer takes longer than the next look is away.
    if (!aligning) void align()
    timer = clock.after(periodMs(accounts), look)
  }
  let told = ''
  const align = async () => {
    aligning = true
    try {
      await deps.align()
      told = ''
    } catch (error) {
      // The text alone, and once: a Redis error carries its command, and an outage repeats itself every look.
      const reason = error instanceof Error ? error.message : String(error)
      if (!stopped && reason !== told) log.warn({ reason }, 'the schedules cannot be checked')
      told = reason
    } finally {
      aligning = false
    }
  }

  look()
  return {
    look,
    [Symbol.dispose]() {
      stopped = true
      timer?.[Symbol.dispose]()
    },
  }
}

/** How often the watchdog looks. */
export function periodMs(accounts: readonly PollAccount[]): number {
  const shortest = Math.min(...accounts.map((account) => account.everyMs))
  return Math.min(LONGEST_PERIOD_MS, Math.max(SHORTEST_PERIOD_MS, shortest))
}

/**
 * An account nobody has ever tried is polled at once: its first tick may be an interval away. A silent one keeps its
 * pace; half an interval of slack, because a look that comes a millisecond early must not wait for the next.
 */
function needsPoll(deps: WatchdogDeps, { id, everyMs }: PollAccount, now: number, isSilent: boolean): boolean {
  const last = Math.max(deps.attemptedAt(id) ?? -Infinity, deps.lastPollAt(id) ?? -Infinity)
  if (last === -Infinity) return true
  return isSilent && now - last >= everyMs / 2
}

function tellChange(log: Logger, silent: Set<string>, account: string, isSilent: boolean): void {
  if (isSilent === silent.has(account)) return
  if (isSilent) {
    silent.add(account)
    log.warn({ account }, 'the queue brings no jobs, polling without it')
  } else {
    silent.delete(account)
    log.info({ account }, 'the queue brings jobs again')
  }
}

function forgetOthers(startedAt: Map<string, number>, silent: Set<string>, accounts: readonly PollAccount[]): void {
  const present = new Set(accounts.map((account) => account.id))
  for (const id of startedAt.keys()) if (!present.has(id)) startedAt.delete(id)
  for (const id of silent) if (!present.has(id)) silent.delete(id)
}
