import { expect, test } from 'vitest'
import { compare, sum } from '../../src/core/decimal.ts'
import { createAutopilot } from '../../src/sandbox/autopilot.ts'
import { createSandbox, defaultAccounts } from '../../src/sandbox/sandbox.ts'
import { stateOf, type TrueOrder } from '../../src/sandbox/truth.ts'
import { createFakeClock } from '../support/fake-clock.ts'

const LIMIT = { symbol: 'AAPL-USD', side: 'buy', type: 'limit', quantity: '10', price: '231.5' } as const

function sandboxWithAutopilot(seed: string, steps: number) {
  const clock = createFakeClock()
  const sandbox = createSandbox({ clock, seed })
  const autopilot = createAutopilot(sandbox)
  for (let step = 0; step < steps; step++) autopilot.step()
  return sandbox
}

test('the same seed makes the same truth, another seed another', () => {
  const [first, second, third] = ['a', 'a', 'b'].map((seed) => sandboxWithAutopilot(seed, 400))
  expect(first?.market.orders()).toEqual(second?.market.orders())
  expect(first?.market.orders()).not.toEqual(third?.market.orders())
})

test('the autopilot makes every kind of life, and every order adds up', () => {
  const orders = sandboxWithAutopilot('lives', 3_000).market.orders()
  for (const order of orders) expectSound(order)
  const kinds = new Set(orders.map((order) => `${order.venue} ${order.type} ${stateOf(order).status}`))
  for (const kind of ['qfex market filled', 'qfex twap filled', 'qfex stop_market filled', 'revolut-x oco cancelled']) {
    expect(kinds).toContain(kind)
  }
  const reasons = new Set(orders.map((order) => stateOf(order).reason))
  expect(reasons).toEqual(new Set([null, 'user', 'replaced', 'ioc_remainder', 'self_trade', 'rejected', 'venue']))
  expect(orders.some((order) => order.states.some(({ change }) => change === 'late_fill'))).toBe(true)
  expect(orders.some((order) => order.states.some(({ change }) => change === 'amended'))).toBe(true)
})

test('where an order goes on after its trigger and its slices, it keeps its id', () => {
  const clock = createFakeClock()
  const accounts = defaultAccounts('all').filter(({ venue }) => venue === 'derive' || venue === 'dexpal')
  const sandbox = createSandbox({ clock, seed: 'all', accounts })
  const autopilot = createAutopilot(sandbox)
  for (let step = 0; step < 3_000; step++) autopilot.step()
  const orders = sandbox.market.orders()
  for (const order of orders) expectSound(order)
  expect(orders.some(({ kind, parentId, triggeredById }) => kind !== 'order' || parentId || triggeredById)).toBe(false)
  const of = (venue: string) => orders.filter((order) => order.venue === venue)
  const changes = new Set(of('derive').flatMap(({ states }) => states.map(({ change }) => change)))
  for (const change of ['triggered', 'progressed', 'reversed', 'rejected'] as const) expect(changes).toContain(change)
  const reasons = new Set(of('derive').map((order) => stateOf(order).reason))
  const all = ['user', 'replaced', 'ioc_remainder', 'rejected', 'margin', 'mmp', 'disconnect', 'venue']
  for (const reason of [...all, 'trigger_failed', 'completed_short'] as const) expect(reasons).toContain(reason)
  expect(new Set(of('dexpal').map(({ address }) => address)).size).toBe(3)
  expect(of('dexpal').some(({ replaces }) => replaces !== null)).toBe(false)
  expect(new Set(orders.map(({ id }) => id)).size).toBe(orders.length)
})

test('an order ends when its time is over, and one that ended before does not end again', async () => {
  const clock = createFakeClock()
  const { market } = createSandbox({ clock, seed: 'timed', accounts: defaultAccounts('timed') })
  const spec = { ...LIMIT, symbol: 'ETH-PERP', price: '4000', expiresInMs: 5_000 } as const
  const [kept, filled] = [market.place('derive-main', spec), market.place('derive-main', spec)]
  market.fillRest(filled)
  await clock.advance(4_990)
  expect(stateOf(kept).status).toBe('open')
  await clock.advance(20)
  expect(stateOf(kept)).toMatchObject({ status: 'cancelled', reason: 'expired' })
  expect(stateOf(filled).status).toBe('filled')
})

function expectSound(order: TrueOrder): void {
  const { quantity, filled, status } = stateOf(order)
  const standing = order.trades.filter((trade) => !trade.reversed)
  if (order.kind === 'order') expect(sum(standing.map((trade) => trade.quantity))).toBe(filled)
  expect(compare(filled, quantity)).toBeLessThanOrEqual(0)
  expect(status === 'filled').toBe(filled === quantity)
  expect(order.endedUs === null).toBe(status === 'open')
}

test('no two changes at a venue share an instant, though the clock stands still', () => {
  const { market } = sandboxWithAutopilot('times', 500)
  for (const venue of ['qfex', 'revolut-x']) {
    const orders = market.orders().filter((order) => order.venue === venue)
    const instants = orders.flatMap((order) => order.states.map(({ atUs }) => atUs))
    expect(new Set(instants).size).toBe(instants.length)
  }
})

test('ids of orders and trades are all different', () => {
  const orders = sandboxWithAutopilot('ids', 2_000).market.orders()
  const ids = orders.flatMap((order) => [order.id, ...order.trades.map(({ id }) => id)])
  expect(new Set(ids).size).toBe(ids.length)
})

test('what has ended cannot be filled, changed or cancelled', () => {
  const { market } = createSandbox({ clock: createFakeClock(), seed: 'ended' })
  const order = market.place('qfex-main', LIMIT)
  market.cancel(order)
  expect(() => market.fill(order, '1')).toThrow('has ended')
  expect(() => market.cancel(order)).toThrow('has ended')
  expect(() => market.amend(order, { price: '1' })).toThrow('has ended')
  expect(() => market.replace(order, {})).toThrow('has ended')
})

test('a fill beyond the quantity is refused and leaves no trace', () => {
  const { market } = createSandbox({ clock: createFakeClock(), seed: 'over' })
  const order = market.place('qfex-main', LIMIT)
  market.fill(order, '7')
  expect(() => market.fill(order, '4')).toThrow('has not that much left')
  expect(order.trades).toHaveLength(1)
  expect(stateOf(order)).toMatchObject({ filled: '7', status: 'open' })
})

test('what a venue subtracts in binary is not what is left', () => {
  const { market } = createSandbox({ clock: createFakeClock(), seed: 'float' })
  const order = market.place('qfex-main', { ...LIMIT, quantity: '0.3' })
  market.fill(order, '0.2')
  expect(stateOf(order).floatRemaining).toBe(0.09999999999999998)
  expect(stateOf(order).filled).toBe('0.2')
})

test('a replacement carries what is left and links both ways', () => {
  const { market } = createSandbox({ clock: createFakeClock(), seed: 'replace' })
  const order = market.place('revx', { symbol: 'BTC/USD', side: 'sell', type: 'limit', quantity: '1', price: '120000' })
  market.fill(order, '0.4')
  const next = market.replace(order, { price: '121000' })
  expect(stateOf(order)).toMatchObject({ status: 'cancelled', reason: 'replaced', filled: '0.4' })
  expect(order.replacedBy).toBe(next.id)
  expect(next.replaces).toBe(order.id)
  expect(stateOf(next)).toMatchObject({ status: 'open', quantity: '0.6', price: '121000' })
})

test('a TWAP ends filled when its last slice has taken the rest', () => {
  const { market } = createSandbox({ clock: createFakeClock(), seed: 'twap' })
  const twap = market.place('qfex-main', { ...LIMIT, type: 'twap', price: null, quantity: '10', slices: 3 })
  for (let slice = 0; slice < 3; slice++) market.slice(twap)
  const children = market.orders('qfex-main').filter(({ parentId }) => parentId === twap.id)
  expect(children.map((child) => stateOf(child).filled)).toEqual(['3.333', '3.333', '3.334'])
  expect(stateOf(twap)).toMatchObject({ status: 'filled', filled: '10' })
})

test('a late fill adds to a cancelled order, which stays cancelled', () => {
  const { market } = createSandbox({ clock: createFakeClock(), seed: 'late' })
  const order = market.place('qfex-main', LIMIT)
  market.fill(order, '3')
  market.cancel(order)
  market.fillLate(order, '2')
  expect(stateOf(order)).toMatchObject({ status: 'cancelled', filled: '5' })
})
