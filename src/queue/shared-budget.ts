/** Owns the rate budgets that several daemons share: what one takes from a credential, all have taken. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Clock, sleep } from '../core/clock.ts'
import { type Budget, type BudgetFor, MAX_WAITING } from '../venues/budget.ts'
import { VenueError } from '../venues/errors.ts'
import { within } from './deadline.ts'
import { PAUSE, TAKE } from './shared-budget-scripts.ts'

export interface SharedBudgetsOptions {
  /** Anything ioredis takes. */
  url: string
  /** Unlike that of any other process: it keeps this one's place in the line. */
  id: string
  clock: Clock
  log: Logger
}

export interface SharedBudgets extends Disposable {
  budgetFor: BudgetFor
}

/** A Redis that takes longer is done without. */
const REPLY_LIMIT_MS = 250
/** The start waits this long for the connection, so that the first requests are counted too. */
const CONNECT_LIMIT_MS = 1_000
/** A wait is cut in pieces of this: a Redis that has meanwhile gone, or forgotten, holds nobody up. */
const LOOK_AGAIN_MS = 1_000
/** Who has not asked again by this long after it was due has left the line. */
const GRACE_MS = 500
/** Others are held by a venue's wait for no longer than this; who was told it waits on. */
const LONGEST_PAUSE_MS = 86_400_000
const LONGEST_RETRY_MS = 1_000
/** A connection that is silent for this long over an open question is made anew. */
const SILENCE_LIMIT_MS = 10_000
const GOODBYE_MS = 200

/** Resolves connected or not: without Redis every budget is of this process alone, and that is logged once an outage. */
export async function openSharedBudgets({ url, id, clock, log }: SharedBudgetsOptions): Promise<SharedBudgets> {
  const client = new Redis(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS),
    socketTimeout: SILENCE_LIMIT_MS,
    disconnectTimeout: GOODBYE_MS,
  })
  const ask = createAsk(client, clock, log)
  await within(clock, CONNECT_LIMIT_MS, once(client, 'ready')).catch(() => 'the error handler has said so')
  return {
    budgetFor: (key, create) => createSharedBudget(create(), { key: keyOf(key), id, clock, ask }),
    [Symbol.dispose]: () => client.disconnect(),
  }
}

/** A credential's name may hold the credential: Redis never sees it. */
const keyOf = (name: string): string => `ordersync:budget:${createHash('sha256').update(name).digest('hex')}`

/** What a script answered; null where Redis did not answer, did so late, or refused. Never rejects. */
type Ask = (script: string, keys: readonly string[], args: readonly (string | number)[]) => Promise<number | null>

function createAsk(client: Redis, clock: Clock, log: Logger): Ask {
  let isAway = false
  // While one question is overdue no other is put: neither does each request wait in vain, nor do questions pile up.
  let overdue = 0
  const away = (reason: string): null => {
    // The first of an outage: everything else repeats it.
    if (!isAway) log.warn({ reason }, 'rate budgets are not shared: the queue Redis does not answer')
    isAway = true
    return null
  }
  client.on('error', (error) => away(error.message))
  return async (script, keys, args) => {
    if (overdue > 0) return null
    const work = client.eval(script, keys.length, ...keys, ...args)
    try {
      const reply = await within(clock, REPLY_LIMIT_MS, work)
      if (reply === 'late') {
        overdue += 1
        const settled = () => {
          overdue -= 1
        }
        work.then(settled, settled)
        return away(`no answer in ${REPLY_LIMIT_MS} ms`)
      }
      const value = z.number().parse(reply)
      if (isAway) log.info('rate budgets are shared again')
      isAway = false
      return value
    } catch (error) {
      return away(error instanceof Error ? error.message : String(error))
    }
  }
}

interface Sharing {
  key: string
  id: string
  clock: Clock
  ask: Ask
}

/**
 * `own` is always taken too, and is what remains without Redis. It is taken first, so that it may be ahead of what
 * really left by the one request at the head of the line, and no more.
 */
function createSharedBudget(own: Budget, { key, id, clock, ask }: Sharing): Budget {
  const enter = createLine()
  const pauseKey = `${key}:pause`
  const keys = [pauseKey, `${key}:line`, ...own.limits.map(({ windowMs }, at) => `${key}:${at}:${windowMs}`)]
  const limits = own.limits.flatMap(({ capacity, windowMs }) => [capacity, windowMs])
  return {
    limits: own.limits,
    async take(weight, signal) {
      const leave = await enter(signal)
      try {
        await own.take(weight, signal)
        for (;;) {
          const wait = await ask(TAKE, keys, [weight, id, LOOK_AGAIN_MS, GRACE_MS, ...limits])
          signal?.throwIfAborted()
          if (wait === null || wait <= 0) return
          await sleep(clock, wait, signal)
        }
      } finally {
        leave()
      }
    },
    pause(ms) {
      own.pause(ms)
      if (ms > 0) void ask(PAUSE, [pauseKey], [Math.ceil(Math.min(ms, LONGEST_PAUSE_MS))])
    },
    free: () => own.free(),
  }
}

/** One at a time, in the order of coming. What is resolved with lets the next one in. */
function createLine(): (signal?: AbortSignal) => Promise<() => void> {
  const waiting: (() => void)[] = []
  let isTaken = false
  const leave = () => {
    const next = waiting.shift()
    if (next === undefined) isTaken = false
    else next()
  }
  return (signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (!isTaken) {
        isTaken = true
        return resolve(leave)
      }
      if (waiting.length >= MAX_WAITING) {
        return reject(new VenueError('later', `more than ${MAX_WAITING} requests wait for their turn`))
      }
      const giveUp = () => {
        waiting.splice(waiting.indexOf(go), 1)
        reject(signal?.reason)
      }
      const go = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve(leave)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      waiting.push(go)
    })
}
