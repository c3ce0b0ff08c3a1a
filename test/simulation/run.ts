/** Owns one run of the simulation: a market, a mirror, misfortunes, and then the comparison. */
import { createAutopilot } from '../../src/sandbox/autopilot.ts'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { openStore } from '../../src/store/commit.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { AMBUSHES, planAmbush } from './ambush.ts'
import { type Misfortune, planOf } from './plan.ts'
import { startProcess } from './process.ts'
import { examine, type Findings } from './promises.ts'
import { watch } from './witness.ts'

export interface Run extends Findings {
  seed: number
  orders: number
  events: number
  /** How often each kind of fault struck. */
  struck: Readonly<Record<string, number>>
  restarts: number
}

/** Quiet time in which everything must be found out: longer than any wait of the daemon that an operator does not end. */
const QUIET_MS = 15 * 60_000
const LOOK_EVERY_MS = 15_000

class Crash extends Error {}

export async function simulate(seed: number): Promise<Run> {
  const plan = seed > AMBUSHES ? planAmbush(seed) : planOf(seed)
  const clock = createFakeClock({ wall: Date.UTC(2026, 10, 2) })
  const sandbox = createSandbox({ clock, seed: plan.seed, accounts: plan.accounts })
  const autopilot = createAutopilot(sandbox, { ratePerSecond: plan.movesPerSecond, maxOpen: 25 })
  const crash = createCrash()
  let logs = 0
  const store = openStore({
    path: ':memory:',
    clock,
    owner: { pid: 1, host: 'simulation' },
    newLogId: () => `log-${logs++}`,
    faults: (point) => crash.at(point),
  })
  const witness = watch(sandbox, store, clock)
  let starts = 0
  let process = startProcess({ sandbox, store, clock, pace: plan.pace, seed: `${plan.seed}/${starts++}` })
  const start = () => {
    if (process.alive) return
    try {
      process = startProcess({ sandbox, store, clock, pace: plan.pace, seed: `${plan.seed}/${starts++}` })
    } catch (error) {
      // Killed while it registered its accounts: whoever killed it starts the next.
      if (!(error instanceof Crash)) throw error
    }
  }
  const dieFor = (downMs: number) => {
    process.kill()
    clock.after(downMs, start)
  }
  autopilot.start()
  for (const item of plan.misfortunes) clock.after(item.atMs, () => befall(item))
  await clock.advance(plan.tradingMs)
  autopilot.pause()
  sandbox.faults.clear()
  crash.disarm()
  await clock.advance(30_000)
  start()
  process.retryNow()
  const findings = await settleDown()
  process.kill()
  witness[Symbol.dispose]()
  if (globalThis.process.env.SIM_DUMP) dump(globalThis.process.env.SIM_DUMP)
  const { orders, events } = store.read.verify()
  store[Symbol.dispose]()
  const wrong = [...witness.wrong, ...findings.wrong]
  return { seed, orders, events, struck: sandbox.faults.counts(), restarts: starts - 1, ...findings, wrong }

  function dump(id: string): void {
    console.log(store.accounts())
    for (const { id: account } of sandbox.accounts) {
      const truth = sandbox.truth(account).find((order) => order.id === id)
      if (truth !== undefined) console.dir(truth, { depth: 5 })
    }
    const found = store.read.findOrder(id)
    if ('order' in found) console.dir(store.read.explain({ ...found.order, venueOrderId: id }), { depth: 6 })
  }

  async function settleDown(): Promise<Findings> {
    for (let waited = 0; ; waited += LOOK_EVERY_MS) {
      const found = examine(sandbox, store)
      // What is wrong is wrong at any time; what is late means nothing before everything was read.
      if (found.wrong.length > 0) return { ...found, late: [] }
      if (found.late.length === 0 || waited >= QUIET_MS) return found
      await clock.advance(LOOK_EVERY_MS)
    }
  }

  function befall(item: Misfortune): void {
    switch (item.is) {
      case 'fault':
        sandbox.faults.add(item.fault)
        break
      case 'kill':
        dieFor(item.downMs)
        break
      case 'crash':
        crash.arm(item.point, item.after, () => dieFor(item.downMs))
        break
      case 'jump':
        clock.jumpWall(item.ms)
        break
      case 'skew':
        sandbox.skew(item.venue, item.ms)
        break
    }
  }
}

/** A point in the store at which the process dies: what it was about to do there never happens. */
function createCrash() {
  let armed: { point: string; left: number; die: () => void } | null = null
  return {
    arm(point: string, after: number, die: () => void) {
      armed = { point, left: after, die }
    },
    disarm() {
      armed = null
    },
    at(point: string) {
      if (armed === null || armed.point !== point || --armed.left > 0) return
      const { die } = armed
      armed = null
      die()
      throw new Crash(`killed ${point}`)
    },
  }
}
