/** Owns an account of any venue in front of the sandbox, opened as the daemon opens it, on a clock that a test moves. */
import { onTestFinished } from 'vitest'
import { createAutopilot } from '../../src/sandbox/autopilot.ts'
import { createSandbox, defaultAccounts, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { createSession, type Session } from '../../src/stream/session.ts'
import { VenueError } from '../../src/venues/errors.ts'
import { createRegistry } from '../../src/venues/registry.ts'
import type { LookContext, VenueAccount } from '../../src/venues/venue.ts'
import { openForAMoment } from '../../src/worker.ts'
import { createFakeClock, type FakeClock, settle } from '../support/fake-clock.ts'
import { venueSettingsOf } from '../support/sandbox-accounts.ts'

const STEP_MS = 50
/** No read takes longer, with every retry and time-out on its way. */
const LONGEST_MS = 10 * 60_000

export interface Bench {
  clock: FakeClock
  sandbox: Sandbox
  account: VenueAccount
  context(over?: Partial<LookContext>): LookContext
  /** Runs `work` to its end while the clock goes on: in the sandbox even an answer takes its time. */
  within<T>(work: Promise<T>): Promise<T>
  /** Lets the market trade for so long. */
  trade(ms: number): Promise<void>
  /** Waits until the socket is up again, where there is one. */
  connected(): Promise<void>
}

export async function openBench(id: string, seed: string): Promise<Bench> {
  const clock = createFakeClock({ wall: Date.UTC(2026, 7, 20) })
  const sandbox = createSandbox({ clock, seed, accounts: defaultAccounts(seed) })
  const credentials = sandbox.accounts.find((account) => account.id === id)
  if (credentials === undefined) throw new Error(`the sandbox has no account ${id}`)
  let epoch = 0
  const chance = () => 0.5
  const log = { info: () => {}, warn: () => {} }
  const open = (options: Pick<Parameters<typeof createSession>[0], 'protocol' | 'budget' | 'on'>): Session =>
    createSession({ socket: sandbox.socket, clock, chance, log, nextEpoch: () => ++epoch, ...options })
  const registry = createRegistry({
    clock,
    chance,
    http: sandbox.http,
    openSession: (budget) => openForAMoment(budget, open),
  })
  const { account, session } = registry(venueSettingsOf(credentials))
  const live = session === null ? null : open({ ...session, on: { up() {}, down() {}, inbound() {} } })
  const autopilot = createAutopilot(sandbox, { accounts: [id], ratePerSecond: 1 })
  const within = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false
    const over = () => {
      isOver = true
    }
    work.then(over, over)
    await settle()
    for (let waited = 0; !isOver; waited += STEP_MS) {
      if (waited > LONGEST_MS) throw new Error(`a read of ${id} never ended`)
      await clock.advance(STEP_MS)
    }
    return work
  }
  onTestFinished(async () => {
    autopilot.pause()
    if (live !== null) await within(Promise.resolve(live[Symbol.asyncDispose]()))
  })
  const bench: Bench = {
    clock,
    sandbox,
    account,
    within,
    context: (over = {}) => ({
      session: live?.link() ?? null,
      symbols: [...new Set(sandbox.truth(id).map(({ symbol }) => symbol))],
      open: [],
      signal: new AbortController().signal,
      ...over,
    }),
    async trade(ms) {
      autopilot.start()
      await clock.advance(ms)
      autopilot.pause()
      // What happened last is known everywhere.
      await clock.advance(5_000)
    },
    async connected() {
      for (let waited = 0; live !== null && live.link() === null; waited += STEP_MS) {
        if (waited > LONGEST_MS) throw new Error(`no session of ${id} comes up`)
        await clock.advance(STEP_MS)
      }
    },
  }
  await bench.connected()
  return bench
}

/** The value, or the VenueError it failed with; anything else is thrown on. */
export async function outcomeOf<T>(work: Promise<T>): Promise<T | VenueError> {
  try {
    return await work
  } catch (error) {
    if (error instanceof VenueError) return error
    throw error
  }
}
