/** Owns a daemon in the simulation: it can be killed between any two instructions that wait, and leaves nothing running. */
import { pino } from 'pino'
import type { Clock } from '../../src/core/clock.ts'
import { createDice, seededChance } from '../../src/sandbox/chance.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Store } from '../../src/store/commit.ts'
import type { Socket, SocketTransport } from '../../src/stream/socket.ts'
import type { SyncSettings } from '../../src/sync/settings.ts'
import type { HttpTransport } from '../../src/venues/http.ts'
import { createWorker, type Worker, type WorkerAccount } from '../../src/worker.ts'
import { venueSettingsOf } from '../support/sandbox-accounts.ts'

export interface SimulatedProcess {
  readonly alive: boolean
  /** SIGKILL: no timer fires, no socket speaks, no reply arrives and no write happens from now on. */
  kill(): void
  /** What an operator does after mending a key: end every wait. */
  retryNow(): void
}

export interface ProcessOptions {
  sandbox: Sandbox
  store: Store
  clock: Clock
  pace: Omit<SyncSettings, 'account' | 'venue'>
  /** Different for every process of a run. */
  seed: string
}

export function startProcess({ sandbox, store, clock, pace, seed }: ProcessOptions): SimulatedProcess {
  let alive = true
  const timers = new Set<Disposable>()
  const sockets = new Set<Socket>()
  const mortalClock: Clock = {
    wall: clock.wall,
    monotonic: clock.monotonic,
    after(ms, run) {
      const timer = clock.after(ms, () => {
        timers.delete(timer)
        if (alive) run()
      })
      timers.add(timer)
      return timer
    },
  }
  const http: HttpTransport = (request, limits, signal) =>
    new Promise((resolve, reject) => {
      const ifAlive =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          if (alive) then(value)
        }
      sandbox.http(request, limits, signal).then(ifAlive(resolve), ifAlive(reject))
    })
  const socket: SocketTransport = (url, headers, limits, handlers) => {
    const opened = sandbox.socket(url, headers, limits, {
      onOpen: () => alive && handlers.onOpen(),
      onMessage: (text) => alive && handlers.onMessage(text),
      onBeat: () => alive && handlers.onBeat(),
      onClose(why) {
        sockets.delete(opened)
        if (alive) handlers.onClose(why)
      },
    })
    sockets.add(opened)
    return opened
  }
  const mortalStore: Store = Object.create(store, {
    transact: {
      value: (work: Parameters<Store['transact']>[0]) => {
        if (!alive) throw new Error('a dead process wrote')
        return store.transact(work)
      },
    },
  })
  const worker: Worker = createWorker(accountsOf(sandbox, pace), {
    store: mortalStore,
    clock: mortalClock,
    chance: seededChance(`${seed}/worker`),
    log: pino({ level: process.env.SIM_LOG ?? 'silent' }),
    meter: { polled: () => {}, recorded: () => {} },
    http,
    socket,
  })
  worker.listen()
  const dice = createDice(seededChance(`${seed}/ticks`))
  for (const { id } of worker.accounts)
    tickForEver(mortalClock, pace.pollEveryMs, dice.integer(0, pace.pollEveryMs), () => worker.tick(id))
  return {
    get alive() {
      return alive
    },
    kill() {
      alive = false
      for (const timer of timers) timer[Symbol.dispose]()
      for (const open of sockets) open.terminate()
    },
    retryNow: () => worker.retryNow(),
  }
}

function tickForEver(clock: Clock, everyMs: number, firstMs: number, tick: () => Promise<void>): void {
  clock.after(firstMs, () => {
    void tick()
    tickForEver(clock, everyMs, everyMs, tick)
  })
}

const accountsOf = (sandbox: Sandbox, pace: ProcessOptions['pace']): WorkerAccount[] =>
  sandbox.accounts.map((account) => ({
    venue: venueSettingsOf(account),
    sync: { ...pace, account: account.id, venue: account.venue },
    environment: 'simulation',
    enabled: true,
    trackSince: null,
  }))
