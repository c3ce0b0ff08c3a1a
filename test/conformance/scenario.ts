/** Owns the run that the contracts are held against: a trading market, our clients on it, and honest misfortunes. */
import type { Fault } from '../../src/sandbox/faults.ts'
import { MOVE_WEIGHTS, type Move } from '../../src/sandbox/move-weights.ts'
import { makeMove } from '../../src/sandbox/moves.ts'
import { createSandbox, defaultAccounts, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { openStore } from '../../src/store/commit.ts'
import { startProcess } from '../simulation/process.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { askByHand } from './by-hand.ts'
import { newTraffic, type Traffic, tapped } from './traffic.ts'

const ROUNDS = 4
const BETWEEN_MOVES_MS = 220
const PACE = {
  pollEveryMs: 5_000,
  pollWhileStreamingMs: 10_000,
  historyEveryMs: 15_000,
  historyOverlapMs: 600_000,
  confirmations: 2,
  graceMs: 5_000,
  giveUpAfterMs: 600_000,
  settleMs: 2_000,
}

/** What makes clients ask more, and servers refuse. None of these spoils a message. */
const MISFORTUNES: readonly { atMs: number; fault: Fault }[] = [
  { atMs: 0, fault: { venue: 'qfex', kind: 'auth_variant', as: 'result_success' } },
  { atMs: 20_000, fault: { venue: 'qfex', kind: 'close_socket', on: 'frames' } },
  { atMs: 20_000, fault: { venue: 'qfex', kind: 'auth_variant', as: 'authenticated_true' } },
  { atMs: 40_000, fault: { venue: 'qfex', kind: 'close_socket', on: 'frames' } },
  { atMs: 40_000, fault: { venue: 'qfex', kind: 'auth_variant', as: 'type_authenticated' } },
  { atMs: 50_000, fault: { venue: 'qfex', kind: 'drop_frame', chance: 0.3, forMs: 60_000 } },
  { atMs: 50_000, fault: { venue: 'qfex', kind: 'history_lag', ms: 60_000, forMs: 90_000 } },
  { atMs: 50_000, fault: { venue: 'revolut-x', kind: 'torn_page', chance: 0.5, forMs: 60_000 } },
  { atMs: 50_000, fault: { venue: 'revolut-x', kind: 'history_lag', ms: 60_000, forMs: 60_000 } },
  ...([429, 500] as const).map((status, index) => ({
    atMs: 120_000 + index * 10_000,
    fault: { venue: 'revolut-x', kind: 'http_status', status, retryAfterMs: 1_000, times: 4 } as const,
  })),
  { atMs: 50_000, fault: { venue: 'derive', kind: 'drop_frame', chance: 0.3, forMs: 60_000 } },
  { atMs: 50_000, fault: { venue: 'derive', kind: 'history_lag', ms: 60_000, forMs: 60_000 } },
  { atMs: 50_000, fault: { venue: 'derive', kind: 'torn_page', chance: 0.5, forMs: 60_000 } },
  { atMs: 120_000, fault: { venue: 'derive', kind: 'http_status', status: 429, times: 4 } },
  { atMs: 140_000, fault: { venue: 'derive', kind: 'close_socket', on: 'frames' } },
  { atMs: 140_000, fault: { venue: 'derive', kind: 'refuse_auth' } },
  { atMs: 140_000, fault: { venue: 'qfex', kind: 'http_status', status: 500, on: 'history' } },
  { atMs: 160_000, fault: { venue: 'qfex', kind: 'close_socket', on: 'frames' } },
  { atMs: 160_000, fault: { venue: 'qfex', kind: 'refuse_auth', as: 'err' } },
]

/** Everything that passed in one run; the same every time. */
export async function runScenario(seed = 'conformance'): Promise<Traffic> {
  const clock = createFakeClock({ wall: Date.UTC(2026, 10, 2) })
  const sandbox = createSandbox({ clock, seed, accounts: defaultAccounts(seed) })
  const traffic = newTraffic()
  const store = openStore({
    path: ':memory:',
    clock,
    owner: { pid: 1, host: 'conformance' },
    newLogId: () => 'log-0',
  })
  const process = startProcess({
    sandbox: tapped(sandbox, traffic, 'client'),
    store,
    clock,
    pace: PACE,
    seed,
  })
  for (const { atMs, fault } of MISFORTUNES) clock.after(atMs, () => sandbox.faults.add(fault))
  await parade(sandbox, clock, { rounds: ROUNDS, closeSockets: sandbox.closeAccountSockets })
  for (const { id } of sandbox.accounts) for (const order of sandbox.market.open(id)) sandbox.market.cancel(order)
  sandbox.faults.clear()
  process.retryNow()
  await clock.advance(30_000)
  process.kill()
  const hand = { clock, sandbox: tapped(sandbox, traffic, 'hand') }
  await askByHand(hand, () => parade(sandbox, clock, { rounds: 1, closeSockets: () => {} }))
  store[Symbol.dispose]()
  return traffic
}

const MOVES = Object.keys(MOVE_WEIGHTS).filter((move): move is Move => move in MOVE_WEIGHTS)

/** Every kind of move for every account in turn, so that no word of a venue is left to luck. */
async function parade(
  { market, dice }: Sandbox,
  clock: FakeClock,
  { rounds, closeSockets }: { rounds: number; closeSockets: (account: string) => void },
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const move of MOVES) {
      for (const account of market.accounts) {
        makeMove(move, account, { market, dice, closeSockets: ({ id }) => closeSockets(id) })
        await clock.advance(BETWEEN_MOVES_MS)
      }
    }
  }
}
