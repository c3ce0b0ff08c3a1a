/** Owns one run of one account: admitted once at a time, limited in time, abandoned when it will not stop. */
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { PollResult } from './jobs.ts'

export interface RunnerDeps {
  /** Idempotent; returns at once if the account is not due. */
  run(accountId: string, signal: AbortSignal): Promise<void>
  clock: Clock
  log: Logger
}

export interface Runner {
  /**
   * Runs the account unless it is running. Rejects, with nothing of the cause in it, when the run failed: the cause is
   * logged here, and what a job fails with is stored in the engine for anyone to read.
   */
  run(accountId: string, signal?: AbortSignal): Promise<PollResult>
  /** Monotonic ms at which a run was last started; null if none was. */
  attemptedAt(accountId: string): number | null
  /** Aborts what runs and admits nothing more. Resolves when all has ended or was abandoned, within a second. */
  stop(): Promise<void>
}

/** A run longer than this is stuck: every request in it has a shorter limit of its own. */
const RUN_LIMIT_MS = 120_000
/** How long an aborted run may take to end. After that its place is given away, and it ends when it ends. */
const ABANDON_AFTER_MS = 1_000

export function createRunner({ run, clock, log }: RunnerDeps): Runner {
  const running = new Map<string, Promise<PollResult>>()
  const attempts = new Map<string, number>()
  const stopping = new AbortController()

  const attempt = async (accountId: string, signal: AbortSignal | undefined): Promise<PollResult> => {
    const limit = new AbortController()
    const timer = clock.after(RUN_LIMIT_MS, () => limit.abort(new Error('the run took too long')))
    const signals = [limit.signal, stopping.signal]
    const any = AbortSignal.any(signal === undefined ? signals : [...signals, signal])
    try {
      await abandoned(clock, start(run, accountId, any), any)
      return 'polled'
    } catch (error) {
      if (stopping.signal.aborted) return 'skipped'
      log.error({ account: accountId, err: error }, 'poll failed')
      throw new Error('the poll failed; the log says why')
    } finally {
      timer[Symbol.dispose]()
    }
  }

  return {
    async run(accountId, signal) {
      // Without this a stuck account would fill every place of its venue's worker with copies of itself.
      if (stopping.signal.aborted || running.has(accountId)) return 'skipped'
      attempts.set(accountId, clock.monotonic())
      const work = attempt(accountId, signal).finally(() => running.delete(accountId))
      running.set(accountId, work)
      return work
    },
    attemptedAt: (accountId) => attempts.get(accountId) ?? null,
    async stop() {
      stopping.abort(new Error('the queue is closing'))
      await Promise.allSettled(running.values())
    },
  }
}

/** Settles as `work` does, or rejects once `signal` has been aborted for a while and `work` still goes on. */
function abandoned(clock: Clock, work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: Disposable | null = null
    const onAbort = () => {
      timer = clock.after(ABANDON_AFTER_MS, () => reject(new Error('the run did not stop', { cause: signal.reason })))
    }
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', onAbort)
      timer?.[Symbol.dispose]()
      end()
    }
    work.then(
      () => settle(resolve),
      (error: unknown) => settle(() => reject(error)),
    )
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A `run` that throws at once fails like one that rejects. */
const start = async (run: RunnerDeps['run'], accountId: string, signal: AbortSignal) => run(accountId, signal)
