/** Owns one account while the daemon runs: what is due, in which order, and what follows from it. */
import type { Logger } from 'pino'
import type { Chance, Clock } from '../core/clock.ts'
import type { OrderKey, OrderKind } from '../core/order.ts'
import type { Probe } from '../core/outcome.ts'
import type { Store } from '../store/commit.ts'
import { VenueError } from '../venues/errors.ts'
import type { Inbound, LookContext, SessionLink, VenueAccount } from '../venues/venue.ts'
import { createApplier } from './applier.ts'
import { createBook } from './book.ts'
import { createHealth } from './health.ts'
import { createLane } from './lane.ts'
import { createListener } from './listener.ts'
import { createPace, type Task } from './pace.ts'
import { poll } from './poll.ts'
import { createResolver } from './resolve.ts'
import type { SyncMeter, SyncSettings } from './settings.ts'
import { createSweeper } from './sweep.ts'

/** A look, a sweep or a round of questions may take this long before it is cut off, whether the venue heeds it or not. */
const LONGEST_TASK_MS = 120_000
const ALL_KINDS: readonly OrderKind[] = ['order', 'algo', 'trigger']

export interface AccountSync extends AsyncDisposable {
  readonly id: string
  /** Does what is due and returns; at once where nothing is. Never rejects, and is safe to call while it runs. */
  tick(): Promise<void>
  /** Its stream is logged in and subscribed: what happened in between is to be found out now. */
  up(epoch: number): void
  down(why: VenueError | null): void
  hear(epoch: number, counter: number, messages: readonly Inbound[]): void
  /** Ends every wait after a failure. */
  forgive(): void
  /** Monotonic ms of the last finished run, for the watchdog; null before the first. */
  lastRunAt(): number | null
}

export interface AccountDeps {
  settings: SyncSettings
  venue: VenueAccount
  store: Store
  clock: Clock
  chance: Chance
  log: Logger
  meter: SyncMeter
  session: () => SessionLink | null
}

export function createAccountSync(deps: AccountDeps): AccountSync {
  const { settings, venue, store, clock, chance, meter } = deps
  const id = settings.account
  const log = deps.log.child({ account: id })
  let ended = false
  /** Cuts the task under way. */
  let cut: AbortController | null = null
  const book = createBook()
  const lane = createLane()
  const pace = createPace(settings)
  const health = createHealth(id, store, clock, log)
  const applier = createApplier({ settings, venue, store, book, clock, meter, log })
  const sweeps = venue.history || (venue.hasHints ?? false)
  let lastRunAt: number | null = null
  let resumed = false
  let wake: { at: number; timer: Disposable } | null = null

  const load = (key: OrderKey) => {
    const [kind, venueOrderId] = [kindOf(key), key.slice(key.indexOf('/') + 1)]
    return store.transact((tx) => tx.load(id, { refs: [{ kind, venueOrderId }], scope: null })).orders.get(key) ?? null
  }
  const stillOpen = () => [
    ...store.transact((tx) => tx.load(id, { refs: [], scope: { of: 'account', kinds: ALL_KINDS } })).orders.values(),
  ]

  const follow = (probes: readonly Probe[]) => {
    resolver.take(probes)
    if (probes.some((probe) => probe.ask === 'snapshot')) pace.wantPoll()
    if (probes.some((probe) => probe.ask === 'history') && sweeps) pace.wantSweep()
    if (probes.length > 0) kick()
  }
  const doubt = (why: string, gap: boolean) => {
    log.debug({ why, gap }, 'looking again')
    pace.wantPoll()
    if (gap && sweeps) pace.wantSweep()
    kick()
  }
  const listener = createListener({ account: id, applier, book, clock, health, log, follow, doubt })
  const flushFrames = () => listener.flush()
  const { giveUpAfterMs } = settings
  const asks = { venue, applier, book, clock, chance, giveUpAfterMs }
  const resolver = createResolver({ ...asks, order: load, flushFrames, follow: (probes) => follow(probes) })
  const sweeper = createSweeper({ venue, applier, clock, overlapMs: settings.historyOverlapMs, flushFrames })

  /** Without its session there is nothing to look at: the look that is wanted waits for the next one. */
  const canLook = () => !venue.looksThroughSession || deps.session() !== null

  /** Runs the lane as soon as what is wanted may begin, without waiting for the queue's next tick. */
  const kick = () => {
    const now = clock.monotonic()
    const wait = pace.waitMs(now, canLook())
    if (wait === null || ended || (wake !== null && wake.at <= now + wait)) return
    wake?.timer[Symbol.dispose]()
    const timer = clock.after(wait, () => {
      wake = null
      void lane.run(cycle)
    })
    wake = { at: now + wait, timer }
  }

  const cycle = async () => {
    if (ended) return
    try {
      health.settle()
      await steps()
    } finally {
      lastRunAt = clock.monotonic()
      kick()
    }
  }

  const steps = async () => {
    const relaxed = venue.streams && deps.session() !== null && book.courses.size === 0
    if (canLook() && pace.pollDue(clock.monotonic(), relaxed)) await attempt('poll', look)
    if (sweeps && pace.sweepDue(clock.monotonic())) await attempt('sweep', lookBack)
    const unasked = !resumed || resolver.pending() > 0
    if (unasked && pace.lookupDue(clock.monotonic())) await attempt('lookup', ask)
  }

  const look = async (context: LookContext) => {
    const now = clock.monotonic()
    pace.polling(now)
    book.forgetTouchesBefore(now - settings.settleMs)
    const { afterLook } = health
    const { probes, complete } = await poll({ venue, applier, book, clock, flushFrames, afterLook }, context)
    meter.polled(id, complete ? 'ok' : 'incomplete')
    follow(probes)
  }

  const lookBack = async (context: LookContext) => {
    pace.sweeping(clock.monotonic())
    const account = store.transact((tx) => tx.account(id))
    const { historyThrough = null, trackedSince = clock.wall() } = account ?? {}
    const { probes, more } = await sweeper.sweep({ historyThrough, trackedSince }, context)
    health.swept()
    if (more) pace.wantSweep()
    follow(probes)
  }

  const ask = async (context: LookContext) => {
    if (!resumed) resumeUnknown()
    await resolver.resolve(context)
  }

  /** Orders that vanished before this process began are asked about from the beginning. */
  const resumeUnknown = () => {
    const unknown = stillOpen().filter((order) => order.facts.status === 'unknown')
    resolver.take(unknown.map((ref) => ({ ask: 'lookup', ref, urgent: false, why: 'vanished' })))
    resumed = true
  }

  /** Never rejects. Whatever goes wrong, nothing was written, and the same work comes again. */
  const attempt = async (task: Task, step: (context: LookContext) => Promise<void>) => {
    if (ended) return
    const mine = new AbortController()
    cut = mine
    let late = false
    const timer = clock.after(LONGEST_TASK_MS, () => {
      late = true
      mine.abort(new VenueError('later', `the ${task} took too long`))
    })
    try {
      await untilCut(mine.signal, step(lookContext(mine.signal)))
      pace.succeeded(task)
    } catch (error) {
      if (ended) return
      const failure = error instanceof VenueError ? error : null
      pace.failed(task, clock.monotonic(), failure, chance)
      if (task === 'sweep' && late) sweeper.tookTooLong()
      if (task === 'poll') meter.polled(id, failure?.failure ?? 'unrecorded')
      health.failed(task, error)
    } finally {
      timer[Symbol.dispose]()
      cut = null
    }
  }

  const lookContext = (signal: AbortSignal): LookContext => ({
    session: deps.session(),
    signal,
    get symbols() {
      return store.transact((tx) => tx.symbols(id))
    },
    get open() {
      return stillOpen().map((order): OrderKey => `${order.kind}/${order.venueOrderId}`)
    },
  })

  return {
    id,
    tick: () => lane.run(cycle),
    up(epoch) {
      book.begin(epoch)
      pace.forgive()
      health.record({ streamState: 'live' })
      doubt('the stream is up', true)
    },
    down(why) {
      listener.flush()
      health.streamDown(why)
    },
    hear: (epoch, counter, messages) => listener.hear(epoch, counter, messages),
    forgive() {
      pace.forgive()
      kick()
    },
    lastRunAt: () => lastRunAt,
    async [Symbol.asyncDispose]() {
      listener.flush()
      ended = true
      cut?.abort(new VenueError('later', 'stopping'))
      wake?.timer[Symbol.dispose]()
      listener[Symbol.dispose]()
      await lane.idle()
    },
  }
}

/** Whoever does not heed the signal is left behind: what it still brings is refused by the signal before it is applied. */
const untilCut = (signal: AbortSignal, work: Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })

const kindOf = (key: OrderKey): OrderKind => {
  if (key.startsWith('algo/')) return 'algo'
  return key.startsWith('trigger/') ? 'trigger' : 'order'
}
