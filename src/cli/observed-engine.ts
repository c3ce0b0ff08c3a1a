/** Owns a monitor's view of the queue engine: found through the daemon's file, followed when the daemon comes back with another. */
import type { Queue } from 'bullmq'
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import { readConnectionFile } from '../queue/connection-file.ts'
import { type ObservedQueues, observeQueues, type QueueConnection } from '../queue/observe.ts'

export interface ObservedEngine extends AsyncDisposable {
  /** As of the last look; null where no daemon says that it has one. */
  state(): { name: string; reachable: boolean } | null
  queues(): readonly Queue[]
}

const LOOK_EVERY_MS = 5_000
/** An engine that takes longer to answer is not reachable. */
const ANSWER_WITHIN_MS = 2_000

export async function observeEngine(deps: { database: string; clock: Clock; log: Logger }): Promise<ObservedEngine> {
  const { database, clock, log } = deps
  let known: { connection: QueueConnection; queues: ObservedQueues; reachable: boolean } | null = null
  let timer: Disposable | null = null
  let closed = false

  const forget = async () => {
    const old = known
    known = null
    await old?.queues[Symbol.asyncDispose]()
  }
  const look = async () => {
    const connection = readConnectionFile(database)
    if (JSON.stringify(connection) !== JSON.stringify(known?.connection ?? null)) {
      await forget()
      if (connection !== null && !closed)
        known = { connection, queues: observeQueues(connection, log), reachable: false }
    }
    const current = known
    if (current !== null) current.reachable = await answers(current.queues, clock)
  }
  const again = () => {
    if (!closed) timer = clock.after(LOOK_EVERY_MS, () => void look().finally(again))
  }
  await look()
  again()
  return {
    state: () => (known === null ? null : { name: known.queues.engineName(), reachable: known.reachable }),
    queues: () => known?.queues.board() ?? [],
    async [Symbol.asyncDispose]() {
      closed = true
      timer?.[Symbol.dispose]()
      await forget()
    },
  }
}

async function answers(queues: ObservedQueues, clock: Clock): Promise<boolean> {
  let timer: Disposable | null = null
  const late = new Promise<false>((resolve) => {
    timer = clock.after(ANSWER_WITHIN_MS, () => resolve(false))
  })
  const asked = queues.check().then(
    () => true,
    () => false,
  )
  const reachable = await Promise.race([asked, late])
  stop(timer)
  return reachable
}

const stop = (timer: Disposable | null) => timer?.[Symbol.dispose]()
