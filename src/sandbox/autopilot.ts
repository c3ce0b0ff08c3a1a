/** Owns the pace at which the sandbox trades by itself. */
import type { Clock } from '../core/clock.ts'
import { createDice, seededChance } from './chance.ts'
import { type Move, weightsAt } from './move-weights.ts'
import { makeMove } from './moves.ts'
import type { MarketAccount } from './placing.ts'
import type { Sandbox } from './sandbox.ts'

export interface AutopilotOptions {
  /** Moves a second over all accounts, on average; 2 if not given. */
  ratePerSecond?: number
  /** All if not given. */
  accounts?: readonly string[]
  /** Above so many open orders an account only ends some; 30 if not given. */
  maxOpen?: number
  /** Instead of those of each venue, move by move; 0 leaves a move out. */
  weights?: Partial<Record<Move, number>>
}

/** The same seed makes the same moves, whatever the clients of the sandbox do. */
export interface Autopilot extends Disposable {
  start(): void
  pause(): void
  /** One move now; the move that was made. */
  step(): Move
  setRate(perSecond: number): void
  readonly running: boolean
}

const MAX_TRIES = 20
const ENDINGS: readonly Move[] = ['fill_rest', 'cancel', 'slice', 'trigger']

export function createAutopilot(sandbox: Sandbox, options: AutopilotOptions = {}): Autopilot {
  const { market } = sandbox
  const accounts = market.accounts.filter(({ id }) => options.accounts?.includes(id) ?? true)
  const maxOpen = options.maxOpen ?? 30
  const weightsOf = ({ venue }: MarketAccount) => ({ ...weightsAt(venue), ...options.weights })
  // Not the sandbox's own dice, which answer to clients too. A continued run draws a new sequence.
  const dice = createDice(seededChance(`${sandbox.seed}/autopilot/${market.idsUsed()}`))
  const closeSockets = ({ id }: MarketAccount) => sandbox.closeAccountSockets(id)
  let rate = options.ratePerSecond ?? 2
  let timer: Disposable | null = null

  const step = (): Move => {
    const account = dice.pick(accounts)
    const isFull = market.open(account.id).length >= maxOpen
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const move = isFull ? dice.pick(ENDINGS) : dice.weighted(weightsOf(account))
      if (makeMove(move, account, { market, dice, closeSockets })) return move
    }
    const fallback = isFull ? 'cancel' : 'limit'
    makeMove(fallback, account, { market, dice, closeSockets })
    return fallback
  }
  const pause = () => {
    timer?.[Symbol.dispose]()
    timer = null
  }
  const schedule = () => {
    timer = afterPause(sandbox.clock, rate, dice.next(), () => {
      step()
      schedule()
    })
  }
  return {
    step,
    pause,
    start() {
      pause()
      schedule()
    },
    setRate(perSecond) {
      if (!(perSecond > 0)) throw new RangeError('the rate is not above 0')
      rate = perSecond
    },
    get running() {
      return timer !== null
    },
    [Symbol.dispose]: pause,
  }
}

/** Moves come at random, not in step: a fixed beat would hide every race. */
const afterPause = (clock: Clock, rate: number, drawn: number, run: () => void): Disposable =>
  clock.after((-Math.log(1 - drawn) * 1_000) / rate, run)
