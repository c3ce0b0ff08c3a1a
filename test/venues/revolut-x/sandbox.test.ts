import { expect, test } from 'vitest'
import { sum } from '../../../src/core/decimal.ts'
import { type Fill, type OrderKey, orderKey } from '../../../src/core/order.ts'
import type { Sighting } from '../../../src/core/report.ts'
import { createAutopilot } from '../../../src/sandbox/autopilot.ts'
import { createSandbox, HOSTS, type Sandbox } from '../../../src/sandbox/sandbox.ts'
import { stateOf, type TrueOrder } from '../../../src/sandbox/truth.ts'
import { createAccount, createRevolutXBudget } from '../../../src/venues/revolut-x/client.ts'
import type { LookContext, VenueAccount } from '../../../src/venues/venue.ts'
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts'

const SYNC_EVERY_MS = 60_000
const ROUNDS = 12

function accountAt(sandbox: Sandbox, clock: FakeClock, id: string): VenueAccount {
  const credentials = sandbox.accounts.find((account) => account.id === id)
  if (credentials?.venue !== 'revolut-x') throw new Error(`no account ${id}`)
  const { protocol, apiKey, privateKey } = credentials
  const settings = { id, protocol, restUrl: HOSTS['revolut-x'].rest, apiKey, privateKey, rateShare: 1 }
  const budget = createRevolutXBudget(settings, clock)
  return createAccount(settings, { clock, chance: () => 0.5, http: sandbox.http, budget }).account
}

/** Runs `work` while the clock goes on: in the sandbox even an answer takes its time. */
async function within<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  work.then(over, over)
  while (!isOver) await clock.advance(50)
  return work
}

test.each(['revx', 'revx-seed'])('%s tells what became of every order of a trading account', async (id) => {
  const clock = createFakeClock({ wall: Date.UTC(2026, 7, 20) })
  const sandbox = createSandbox({ clock, seed: `mirror/${id}` })
  const account = accountAt(sandbox, clock, id)
  const autopilot = createAutopilot(sandbox, { accounts: [id], ratePerSecond: 1 })
  const began = sandbox.venueNow('revolut-x')
  const latest = new Map<OrderKey, Sighting>()
  const fills = new Map<string, Fill>()
  const context = (): LookContext => ({
    session: null,
    symbols: [],
    open: [...latest].filter(([, { claim }]) => claim.is === 'open').map(([key]) => key),
    signal: new AbortController().signal,
  })

  autopilot.start()
  for (let round = 0; round < ROUNDS; round++) {
    await clock.advance(SYNC_EVERY_MS)
    if (round === ROUNDS - 1) autopilot.pause()
    const [listed] = await within(clock, account.snapshot(context()))
    expect(listed).toMatchObject({ coverage: { proves: 'absence' }, quarantined: [] })
    for (const sighting of listed?.sightings ?? []) latest.set(orderKey(sighting), sighting)
    const window = { from: began, to: sandbox.venueNow('revolut-x') }
    const read = await within(clock, account.lookBack(window, context()))
    expect(read).toMatchObject({ complete: true, quarantined: [] })
    for (const sighting of read.sightings) latest.set(orderKey(sighting), sighting)
    for (const fill of read.fills) fills.set(`${fill.venueOrderId}/${fill.tradeId}`, fill)
  }
  const truth = sandbox.truth(id).filter((order) => stateOf(order).status !== 'rejected')
  expect(truth.length).toBeGreaterThan(100)
  for (const order of truth) {
    const sighting = latest.get(orderKey({ kind: order.kind, venueOrderId: order.id }))
    expect(sighting === undefined ? `${order.kind} ${order.id} ${order.type} was never seen` : told(sighting)).toEqual(
      trueOf(order),
    )
    const executed = [...fills.values()].filter(({ venueOrderId }) => venueOrderId === order.id)
    const isTold = order.kind === 'order' && stateOf(order).status !== 'open'
    expect(sum(executed.map(({ quantity }) => quantity))).toBe(isTold ? stateOf(order).filled : '0')
  }
  expect(sandbox.violations()).toEqual([])
})

const told = ({ claim, stated, filled }: Sighting) => ({
  symbol: stated.symbol,
  side: stated.side,
  claim: claim.is,
  reason: claim.is === 'cancelled' ? claim.reason : null,
  filled,
  replaces: claim.is === 'open' ? null : (stated.replaces ?? null),
})

function trueOf(order: TrueOrder): ReturnType<typeof told> {
  const { status, reason, filled } = stateOf(order)
  // One word of the venue's stands for both, and the older list does not know replacements.
  const said = reason === 'venue' ? 'user' : reason
  const replaces = status === 'open' ? null : order.replaces
  return { symbol: order.symbol, side: order.side, claim: status, reason: said, filled, replaces }
}
