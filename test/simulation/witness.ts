/** Owns what must be true at the very instant it is said. Most lies mend themselves, so the end of a run shows none. */
import type { Clock } from '../../src/core/clock.ts'
import type { VenueName } from '../../src/core/order.ts'
import type { Fault, FaultKind } from '../../src/sandbox/faults.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { stateOf, type TrueOrder } from '../../src/sandbox/truth.ts'
import type { Store } from '../../src/store/commit.ts'
import type { EventRecord } from '../../src/store/records.ts'

export interface Witness extends Disposable {
  readonly wrong: readonly string[]
}

const LOOK_EVERY_MS = 250
/** A read that was asked before a lie ended may be applied as late as this. */
const ECHO_MS = 30_000
/** A list that leaves an order out without a trace: nobody could see through it. */
const OMISSIONS: readonly FaultKind[] = ['blind', 'truncated_list', 'stale_list', 'torn_page', 'hide_order']
/** A message without its time: nobody could tell what it came after. */
const UNDATED: readonly FaultKind[] = ['missing_field', 'wrong_type']

/** Looks at every event as it commits, and at who is missing while the market moves. */
export function watch(sandbox: Sandbox, store: Store, clock: Clock): Witness {
  const wrong: string[] = []
  const omissions = recall(sandbox, clock, OMISSIONS)
  const undated = recall(sandbox, clock, UNDATED)
  const statesTold = new Map<string, number>()
  let missing = new Set<string>()
  let seen = 0
  const truthOf = (row: { kind: string; venue_order_id: string }): TrueOrder | null => {
    const truth = sandbox.market.order(row.venue_order_id)
    return truth?.kind === row.kind ? truth : null
  }

  const commits = store.onCommit(() => {
    for (const event of store.read.events({ after: seen, limit: 1_000 }).events) {
      seen = event.seq
      const truth = truthOf(event)
      if (truth === null) continue
      const lie = falsehood(event, truth, omissions.ever(truth.venue))
      if (lie !== null) wrong.push(`${nameOf(event)}: ${lie}`)
      // DexPal dates nothing: an old list of it looks like a new one.
      const isDated = truth.venue !== 'dexpal' && !undated.ever(truth.venue)
      if (isDated && goesBack(event, truth, statesTold))
        wrong.push(`${nameOf(event)}: the price ${event.price} is older than the one before`)
    }
  })
  const look = () => {
    const now = new Set<string>()
    if (store.accounts().every((account) => account.missing === 0)) {
      missing = now
      return
    }
    for (const row of store.read.orders({ status: 'open', limit: 1_000 }).orders) {
      const truth = row.missing_since === null ? null : truthOf(row)
      if (truth === null || stateOf(truth).status !== 'open') continue
      now.add(truth.id)
      if (missing.has(truth.id) || omissions.lately(truth.venue)) continue
      wrong.push(`${row.account}/${row.kind}/${row.venue_order_id} is missing, and no list that had to show it did not`)
    }
    missing = now
  }
  let timer = clock.after(LOOK_EVERY_MS, function again() {
    look()
    timer = clock.after(LOOK_EVERY_MS, again)
  })
  return {
    wrong,
    [Symbol.dispose]() {
      commits[Symbol.dispose]()
      timer[Symbol.dispose]()
    },
  }
}

const nameOf = (event: EventRecord) =>
  `event ${event.seq} ${event.type} of ${event.account}/${event.kind}/${event.venue_order_id} by ${event.evidence}`

/** Whether such a fault was ever asked for at a venue, and whether one may still speak out of a read under way. */
function recall(sandbox: Sandbox, clock: Clock, kinds: readonly FaultKind[]) {
  const at = new Map<VenueName, number>()
  const note = ({ kind, venue }: Fault) => {
    if (kinds.includes(kind)) at.set(venue, clock.monotonic())
  }
  sandbox.faults.watch(note)
  return {
    ever: (venue: VenueName) => at.has(venue),
    lately(venue: VenueName) {
      sandbox.faults.pending().forEach(note)
      return clock.monotonic() - (at.get(venue) ?? Number.NEGATIVE_INFINITY) <= ECHO_MS
    },
  }
}

/** What is open has not ended, and three endings alone may rest on absence. Null where nothing speaks against it. */
function falsehood(event: EventRecord, truth: TrueOrder, isLiedTo: boolean): string | null {
  const { status } = stateOf(truth)
  if (event.type === 'vanished') return status === 'open' && !isLiedTo ? 'it is open' : null
  if (event.type !== 'filled' && event.type !== 'cancelled') return null
  if (event.evidence !== 'inferred') return status === event.type ? null : `it is ${status}`
  const isReplaced = event.reason === 'replaced' && truth.replacedBy !== null
  const isRemainder = event.reason === 'ioc_remainder' && truth.timeInForce !== 'gtc'
  const isExpired = event.reason === 'expired' && truth.expiresUs !== null
  if (!isReplaced && !isRemainder && !isExpired) return `${event.reason} is a guess`
  return status === 'open' ? 'it is open' : null
}

/** Every price told of an order must be one it had then, or later than the one told before. */
function goesBack({ price }: EventRecord, truth: TrueOrder, statesTold: Map<string, number>): boolean {
  if (truth.type !== 'limit' || price === null) return false
  const from = statesTold.get(truth.id) ?? 0
  const at = truth.states.findIndex((state, index) => index >= from && state.price === price)
  if (at >= 0) statesTold.set(truth.id, at)
  return at < 0
}
