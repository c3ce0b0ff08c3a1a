/** Owns what the queue's tests share: real time, a silent log that remembers, and polls that can be waited for. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { realClock } from '../../src/clock.ts'
import type { PollAccount } from '../../src/queue/jobs.ts'
import { type PollQueue, type PollQueueOptions, startQueue } from '../../src/queue/poll-queue.ts'

export interface Polls {
  run(account: string): Promise<void>
  count(account: string): number
  lastPollAt(account: string): number | null
  /** Resolves once `more` polls of the account have come from now on. */
  more(account: string, more: number): Promise<void>
}

export function recordPolls(): Polls {
  const times = new Map<string, number[]>()
  const waiting = new Set<() => void>()
  const count = (account: string) => times.get(account)?.length ?? 0
  return {
    async run(account) {
      times.set(account, [...(times.get(account) ?? []), performance.now()])
      for (const look of waiting) look()
    },
    count,
    lastPollAt: (account) => times.get(account)?.at(-1) ?? null,
    more(account, more) {
      const wanted = count(account) + more
      return new Promise((resolve) => {
        const look = () => {
          if (count(account) < wanted) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
      })
    },
  }
}

export interface RecordedLog {
  log: Logger
  messages: string[]
}

export function recordLog(): RecordedLog {
  const messages: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void messages.push(line) })
  return { log, messages }
}

export interface Bench extends AsyncDisposable {
  queue: PollQueue
  polls: Polls
  messages: string[]
  dataDir: string
}

export const account = (id: string, everyMs: number): PollAccount => ({ id, venue: 'qfex', everyMs })

/** A queue in a directory of its own. */
export async function startBench(
  options: Partial<PollQueueOptions> & Pick<PollQueueOptions, 'engine'>,
): Promise<Bench> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'ordersync-queue-')))
  const polls = recordPolls()
  const { log, messages } = recordLog()
  const queue = await startQueue({
    dataDir,
    prefix: 'test',
    accounts: [account('a', 500)],
    run: polls.run,
    lastPollAt: polls.lastPollAt,
    clock: realClock,
    log,
    ...options,
  })
  return {
    queue,
    polls,
    messages,
    dataDir,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Asks until it holds, every few ms; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Whether the process runs, as far as anyone can tell. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
