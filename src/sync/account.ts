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
import { createPace } from './pace.ts'
import { poll } from './poll.ts'
import { createResolver } from './resolve.ts'
import type { SyncMeter, SyncSettings } from './settings.ts'
import { sweep } from './sweep.ts'

/** One run may take this long before it is cut off. */
const LONGEST_RUN_MS = 120_000
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
  const life = new AbortController()
  const book = createBook()
  const lane = createLane()
  const pace = createPace(settings)
  const health = createHealth(id, store, clock, log)
  const applier = createApplier({ settings, venue, store, book, clock, meter, log })
  const sweeps = venue.history || (venue.hasHints ?? false)
  let lastRunAt: number | null = null
  let wake: Disposable | null = null

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
  const resolver = createResolver({ venue, applier, book, clock, chance, giveUpAfterMs, order: load, flushFrames })

  /** Without its session there is nothing to look at: the look that is wanted waits for the next one. */
  const canLook = () => !venue.looksThroughSession || deps.session() !== null

  /** Runs the lane as soon as what is wanted may begin, without waiting for the queue's next tick. */
  const kick = () => {
    const wait = pace.waitMs(clock.monotonic(), canLook())
    if (wait === null || wake !== null || life.signal.aborted) return
    wake = clock.after(wait, () => {
      wake = null
      void lane.run(cycle)
    })
  }

  const cycle = async () => {
    if (life.signal.aborted) return
    const cut = new AbortController()
    const timer = clock.after(LONGEST_RUN_MS, () => cut.abort(new VenueError('later', 'the run took too long')))
    try {
      if (lastRunAt === null) resumeUnknown()
      health.settle()
      await steps(lookContext(AbortSignal.any([life.signal, cut.signal])))
    } finally {
      timer[Symbol.dispose]()
      lastRunAt = clock.monotonic()
      kick()
    }
  }

  /** Orders that vanished before this process began are asked about from the beginning. */
  const resumeUnknown = () =>
    attempt(async () => {
      const unknown = stillOpen().filter((order) => order.facts.status === 'unknown')
      resolver.take(unknown.map((ref) => ({ ask: 'lookup', ref, urgent: false, why: 'vanished' })))
    })

  const steps = async (context: LookContext) => {
    const relaxed = venue.streams && context.session !== null && book.courses.size === 0
    if (canLook() && pace.pollDue(clock.monotonic(), relaxed)) await attempt(() => look(context))
    if (sweeps && pace.sweepDue(clock.monotonic())) await attempt(() => lookBack(context))
    if (resolver.pending() > 0 && !pace.resting(clock.monotonic())) {
      await attempt(async () => follow(await resolver.resolve(context)))
    }
  }

  const look = async (context: LookContext) => {
    const now = clock.monotonic()
    pace.polling(now)
    book.forgetTouchesBefore(now - settings.settleMs)
    const { probes, complete } = await poll({ venue, applier, book, clock, flushFrames }, context)
    pace.succeeded()
    meter.polled(id, complete ? 'ok' : 'incomplete')
    follow(probes)
  }

  const lookBack = async (context: LookContext) => {
    pace.sweeping(clock.monotonic())
    const account = store.transact((tx) => tx.account(id))
    const watermark = account?.historyThrough ?? account?.trackedSince ?? clock.wall()
    const { historyOverlapMs: overlapMs } = settings
    follow(await sweep({ venue, applier, clock, overlapMs, flushFrames }, watermark, context))
  }

  const attempt = async (step: () => Promise<void>) => {
    if (life.signal.aborted) return
    try {
      await step()
    } catch (error) {
      if (life.signal.aborted) return
      if (error instanceof VenueError) {
        pace.failed(clock.monotonic(), error, chance)
        meter.polled(id, error.failure)
        health.failed(error)
      } else {
        // The store said no, or a promise would have been broken: nothing was written, and the same work comes again.
        log.error({ err: error }, 'a read was not recorded')
      }
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
      health.record({
        streamState: 'down',
        ...(why === null ? {} : { state: stateAfter(why), lastError: why.message }),
      })
    },
    hear: (epoch, counter, messages) => listener.hear(epoch, counter, messages),
    forgive() {
      pace.forgive()
      kick()
    },
    lastRunAt: () => lastRunAt,
    async [Symbol.asyncDispose]() {
      listener.flush()
      life.abort()
      wake?.[Symbol.dispose]()
      listener[Symbol.dispose]()
      await lane.idle()
    },
  }
}

const stateAfter = (why: VenueError) => (why.failure === 'refused' ? 'refused' : 'degraded')

const kindOf = (key: OrderKey): OrderKind => {
  if (key.startsWith('algo/')) return 'algo'
  return key.startsWith('trigger/') ? 'trigger' : 'order'
}
