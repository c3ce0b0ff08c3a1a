/** 500 orders that end at once: every ending is proved, and no venue has to say that it was asked too much. */
import { expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import type { SandboxAccount } from '../../src/sandbox/credentials.ts'
import { instrumentsOf, lots, priceAt } from '../../src/sandbox/instruments.ts'
import { createSandbox, defaultAccounts, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { openStore, type Store } from '../../src/store/commit.ts'
import type { HttpTransport } from '../../src/venues/http.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { startProcess } from './process.ts'

const ORDERS = 500
/** The older list of Revolut X has no cursor: what is beyond its 300 rows nobody is shown. */
const ORDERS_WITHOUT_CURSOR = 250
const MINUTE = 60_000

const pace = {
  pollEveryMs: 10_000,
  pollWhileStreamingMs: 60_000,
  historyEveryMs: 5 * MINUTE,
  historyOverlapMs: 10 * MINUTE,
  confirmations: 2,
  graceMs: 30_000,
  giveUpAfterMs: 7 * 24 * 60 * MINUTE,
  settleMs: 2_000,
}

const SEED = 'burst'
/** DexPal states no ending: there a burst is blindness, which asks for nothing. */
const ENDING_VENUES = defaultAccounts(SEED).filter(({ venue }) => venue !== 'dexpal')

test.for(ENDING_VENUES.map((account) => [account.id, account] as const))(
  '%s: all cancelled while nobody looked',
  { timeout: 120_000 },
  async ([, account]) => {
    const { sandbox, store, clock, refusals } = begin(account)
    const place = () => {
      const instrument = instrumentsOf(account.venue)[0]
      if (instrument === undefined) throw new Error('nothing to trade')
      const price = priceAt(instrument, instrument.price)
      const spec = {
        symbol: instrument.symbol,
        side: 'sell',
        type: 'limit',
        quantity: lots(instrument, 10),
        price,
      } as const
      return sandbox.market.place(account.id, spec)
    }
    const count = account.venue === 'revolut-x' && account.protocol === 'orders' ? ORDERS_WITHOUT_CURSOR : ORDERS
    const placed = Array.from({ length: count }, place)
    const running = startProcess({ sandbox, store, clock, pace, seed: SEED })
    await until(clock, () => openIn(store) === count)
    // The frames are lost with the sockets, so that every ending has to be asked for.
    sandbox.faults.add({ venue: account.venue, kind: 'dead', forMs: 5_000 })
    for (const order of placed) sandbox.market.cancel(order)
    await until(clock, () => openIn(store) === 0)
    running.kill()
    expect(refusals()).toEqual([])
    expect(endings(store)).toEqual({ cancelled: count })
    expect(store.read.verify().problems).toEqual([])
    store[Symbol.dispose]()
  },
)

function begin(account: SandboxAccount): {
  sandbox: Sandbox
  store: Store
  clock: FakeClock
  refusals: () => string[]
} {
  const clock = createFakeClock()
  const real = createSandbox({ clock, seed: SEED, accounts: [account] })
  const refused: string[] = []
  const http: HttpTransport = async (request, limits, signal) => {
    const response = await real.http(request, limits, signal)
    const isRefused = response.status === 429 || /-32000|rate ?limit/i.test(response.body)
    if (isRefused) refused.push(`${request.method} ${new URL(request.url).pathname}`)
    return response
  }
  const socket: Sandbox['socket'] = (url, headers, limits, handlers) =>
    real.socket(url, headers, limits, {
      ...handlers,
      onMessage(text) {
        if (/RateLimited|-32000/.test(text)) refused.push(`socket ${text.slice(0, 200)}`)
        handlers.onMessage(text)
      },
    })
  const sandbox: Sandbox = Object.create(real, { http: { value: http }, socket: { value: socket } })
  const store = openStore({ path: ':memory:', clock, owner: { pid: 1, host: 'burst' }, newLogId: () => 'burst' })
  return { sandbox, store, clock, refusals: () => refused }
}

const openIn = (store: Store): number => store.accounts().reduce((sum, { openOrders }) => sum + openOrders, 0)

async function until(clock: FakeClock, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 120 * MINUTE; waited += 5_000) {
    await clock.advance(5_000)
    if (holds()) return
  }
  throw new Error('two hours were not enough')
}

/** How the log says that they ended, by type. */
function endings(store: Store): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let after = 0; ; ) {
    const { events } = store.read.events({ after, limit: 1_000 })
    for (const { type, filled_quantity } of events) {
      if (type === 'opened') continue
      expect(decimal(filled_quantity)).toBe('0')
      counts[type] = (counts[type] ?? 0) + 1
    }
    const last = events.at(-1)
    if (last === undefined) return counts
    after = last.seq
  }
}
