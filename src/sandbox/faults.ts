/** Owns what goes wrong: every fault is asked for, bounded in number or time, drawn from the seed, and counted. */
import { assertNever } from '../core/assert-never.ts'
import type { Clock } from '../core/clock.ts'
import type { VenueName } from '../core/order.ts'
import type { Dice } from './chance.ts'

/** Where in a venue's protocol a fault can strike. */
export type FaultPoint = 'handshake' | 'auth' | 'list' | 'lookup' | 'history' | 'trades' | 'reference' | 'frames'

/** What goes wrong and how. */
export type FaultEffect =
  /** Frames that a socket pushes. */
  | { kind: 'drop_frame' | 'duplicate_frame' | 'reorder_frames' }
  | { kind: 'delay_frame'; ms: number }
  /** The socket ends instead of the next message. */
  | { kind: 'close_socket'; code?: number }
  | { kind: 'refuse_auth'; as?: 'authenticated_false' | 'err' | 'close' }
  | { kind: 'auth_variant'; as: 'result_success' | 'authenticated_true' | 'type_authenticated' }
  /** Lists. */
  | { kind: 'blind' | 'torn_page' | 'repeat_row' }
  /** A reply leaves out one of its lists, as a venue does that says nothing where nothing is. */
  | { kind: 'missing_list' }
  | { kind: 'truncated_list'; rows: number }
  | { kind: 'stale_list' | 'history_lag'; ms: number }
  | { kind: 'foreign_list'; from: string }
  /** In no list, no history and no lookup, as if the venue had forgotten it. */
  | { kind: 'hide_order'; orderId: string }
  /** Replies. */
  | { kind: 'garbage_body' | 'cut_body' | 'wrong_type' | 'unknown_status' | 'extra_field' | 'no_answer' }
  | { kind: 'missing_field'; field?: string }
  /** DexPal's, which its own conventions forbid: a failure under status 200. */
  | { kind: 'success_false' }
  | { kind: 'http_status'; status: number; retryAfterMs?: number }
  | { kind: 'slow'; ms: number }
  /** Nothing connects and every socket ends. */
  | { kind: 'dead' }

export type FaultKind = FaultEffect['kind']

export type Fault = FaultEffect & {
  venue: VenueName
  account?: string
  /** Every place where this kind can strike if not said. */
  on?: FaultPoint
  /** 1 if not said. */
  chance?: number
  /** It strikes at most so often; 1 if neither this nor `forMs` is said. */
  times?: number
  /** And only so long. */
  forMs?: number
}

export interface FaultSite {
  venue: VenueName
  account: string | null
  on: FaultPoint
}

export interface Faults {
  /** Disposing it takes it back. Throws a RangeError once {@link MAX_FAULTS} are pending. */
  add(fault: Fault): Disposable
  clear(venue?: VenueName): void
  /** The fault of this kind that strikes here and now, if one does; it is counted. */
  strike<K extends FaultKind>(kind: K, site: FaultSite): Extract<FaultEffect, { kind: K }> | null
  /** Whether an order must not be shown here; a fault that hides is not used up by hiding. */
  hides(orderId: string, on: FaultPoint): boolean
  /** How often each kind has struck. */
  counts(): Readonly<Partial<Record<FaultKind, number>>>
  pending(): readonly Fault[]
  /** Hears of every fault as it is added. */
  watch(listener: (fault: Fault) => void): void
}

/** More at once than any scenario needs: a script that adds faults for ever is a mistake. */
export const MAX_FAULTS = 1_000

interface Armed {
  fault: Fault
  left: number
  until: number
}

export function createFaults(dice: Dice, clock: Clock): Faults {
  const armed = new Set<Armed>()
  const counts: Partial<Record<FaultKind, number>> = {}
  const listeners: ((fault: Fault) => void)[] = []
  const prune = () => {
    for (const entry of armed) if (entry.left <= 0 || clock.monotonic() >= entry.until) armed.delete(entry)
  }
  return {
    add(fault) {
      prune()
      if (armed.size >= MAX_FAULTS) throw new RangeError(`${MAX_FAULTS} faults are pending already`)
      const entry = {
        fault,
        left: fault.times ?? (fault.forMs === undefined ? 1 : Number.POSITIVE_INFINITY),
        until: clock.monotonic() + (fault.forMs ?? Number.POSITIVE_INFINITY),
      }
      armed.add(entry)
      for (const listener of listeners) listener(fault)
      return { [Symbol.dispose]: () => void armed.delete(entry) }
    },
    clear(venue) {
      for (const entry of armed) if (venue === undefined || entry.fault.venue === venue) armed.delete(entry)
    },
    strike(kind, site) {
      for (const entry of armed) {
        if (entry.left <= 0 || clock.monotonic() >= entry.until) {
          armed.delete(entry)
          continue
        }
        const { fault } = entry
        if (!isKind(fault, kind) || !isAt(fault, site)) continue
        if (fault.chance !== undefined && !dice.happens(fault.chance)) continue
        entry.left -= 1
        counts[kind] = (counts[kind] ?? 0) + 1
        return fault
      }
      return null
    },
    hides(orderId, on) {
      for (const { fault, until } of armed) {
        if (fault.kind !== 'hide_order' || fault.orderId !== orderId || clock.monotonic() >= until) continue
        if (fault.on === undefined || fault.on === on) return true
      }
      return false
    },
    counts: () => ({ ...counts }),
    pending() {
      prune()
      return [...armed].map((entry) => entry.fault)
    },
    watch: (listener) => void listeners.push(listener),
  }
}

function isAt(fault: Fault, site: FaultSite): boolean {
  if (fault.venue !== site.venue) return false
  if (fault.account !== undefined && fault.account !== site.account) return false
  return fault.on === undefined ? strikesAnywhere(fault.kind, site.on) : fault.on === site.on
}

function isKind<K extends FaultKind>(fault: Fault, kind: K): fault is Fault & Extract<FaultEffect, { kind: K }> {
  return fault.kind === kind
}

/** Where a fault strikes that does not say: in lists, frames or logins where only those make sense, else everywhere. */
function strikesAnywhere(kind: FaultKind, on: FaultPoint): boolean {
  switch (kind) {
    case 'drop_frame':
    case 'duplicate_frame':
    case 'reorder_frames':
    case 'delay_frame':
      return on === 'frames'
    case 'refuse_auth':
    case 'auth_variant':
      return on === 'auth'
    case 'blind':
    case 'stale_list':
    case 'foreign_list':
    case 'missing_list':
      return on === 'list'
    case 'torn_page':
    case 'truncated_list':
    case 'repeat_row':
      return on === 'list' || on === 'history'
    case 'history_lag':
      return on === 'history' || on === 'trades'
    case 'close_socket':
    case 'hide_order':
    case 'garbage_body':
    case 'cut_body':
    case 'wrong_type':
    case 'unknown_status':
    case 'extra_field':
    case 'no_answer':
    case 'missing_field':
    case 'success_false':
    case 'http_status':
    case 'slow':
    case 'dead':
      return true
    default:
      return assertNever(kind)
  }
}
