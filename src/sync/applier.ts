/** Owns the synchronous stretch: load, reconcile, commit. All awaiting is done before, and nothing awaits within. */
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { OrderEvent } from '../core/event.ts'
import { type OrderRef, orderKey } from '../core/order.ts'
import type { Outcome, Probe } from '../core/outcome.ts'
import type { Context } from '../core/policy.ts'
import type { Quarantined } from '../core/quarantine.ts'
import { reconcile } from '../core/reconcile.ts'
import type { Report, Scope } from '../core/report.ts'
import type { AccountPatch } from '../store/accounts.ts'
import type { Store, StoreTransaction } from '../store/commit.ts'
import { SavepointError } from '../store/errors.ts'
import type { VenueAccount } from '../venues/venue.ts'
import type { Book } from './book.ts'
import type { SyncMeter, SyncSettings } from './settings.ts'

/** A report with the moment its request left, and what else is to be written with it. */
export interface Delivery {
  report: Report
  /** Monotonic ms. */
  requestedAt: number
  quarantined?: readonly Quarantined[]
  patch?: AccountPatch
}

export interface Applier {
  /**
   * Commits the deliveries together and returns what they ask. Throws what the store throws, having changed nothing: the
   * book follows only what was committed. A report that would break the log is left out, and throws where it is all there
   * was of history.
   */
  apply(deliveries: readonly Delivery[]): Probe[]
}

export interface ApplierDeps {
  settings: SyncSettings
  venue: Pick<VenueAccount, 'history' | 'lookups' | 'emptyIsAmbiguous'>
  store: Store
  book: Book
  clock: Clock
  meter: SyncMeter
  log: Logger
}

export function createApplier(deps: ApplierDeps): Applier {
  const { settings, store, book, clock, meter, log } = deps
  return {
    apply(deliveries) {
      const done: OrderEvent[] = []
      const probes: Probe[] = []
      // Courses and empty reads belong to the committed state: they are taken over after the commit, in the same order.
      const settle: (() => void)[] = []
      /** One report that would break a promise of the log harms no other: it is left out, and said aloud. */
      const write = (tx: StoreTransaction, outcome: Outcome, { source }: Report): boolean => {
        try {
          done.push(...tx.apply(settings.account, settings.venue, outcome))
          return true
        } catch (error) {
          if (!(error instanceof SavepointError)) throw error
          log.error({ err: error, source }, 'a report was left out')
          tx.quarantine(settings.account, [{ where: source, problem: error.message, sample: '' }], clock.wall())
          leftOut = error
          if (source === 'stream') probes.push({ ask: 'snapshot', why: 'a frame was left out' })
          return false
        }
      }
      let leftOut: SavepointError | null = null
      let anyBlind = false
      store.transact((tx) => {
        for (const delivery of deliveries) {
          const { report } = delivery
          const context = contextOf(deps, tx, delivery)
          const scope = report.source === 'snapshot' ? report.scope : null
          const stored = tx.load(settings.account, { refs: refsOf(report), scope })
          const outcome = reconcile(stored, report, context)
          if (delivery.quarantined?.length) tx.quarantine(settings.account, delivery.quarantined, clock.wall())
          const { patch } = delivery
          if (!write(tx, outcome, report)) {
            if (patch !== undefined) tx.patchAccount(settings.account, unwell(patch))
            continue
          }
          probes.push(...outcome.probes)
          settle.push(() => book.settle(outcome))
          if (report.source === 'snapshot') {
            const { scope, coverage, sightings, alsoPresent } = report
            const empty = sightings.length + alsoPresent.length === 0
            // An empty read that proves nothing is not the first of two.
            if (!empty || coverage.proves !== 'presence') settle.push(() => book.noteEmpty(scopeKey(scope), empty))
            if (outcome.blind) settle.push(() => book.noteBlind(scopeKey(scope), context.monotonic))
            anyBlind ||= outcome.blind
            const complete = coverage.proves !== 'presence' && !outcome.suspiciouslyEmpty && !outcome.blind
            if (complete) tx.scopeComplete(settings.account, scope, clock.wall())
          }
          if (patch === undefined) continue
          tx.patchAccount(settings.account, leftOut !== null ? unwell(patch) : anyBlind ? blinded(patch) : patch)
        }
      })
      for (const run of settle) run()
      for (const event of done) meter.recorded(settings.account, event.type, event.evidence)
      // A read of which nothing could be recorded has failed, and says so to whoever asked for it.
      if (leftOut !== null && deliveries.length === 1 && deliveries[0]?.report.source === 'history') throw leftOut
      return probes
    },
  }
}

/** What was left out was not read, whatever else was: neither a complete look nor a watermark may claim it. */
const unwell = ({ lastPollAt }: AccountPatch): AccountPatch => ({
  ...(lastPollAt === undefined ? {} : { lastPollAt }),
  state: 'degraded',
  lastError: 'a report was left out: it would have broken the log',
})

/** Blindness is worth telling only of an account that is well otherwise. */
const blinded = (patch: AccountPatch): AccountPatch => (patch.state === 'ok' ? { ...patch, state: 'blind' } : patch)

function contextOf({ settings, venue, book, clock }: ApplierDeps, tx: StoreTransaction, delivery: Delivery): Context {
  const { report } = delivery
  const scope = report.source === 'snapshot' ? report.scope : null
  const account = tx.account(settings.account)
  const unread = (part: Scope) => tx.lastComplete(settings.account, part) === null
  return {
    account: settings.account,
    venue: settings.venue,
    policy: {
      confirmations: settings.confirmations,
      graceMs: settings.graceMs,
      settleMs: settings.settleMs,
      longestHealthyGapMs: 2 * settings.pollEveryMs,
      giveUpAfterMs: settings.giveUpAfterMs,
    },
    trackedSince: account?.trackedSince ?? 0,
    sweptThrough: account?.historyThrough ?? null,
    firstSync: scope !== null && unread(scope) && unread({ of: 'account', kinds: scope.kinds }),
    wall: clock.wall(),
    monotonic: clock.monotonic(),
    requestedAt: delivery.requestedAt,
    epoch: book.epoch,
    touches: book.touches,
    courses: book.courses,
    canLookBack: venue.history,
    canAsk: venue.lookups === 'any',
    emptyBefore: scope !== null && book.wasEmpty(scopeKey(scope)),
    emptyIsAmbiguous: venue.emptyIsAmbiguous ?? false,
    blindSince: scope === null ? null : book.blindSince(scopeKey(scope)),
  }
}

/** The name of a scope while this process runs: `order,algo account`, `order symbol:BTC-USD`. */
function scopeKey(scope: Scope): string {
  const kinds = scope.kinds.join(',')
  if (scope.of === 'account') return `${kinds} account`
  return scope.of === 'symbol' ? `${kinds} symbol:${scope.symbol}` : `${kinds} partition:${scope.partition}`
}

/** Every order a report names, and the predecessors it names beside them. */
function refsOf(report: Report): OrderRef[] {
  const refs = new Map<string, OrderRef>()
  const add = (ref: OrderRef) => refs.set(orderKey(ref), { kind: ref.kind, venueOrderId: ref.venueOrderId })
  const sightings = report.source !== 'lookup' ? report.sightings : foundIn(report)
  for (const sighting of sightings) {
    add(sighting)
    if (sighting.stated.replaces != null) add({ kind: sighting.kind, venueOrderId: sighting.stated.replaces })
  }
  if (report.source === 'snapshot') report.alsoPresent.forEach(add)
  else if (report.source !== 'lookup') report.fills.forEach(add)
  else {
    add(report.asked)
    if (report.answer.is === 'found') report.answer.fills.forEach(add)
  }
  return [...refs.values()]
}

const foundIn = (report: Extract<Report, { source: 'lookup' }>) =>
  report.answer.is === 'found' ? [report.answer.sighting] : []
