/** Owns how many jobs wait in each queue, asked of an engine that may never answer. */
import type { Queue } from 'bullmq'
import type { Clock } from '../core/clock.ts'

/** A scrape waits no longer than this for all queues together. */
export const DEPTH_TIMEOUT_MS = 1_000

/** `jobs` by state; null where the engine did not tell in time. */
export interface QueueDepth {
  queue: string
  jobs: Readonly<Record<string, number>> | null
}

export function createDepthGauge(queues: () => readonly Queue[], clock: Clock): () => Promise<readonly QueueDepth[]> {
  /** One question a queue at a time: its client keeps what a dead engine was asked, and every scrape would add to it. */
  const asking = new WeakSet<Queue>()
  const ask = (queue: Queue): Promise<QueueDepth['jobs']> => {
    if (asking.has(queue)) return Promise.resolve(null)
    asking.add(queue)
    return queue
      .getJobCounts()
      .catch(() => null)
      .finally(() => asking.delete(queue))
  }
  return () =>
    Promise.all(
      queues().map(async (queue) => ({ queue: queue.name, jobs: await within(clock, DEPTH_TIMEOUT_MS, ask(queue)) })),
    )
}

function within<T>(clock: Clock, ms: number, wanted: Promise<T>): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(null))
    wanted.then(resolve, reject).finally(() => timer[Symbol.dispose]())
  })
}
