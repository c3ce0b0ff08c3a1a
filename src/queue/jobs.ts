/** Owns what a poll job is, how its queue and its worker are opened, and how little of it is kept. */
import { type ConnectionOptions, type IQueueBackend, Queue, Worker } from 'bullmq'
import { z } from 'zod'
import type { VenueName } from '../core/order.ts'
import type { Engine } from './engines/engine.ts'

/** An account and its fixed tick, ms. The pace below the tick is `run`'s own: it returns at once when not due. */
export interface PollAccount {
  id: string
  venue: VenueName
  everyMs: number
}

/** Every input of a poll: the same job means the same however often it runs. */
const pollJob = z.object({ account: z.string() })
export type PollJob = z.output<typeof pollJob>

/** What became of a job. `skipped`: one of this account was running already, or the account has left. */
export type PollResult = 'polled' | 'skipped'

export type PollJobs = Queue<PollJob, PollResult, string, PollJob, PollResult, string, IQueueBackend>
export type PollWorker = Worker<PollJob, PollResult, string, IQueueBackend>

/** Finished jobs kept for a person to look at. Together below the 32 slots in which BullMQ looks for a free job id. */
const KEPT_COMPLETED = 20
const KEPT_FAILED = 10
/** BullMQ's event stream: only the queue monitor reads it. */
const KEPT_EVENTS = 200
/** After a killed process its job waits this long for another one. BullMQ's own default makes it 30–90 s. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
/** A worker that met an error asks again after this; BullMQ's own 15 s is a hole of several polls. */
const RETRY_MS = 1_000
/** Accounts of one venue that may be polled at the same time. More than that wait for a free place. */
const MOST_CONCURRENT = 64

/** The backend is the connection: what stands here is never used. */
const connection: ConnectionOptions = {}

/** An `observer` leaves the queue's own settings in the store as they are. */
export function openJobs(engine: Engine, prefix: string, name: string, as: 'owner' | 'observer' = 'owner'): PollJobs {
  const removeOnComplete = { count: KEPT_COMPLETED }
  const removeOnFail = { count: KEPT_FAILED }
  const streams = { events: { maxLen: KEPT_EVENTS } }
  const defaultJobOptions = { removeOnComplete, removeOnFail }
  const options = { connection, prefix, streams, defaultJobOptions, skipMetasUpdate: as === 'observer' }
  return new Queue<PollJob, PollResult, string, PollJob, PollResult, string, IQueueBackend>(
    name,
    options,
    engine.backend,
  )
}

/** `poll` gets the account of the job and a signal that aborts when the worker closes or loses the job. */
export function openWorker(
  engine: Engine,
  prefix: string,
  name: string,
  poll: (account: string, signal: AbortSignal | undefined) => Promise<PollResult>,
): PollWorker {
  return new Worker<PollJob, PollResult, string, IQueueBackend>(
    name,
    // All three parameters: BullMQ counts them, and passes no signal to a shorter function.
    async (job, _token, signal) => {
      const { data } = pollJob.safeParse(job.data)
      return data === undefined ? 'skipped' : poll(data.account, signal)
    },
    {
      connection,
      prefix,
      concurrency: MOST_CONCURRENT,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      runRetryDelay: RETRY_MS,
      removeOnComplete: { count: KEPT_COMPLETED },
      removeOnFail: { count: KEPT_FAILED },
    },
    engine.backend,
  )
}

/**
 * The queue as Bull Board takes it. Its adapter is typed for the Redis backend alone but asks every backend at run time
 * what it can do, so the type is widened here, once, and nowhere else.
 */
export function boardQueue(jobs: PollJobs): Queue {
  const holder: object = { jobs }
  const queue: Queue = Reflect.get(holder, 'jobs')
  return queue
}
