/** Owns what a socket says about one account, from the message to the commit. */
import type { Logger } from 'pino'
import { assertNever } from '../core/assert-never.ts'
import type { Clock } from '../core/clock.ts'
import { orderKey } from '../core/order.ts'
import type { Probe } from '../core/outcome.ts'
import type { FrameReport } from '../core/report.ts'
import { StoreUnavailableError } from '../store/errors.ts'
import type { Inbound } from '../venues/venue.ts'
import type { Applier } from './applier.ts'
import type { Book } from './book.ts'
import { createFrameBuffer } from './frames.ts'
import type { Health } from './health.ts'

/** After the store refused a write, frames are dropped this long before it is tried again: each try may block. */
const STORE_REST_MS = 1_000

export interface Listener extends Disposable {
  hear(epoch: number, counter: number, messages: readonly Inbound[]): void
  /** Commits the frames that still wait for their fills. */
  flush(): void
}

export interface ListenerDeps {
  account: string
  applier: Applier
  book: Book
  clock: Clock
  health: Health
  log: Logger
  follow: (probes: readonly Probe[]) => void
  /** Frames were lost or cannot be believed: a list and history have to say what they would have said. */
  doubt: (why: string, gap: boolean) => void
}

export function createListener(deps: ListenerDeps): Listener {
  const { account, applier, book, clock, health, log } = deps
  let storeRestsUntil = Number.NEGATIVE_INFINITY

  const deliver = (reports: readonly FrameReport[]): void => {
    const now = clock.monotonic()
    if (now < storeRestsUntil) {
      deps.doubt('frames dropped while the database rests', true)
      return
    }
    try {
      deps.follow(applier.apply(reports.map((report) => ({ report, requestedAt: now }))))
    } catch (error) {
      if (error instanceof StoreUnavailableError) storeRestsUntil = now + STORE_REST_MS
      log.error({ err: error, frames: reports.length }, 'frames not recorded, reading everything again')
      deps.doubt('frames not recorded', true)
    }
  }
  const frames = createFrameBuffer(clock, deliver)

  const take = (message: Inbound): void => {
    switch (message.is) {
      case 'order':
      case 'fill':
        book.touch(orderKey(message.is === 'order' ? message.sighting : message.fill), clock.monotonic())
        frames.push(book.mark(), message)
        break
      case 'doubt':
        deps.doubt(message.why, false)
        break
      case 'rejected':
        health.rejected()
        break
      case 'quarantine':
        health.setAside(message.item)
        deps.doubt('a frame that cannot be read', false)
        break
      case 'reply':
      case 'error':
      case 'noise':
        break
      default:
        assertNever(message)
    }
  }

  return {
    hear(epoch, counter, messages) {
      if (epoch !== book.epoch) return
      book.advance(counter)
      for (const message of messages) if (!('account' in message) || message.account === account) take(message)
    },
    flush: () => frames.flush(),
    [Symbol.dispose]: () => frames[Symbol.dispose](),
  }
}
