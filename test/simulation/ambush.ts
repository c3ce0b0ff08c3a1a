/** Owns the misfortunes that luck brings together too seldom: each lies in wait for one rule. */
import { createDice, type Dice, seededChance } from '../../src/sandbox/chance.ts'
import { type Misfortune, type Plan, planOf } from './plan.ts'

/** Above this number a seed is the seed so much lower, at the first two venues, with ambushes. */
export const AMBUSHES = 10_000

export function planAmbush(seed: number): Plan {
  const plan = planOf(seed - AMBUSHES)
  const dice = createDice(seededChance(`ambush/${seed}`))
  if (dice.happens(0.25)) return crossing(plan, dice)
  const ambushes = Array.from({ length: dice.integer(1, 3) }, () => ambush(dice, plan.tradingMs))
  return { ...plan, misfortunes: [...plan.misfortunes, ...ambushes].sort((a, b) => a.atMs - b.atMs) }
}

function ambush(dice: Dice, tradingMs: number): Misfortune {
  const atMs = dice.integer(0, tradingMs)
  const forMs = dice.integer(5_000, 20_000)
  const venue = dice.pick(['qfex', 'revolut-x'] as const)
  switch (dice.pick(['overtaken', 'illegible', 'no_twaps', 'stale'] as const)) {
    case 'overtaken':
      return { is: 'fault', atMs, fault: { kind: 'slow', venue: 'qfex', on: 'list', ms: 3_000, forMs } }
    case 'illegible': {
      const field = venue === 'qfex' ? 'order_id' : 'id'
      return { is: 'fault', atMs, fault: { kind: 'missing_field', field, venue, on: 'list', forMs } }
    }
    case 'no_twaps':
      // Few trade by TWAP, so it has to last.
      return { is: 'fault', atMs: 0, fault: { kind: 'missing_list', venue: 'qfex', forMs: tradingMs, chance: 0.5 } }
    case 'stale':
      return { is: 'fault', atMs, fault: { kind: 'stale_list', venue: 'qfex', ms: 10_000, forMs, chance: 0.5 } }
  }
}

/**
 * A list that is asked for late in one session and applied in the next: QFEX's instruments, which failed at first, are
 * asked for again after a minute and hang, and meanwhile the socket ends.
 */
function crossing(plan: Plan, dice: Dice): Plan {
  const reference = { venue: 'qfex', on: 'reference', times: 1 } as const
  const endMs = dice.integer(63_000, 66_000)
  return {
    ...plan,
    tradingMs: 90_000,
    // A list is under way at any moment, so that one is when the instruments hang.
    pace: { ...plan.pace, pollEveryMs: 2_000, pollWhileStreamingMs: 2_000 },
    misfortunes: [
      { is: 'fault', atMs: 0, fault: { kind: 'http_status', status: 500, ...reference } },
      { is: 'fault', atMs: 50_000, fault: { kind: 'slow', ms: 12_000, ...reference } },
      { is: 'fault', atMs: endMs, fault: { kind: 'close_socket', venue: 'qfex', on: 'frames', times: 1 } },
    ],
  }
}
