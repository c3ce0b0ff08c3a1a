import { describe, expect, test } from 'vitest'
import { idOf, NOW, order, SUBACCOUNT, TRIGGER, TWAP, trade } from './examples.ts'
import {
  createFakeVenue,
  failure,
  failureOf,
  lookContext,
  orderPage,
  orders,
  question,
  result,
  type Scripts,
  tradePage,
} from './fake-venue.ts'

async function ask(scripts: Scripts, fields = {}) {
  const venue = createFakeVenue(scripts)
  const answer = await venue.account.lookup(question(1, fields), lookContext())
  return { ...venue, answer }
}

const ended = order(1, { order_status: 'cancelled', cancel_reason: 'user_request' })
const untouched = { filled_amount: '0', average_price: '0' }

describe('a question about one order', () => {
  test('is answered by get_order, and its executions bring the prices', async () => {
    const { answer, asked } = await ask({
      get_order: () => result(ended),
      get_trade_history: () => tradePage([trade(1, 1), trade(2, 2)]),
    })
    expect(answer).toMatchObject({
      is: 'found',
      sighting: { venueOrderId: idOf(1), claim: { is: 'cancelled', reason: 'user' } },
      fills: [{ tradeId: idOf(9_001), price: '3999.5' }],
    })
    expect(asked.map(({ params }) => params)).toEqual([
      { order_id: idOf(1), subaccount_id: SUBACCOUNT },
      { subaccount_id: SUBACCOUNT, order_id: idOf(1), page: 1, page_size: 1_000 },
    ])
  })

  test('about an order without fills asks for no executions', async () => {
    const { answer, methods } = await ask({ get_order: () => result(order(1, untouched)) })
    expect(answer).toMatchObject({ is: 'found', sighting: { claim: { is: 'open' } }, fills: [] })
    expect(methods()).toEqual(['get_order'])
  })

  test('is answered though the executions fail', async () => {
    const { answer } = await ask({ get_order: () => result(ended), get_trade_history: () => ({ status: 500 }) })
    expect(answer).toMatchObject({ is: 'found', fills: [] })
  })

  test('about a trigger that has not fired is answered by its list, as get_order does not know it', async () => {
    const { answer, methods } = await ask({ get_trigger_orders: () => orders([order(2, TRIGGER), order(1, TRIGGER)]) })
    expect(answer).toMatchObject({ is: 'found', sighting: { venueOrderId: idOf(1), word: 'untriggered' } })
    expect(methods()).toEqual(['get_order', 'get_trigger_orders'])
  })

  test('about an algo is answered by its list', async () => {
    const { answer } = await ask({ get_algo_orders: () => result([order(1, { ...TWAP, ...untouched })]) })
    expect(answer).toMatchObject({ is: 'found', sighting: { word: 'algo_active' } })
  })

  test('about what is on no list is answered by history since it was first seen', async () => {
    const { answer, methods, asked } = await ask({
      get_order_history: () => orderPage([order(2), { ...ended, ...untouched }]),
    })
    expect(answer).toMatchObject({ is: 'found', sighting: { venueOrderId: idOf(1), claim: { is: 'cancelled' } } })
    expect(methods()).toEqual(['get_order', 'get_trigger_orders', 'get_algo_orders', 'get_order_history'])
    expect(asked.at(-1)?.params).toMatchObject({ from_timestamp: NOW - 650_000, to_timestamp: NOW + 600_000 })
  })

  test('stops turning pages when it is found', async () => {
    const { methods } = await ask({
      get_order_history: (_, nth) => orderPage([nth === 2 ? { ...ended, ...untouched } : order(nth + 5)], 9, 9),
    })
    expect(methods().filter((method) => method === 'get_order_history')).toHaveLength(2)
  })

  test('that nobody knows is no_such_order', async () => {
    expect((await ask({})).answer).toEqual({ is: 'no_such_order' })
  })
})

describe('a question is not answered', () => {
  const torn = orderPage([order(2)], 5, 1)
  test.each([
    ['get_order fails', { get_order: () => ({ status: 503 }) }, 'later'],
    ['get_order is refused', { get_order: () => failure(14030) }, 'refused'],
    ['get_order is unreadable', { get_order: () => result({ ...ended, direction: 'up' }) }, 'broken'],
    ['another order answers', { get_order: () => result(order(2)) }, 'broken'],
    ['another subaccount answers', { get_order: () => result({ ...ended, subaccount_id: 7 }) }, 'broken'],
    ['a list fails', { get_trigger_orders: () => ({ status: 503 }) }, 'later'],
    ['it is in a list, unreadable', { get_trigger_orders: () => orders([order(1, { amount: 'NaN' })]) }, 'broken'],
    ['a list has an illegible row', { get_algo_orders: () => result([{}]) }, 'broken'],
    ['history fails', { get_order_history: () => ({ status: 503 }) }, 'later'],
    ['history is incomplete', { get_order_history: () => torn }, 'later'],
    ['history has it, unreadable', { get_order_history: () => orderPage([{ ...ended, amount: '-1' }]) }, 'broken'],
  ] satisfies [string, Scripts, string][])('because %s', async (_, scripts, kind) => {
    expect(await failureOf(ask(scripts))).toMatchObject({ failure: kind })
  })
})
