import { describe, expect, test } from 'vitest'
import { MAX_SEARCH_PAGES } from '../../../src/venues/derive/legacy.ts'
import { idOf, NOW, olderOrder, SUBACCOUNT, TRIGGER } from './examples.ts'
import {
  type Asked,
  createFakeVenue,
  failure,
  failureOf,
  look,
  lookContext,
  orderPage,
  question,
  type Script,
} from './fake-venue.ts'

type Lists = Readonly<Record<string, (page: number) => ReturnType<Script>>>

const createV2 = (lists: Lists) => {
  const answer = ({ params }: Asked) => lists[String(params.status)]?.(Number(params.page)) ?? orderPage([])
  return createFakeVenue({ get_orders: answer }, { protocol: 'v2', restUrl: 'https://api.lyra.example' })
}
const turned = ({ asked }: { asked: Asked[] }) => asked.map(({ params }) => `${params.status} ${params.page}`)
const ended = (n: number, order_status = 'filled', more = {}) =>
  olderOrder(n, { order_status, filled_amount: '1.5', ...more })

describe('the open orders of the older page', () => {
  test('are those untriggered and those open, read in the order in which orders move', async () => {
    const venue = createV2({
      untriggered: () => orderPage([olderOrder(1, TRIGGER)]),
      open: () => orderPage([olderOrder(2)]),
    })
    const read = await look(venue)
    expect(venue.asked.map(({ method, params }) => [method, params])).toEqual(
      ['untriggered', 'open'].map((status) => [
        'private/get_orders',
        { subaccount_id: SUBACCOUNT, status, page: 1, page_size: 1_000 },
      ]),
    )
    expect(read.sightings.map(({ venueOrderId }) => venueOrderId)).toEqual([idOf(1), idOf(2)])
    expect(read).toMatchObject({ coverage: { proves: 'absence' }, sameSession: false, venueTime: NOW })
  })

  test('on several pages prove absence when repeated, as nobody documents their order', async () => {
    const venue = createV2({ open: (page) => orderPage([olderOrder(page)], 2, 2) })
    const read = await look(venue)
    expect(turned(venue)).toEqual(['untriggered 1', 'open 1', 'open 2'])
    expect(read.coverage).toEqual({
      proves: 'absence_if_repeated',
      because: '2 pages in an order nobody documents',
    })
  })

  test.each([
    ['moves for ever', () => orderPage([olderOrder(1)], 2, 2), 'open: a row came twice'],
    ['is cut', () => orderPage([olderOrder(1)], 2, 1), 'open: 1 rows where 2 were announced'],
  ])('in a list that %s prove presence only', async (_, open, because) => {
    expect((await look(createV2({ open }))).coverage).toEqual({ proves: 'presence', because })
  })

  test('are not had where one of the lists is not', async () => {
    expect(await failureOf(look(createV2({ open: () => ({ status: 503 }) })))).toMatchObject({ failure: 'later' })
    expect(await failureOf(look(createV2({ untriggered: () => failure(14030) })))).toMatchObject({ failure: 'refused' })
  })
})

describe('how an order of the older page ended', () => {
  const ask = (venue: ReturnType<typeof createV2>, n = 1) => venue.account.lookup(question(n), lookContext())

  test.each([
    ['filled', { is: 'filled' }],
    ['cancelled', { is: 'cancelled', reason: 'user' }],
    ['expired', { is: 'cancelled', reason: 'expired' }],
  ])('is found among the %s', async (status, claim) => {
    const row = ended(1, status, { cancel_reason: 'user_request' })
    const venue = createV2({ [status]: () => orderPage([row]) })
    expect(await ask(venue)).toMatchObject({ is: 'found', sighting: { claim }, fills: [] })
  })

  test('is not said where it is on no page', async () => {
    const venue = createV2({ filled: () => orderPage([ended(2)]) })
    expect(await ask(venue)).toEqual({ is: 'silent' })
    expect(turned(venue)).toEqual(['filled 1', 'cancelled 1', 'expired 1'])
  })

  const onPage = (page: number, pages: number, first: number[]) =>
    orderPage(
      page === 1
        ? first.map((n, at) => ended(100 + n, 'filled', { creation_timestamp: NOW + n, order_id: idOf(100 + at) }))
        : [ended(page)],
      pages * 2,
      pages,
    )

  test.each([
    ['newest first', [9, 8], ['filled 2', 'filled 3']],
    ['oldest first', [1, 2], ['filled 4', 'filled 3']],
  ])('is looked for from the newest page on in a list that is %s', async (_, first, turnedAfter) => {
    const venue = createV2({ filled: (page) => onPage(page, 4, first) })
    expect(await ask(venue, 3)).toMatchObject({ is: 'found' })
    expect(turned(venue)).toEqual(['filled 1', 'cancelled 1', 'expired 1', ...turnedAfter])
  })

  test.each([
    ['newest first', [9, 8]],
    ['oldest first', [1, 2]],
  ])('is looked for once on every page of a list that is %s, and on none above', async (_, first) => {
    const venue = createV2({ filled: (page) => onPage(page, 4, first) })
    expect(await ask(venue, 77)).toEqual({ is: 'silent' })
    const pages = turned(venue).filter((page) => page.startsWith('filled'))
    expect(pages.sort()).toEqual(['filled 1', 'filled 2', 'filled 3', 'filled 4'])
  })

  test(`is looked for on at most ${MAX_SEARCH_PAGES} pages`, async () => {
    const venue = createV2({
      filled: (page) => orderPage([ended(page + 1)], 900, 900),
      cancelled: (page) => orderPage([ended(page + 2_000, 'cancelled')], 900, 900),
    })
    const asking = ask(venue)
    await venue.clock.advance(60_000)
    expect(await asking).toEqual({ is: 'silent' })
    expect(venue.asked).toHaveLength(MAX_SEARCH_PAGES)
  })

  test('is known of every order that an earlier question met', async () => {
    const venue = createV2({ filled: () => orderPage([ended(1), ended(2)]) })
    await ask(venue, 1)
    const before = venue.asked.length
    expect(await ask(venue, 2)).toMatchObject({ is: 'found', sighting: { venueOrderId: idOf(2) } })
    expect(venue.asked).toHaveLength(before)
  })

  test('is not said where a page fails', async () => {
    expect(await failureOf(ask(createV2({ filled: () => ({ status: 503 }) })))).toMatchObject({ failure: 'later' })
    const stranger = () => orderPage([ended(1, 'filled', { subaccount_id: 7 })])
    expect(await failureOf(ask(createV2({ filled: stranger })))).toMatchObject({ failure: 'broken' })
  })
})

test('the older page has neither socket nor history', async () => {
  const { account, session } = createV2({})
  expect(session).toBeNull()
  expect(account).toMatchObject({ streams: false, history: false, lookups: 'any', looksThroughSession: false })
  expect(await failureOf(account.lookBack({ from: 0, to: 1 }, lookContext()))).toMatchObject({ failure: 'misused' })
})
