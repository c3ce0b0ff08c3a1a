/** Owns the misfortunes of a run: which, when and for how long, all from the seed. */

import type { VenueName } from '../../src/core/order.ts'
import { createDice, type Dice, seededChance } from '../../src/sandbox/chance.ts'
import type { SandboxAccount } from '../../src/sandbox/credentials.ts'
import type { Fault, FaultEffect } from '../../src/sandbox/faults.ts'
import { defaultAccounts, twoVenueAccounts } from '../../src/sandbox/sandbox.ts'
import type { SyncSettings } from '../../src/sync/settings.ts'

export type Misfortune = { atMs: number } & (
  | { is: 'fault'; fault: Fault }
  | { is: 'kill'; downMs: number }
  | { is: 'crash'; point: 'before_statement' | 'before_commit' | 'after_commit'; after: number; downMs: number }
  | { is: 'jump'; ms: number }
  | { is: 'skew'; venue: VenueName; ms: number }
)

export interface Plan {
  seed: string
  accounts: readonly SandboxAccount[]
  tradingMs: number
  movesPerSecond: number
  pace: Omit<SyncSettings, 'account' | 'venue'>
  misfortunes: readonly Misfortune[]
}

const HOUR = 3_600_000
/** Up to this seed the market is that of the first two venues, so that what a seed once showed it shows for ever. */
const LAST_OF_TWO_VENUES = 300
const TWO_VENUES: readonly VenueName[] = ['qfex', 'revolut-x']
const ALL_VENUES: readonly VenueName[] = ['qfex', 'revolut-x', 'derive', 'dexpal']
/** Accounts of one run: enough to be in each other's way. */
const ACCOUNTS_A_RUN = 3

export function planOf(seed: number): Plan {
  const dice = createDice(seededChance(`plan/${seed}`))
  const venues = seed <= LAST_OF_TWO_VENUES ? TWO_VENUES : ALL_VENUES
  const accounts = seed <= LAST_OF_TWO_VENUES ? twoVenueAccounts(`sim-${seed}`) : someAccounts(dice, `sim-${seed}`)
  const tradingMs = (seed <= LAST_OF_TWO_VENUES ? dice.integer(30, 80) : dice.integer(20, 50)) * 1_000
  const pollEveryMs = dice.pick([1_000, 2_000, 5_000])
  return {
    seed: `sim-${seed}`,
    accounts,
    tradingMs,
    movesPerSecond: dice.pick([1, 2, 4]),
    pace: {
      pollEveryMs,
      pollWhileStreamingMs: pollEveryMs * dice.pick([1, 3, 6]),
      historyEveryMs: dice.pick([5_000, 20_000, 60_000]),
      historyOverlapMs: 600_000,
      confirmations: 2,
      graceMs: dice.pick([10_000, 30_000]),
      giveUpAfterMs: 7 * 24 * HOUR,
      settleMs: 2_000,
    },
    misfortunes: Array.from({ length: dice.integer(0, 14) }, () => misfortune(dice, venues, tradingMs)).sort(
      (a, b) => a.atMs - b.atMs,
    ),
  }
}

function someAccounts(dice: Dice, seed: string): SandboxAccount[] {
  const left = defaultAccounts(seed)
  return Array.from({ length: ACCOUNTS_A_RUN }, () => {
    const account = dice.pick(left)
    left.splice(left.indexOf(account), 1)
    return account
  })
}

function misfortune(dice: Dice, venues: readonly VenueName[], tradingMs: number): Misfortune {
  const atMs = dice.integer(0, tradingMs)
  const kind = dice.weighted({ fault: 20, kill: 1, crash: 2, jump: 1, skew: 1 })
  const downMs = dice.pick([0, 500, 5_000, 20_000])
  switch (kind) {
    case 'kill':
      return { is: 'kill', atMs, downMs }
    case 'crash': {
      const point = dice.pick(['before_statement', 'before_commit', 'after_commit'] as const)
      return { is: 'crash', atMs, point, after: dice.integer(1, 40), downMs }
    }
    case 'jump':
      return { is: 'jump', atMs, ms: dice.pick([-24 * HOUR, -HOUR, HOUR, 24 * HOUR]) }
    case 'skew':
      return { is: 'skew', atMs, venue: dice.pick(venues), ms: dice.pick([-3_000, 3_000, 20_000]) }
    case 'fault':
      return { is: 'fault', atMs, fault: faultOf(dice, venues) }
  }
}

function faultOf(dice: Dice, venues: readonly VenueName[]): Fault {
  const venue = dice.pick(venues)
  const ms = dice.pick([200, 1_500, 6_000])
  const effects: FaultEffect[] = [
    { kind: 'drop_frame' },
    { kind: 'duplicate_frame' },
    { kind: 'reorder_frames' },
    { kind: 'delay_frame', ms },
    { kind: 'close_socket' },
    { kind: 'auth_variant', as: dice.pick(['result_success', 'authenticated_true', 'type_authenticated'] as const) },
    { kind: 'refuse_auth' },
    { kind: 'blind' },
    { kind: 'torn_page' },
    { kind: 'repeat_row' },
    { kind: 'truncated_list', rows: dice.integer(0, 5) },
    { kind: 'stale_list', ms: ms * 3 },
    { kind: 'history_lag', ms: ms * 2 },
    { kind: 'garbage_body' },
    { kind: 'cut_body' },
    { kind: 'wrong_type' },
    { kind: 'missing_field' },
    { kind: 'unknown_status' },
    { kind: 'extra_field' },
    { kind: 'no_answer' },
    { kind: 'slow', ms },
    { kind: 'http_status', status: dice.pick([500, 502, 429, 401, 403]), retryAfterMs: 2_000 },
    { kind: 'dead' },
  ]
  const effect = dice.pick(effects)
  const bounds = dice.pick([
    { times: dice.integer(1, 5) },
    { forMs: dice.integer(1_000, 20_000), chance: dice.pick([0.1, 0.5, 1]) },
  ])
  return { ...effect, venue, ...(effect.kind === 'dead' ? { forMs: dice.integer(1_000, 20_000) } : bounds) }
}
