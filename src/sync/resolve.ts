/** Owns the questions about single orders: who is asked about next, how often, and until when. */
import { backoffMs } from '../core/backoff.ts'
import type { Chance, Clock } from '../core/clock.ts'
import { isEnded, type Order, type OrderKey, orderKey } from '../core/order.ts'
import type { Probe } from '../core/outcome.ts'
import { VenueError, type VenueFailure } from '../venues/errors.ts'
import type { LookContext, Question, VenueAccount } from '../venues/venue.ts'
import type { Applier } from './applier.ts'
import type { Book } from './book.ts'

/** The most lookups of one cycle; the rest keep their place. The rate budget may make it fewer a minute. */
export const MAX_LOOKUPS_A_CYCLE = 50
/** More open questions than this and the newest wait for a snapshot or a sweep to ask them again. */
export const MAX_QUESTIONS = 20_000
const FIRST_RETRY_MS = 2_000
const LONGEST_RETRY_MS = 15 * 60_000

interface Asking {
  /** Settled ones are kept a while: what is asked again and again, with the same answer, is asked more and more rarely. */
  settled: boolean
  urgent: boolean
  attempts: number
  since: number
  dueAt: number
}

export interface Resolver {
  /** Takes lookups to do. Asking again about the same order changes nothing but its urgency. */
  take(probes: readonly Probe[]): void
  /** Asks what is due, oldest and most urgent first. Stops at the first failure that concerns more than one order. */
  resolve(context: LookContext): Promise<void>
  pending(): number
}

export interface ResolverDeps {
  venue: Pick<VenueAccount, 'lookups' | 'lookup'>
  applier: Applier
  book: Book
  clock: Clock
  chance: Chance
  giveUpAfterMs: number
  /** The stored order; null where no row has it any more. */
  order: (key: OrderKey) => Order | null
  flushFrames: () => void
  /** Gets what each answer asks in turn, so that a failure further on does not lose it. */
  follow: (probes: readonly Probe[]) => void
}

export function createResolver(deps: ResolverDeps): Resolver {
  const { venue, clock } = deps
  const asking = new Map<OrderKey, Asking>()
  const due = () => {
    const now = clock.monotonic()
    const ready = [...asking].filter(([, item]) => !item.settled && item.dueAt <= now)
    return ready.sort(([, a], [, b]) => Number(b.urgent) - Number(a.urgent) || a.since - b.since)
  }
  const forget = (isOver: (item: Asking) => boolean) => {
    for (const [key, item] of asking) if (item.settled && isOver(item)) asking.delete(key)
  }
  return {
    pending: () => [...asking.values()].filter((item) => !item.settled).length,
    take(probes) {
      const now = clock.monotonic()
      for (const probe of probes) {
        if (probe.ask !== 'lookup' || venue.lookups === 'none') continue
        const { urgent } = probe
        const known = asking.get(orderKey(probe.ref))
        if (known?.settled) Object.assign(known, { settled: false, urgent, since: now })
        else if (known !== undefined) known.urgent ||= urgent
        else {
          if (asking.size >= MAX_QUESTIONS) forget(() => true)
          if (asking.size >= MAX_QUESTIONS) continue
          asking.set(orderKey(probe.ref), { settled: false, urgent, attempts: 0, since: now, dueAt: now })
        }
      }
    },
    async resolve(context) {
      const now = clock.monotonic()
      forget((item) => now - item.dueAt > LONGEST_RETRY_MS)
      for (const [key, item] of due().slice(0, MAX_LOOKUPS_A_CYCLE)) {
        const order = deps.order(key)
        const tooOld = clock.monotonic() - item.since > deps.giveUpAfterMs
        if (order === null || tooOld) asking.delete(key)
        if (order === null || tooOld || context.signal.aborted) continue
        item.attempts += 1
        item.dueAt = clock.monotonic() + backoffMs(item.attempts, deps.chance, RETRY)
        deps.follow(await ask(deps, order, context))
        item.settled = isSettled(deps, key, item)
      }
    },
  }
}

const RETRY = { baseMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS }

const OF_ONE_ORDER: ReadonlySet<VenueFailure> = new Set(['broken', 'misused', 'not_found'])

async function ask({ venue, applier, book, clock, flushFrames }: ResolverDeps, order: Order, context: LookContext) {
  const mark = book.mark()
  const requestedAt = clock.monotonic()
  const answer = await venue.lookup(questionOf(order), context).catch((error: unknown) => {
    // A failure that concerns this one question leaves it for later; all others stop the round.
    if (error instanceof VenueError && OF_ONE_ORDER.has(error.failure)) return null
    throw error
  })
  context.signal.throwIfAborted()
  flushFrames()
  if (answer === null) return []
  const { kind, venueOrderId } = order
  return applier.apply([{ report: { source: 'lookup', asked: { kind, venueOrderId }, answer, mark }, requestedAt }])
}

/** Nothing is open about it any more: it ended with proof, or it is listed and well. */
function isSettled({ order, book }: ResolverDeps, key: OrderKey, item: Asking): boolean {
  const now = order(key)
  if (now === null) return true
  if (isEnded(now.facts.status)) return now.facts.evidence !== 'inferred' || item.attempts >= 5
  return now.facts.status === 'open' && !book.courses.has(key)
}

const questionOf = ({ kind, venueOrderId, facts, seen }: Order): Question => ({
  kind,
  venueOrderId,
  symbol: facts.symbol,
  clientOrderId: facts.clientOrderId,
  firstSeenAt: seen.firstSeenAt,
  since: seen.venueUpdatedAt ?? facts.openedAt,
})
