import { describe, expect, it } from 'vitest'
import { ForbiddenRequestError } from '../../../src/venues/errors.ts'
import { createHttpClient } from '../../../src/venues/http.ts'
import { ALLOWED_REQUESTS } from '../../../src/venues/qfex/rest.ts'
import { signatureOf } from '../../../src/venues/qfex/sign.ts'
import type { Question } from '../../../src/venues/venue.ts'
import { createVenueClock } from '../../../src/venues/venue-clock.ts'
import { type Answers, contextOf, createBench, linkTo, SECRET, settings } from './bench.ts'
import * as example from './examples.ts'

const window = { from: Date.UTC(2025, 8, 18, 15), to: Date.UTC(2025, 8, 18, 16) }
const context = contextOf(null)
const ORDERS = '/user/historic-orders'
const TRADES = '/user/trade'
const TWAPS = '/user/historic-twaps'

const ended = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ ...example.historic, order_id: `order-${at}` }))

/** A page of `rows` as the query asks, with what `count` then says. */
const pageOf = (rows: readonly object[], query: URLSearchParams, limit = 1000) => {
  const offset = Number(query.get('offset') ?? 0)
  return {
    body: { data: rows.slice(offset, offset + Math.min(limit, Number(query.get('limit')))), count: rows.length },
  }
}
const at =
  (path: string, answer: (query: URLSearchParams) => ReturnType<Answers>): Answers =>
  (asked, query) =>
    asked === path ? answer(query) : undefined

describe('looking back', () => {
  it('gives endings, trades and TWAPs of the window, both ends of it sent', async () => {
    const before = { ...example.historicTwap, twap_id: 'old', updated_at: '2025-09-17T00:00:00Z' }
    const asked = { ...before, twap_id: 'asked-about' }
    const { account, requests } = createBench((path) => {
      if (path === ORDERS) return { body: { data: [example.historic], count: 1 } }
      if (path === TRADES) return { body: { data: [example.trade], count: 1 } }
      return path === TWAPS ? { body: { data: [before, example.historicTwap, asked], count: 3 } } : undefined
    })
    const read = await account.lookBack(window, contextOf(null, { open: ['algo/asked-about'] }))
    expect(read).toMatchObject({ complete: true, venueTime: Date.UTC(2025, 8, 18, 16), quarantined: [] })
    expect(read.sightings.map(({ venueOrderId }) => venueOrderId)).toEqual([
      example.ORDER_ID,
      example.historicTwap.twap_id,
      'asked-about',
    ])
    expect(read.fills.map(({ tradeId }) => tradeId)).toEqual([example.trade.id])
    const queryOf = (path: string) =>
      Object.fromEntries(new URL(requests.find(({ url }) => url.includes(path))?.url ?? '').searchParams)
    const [start, end] = ['2025-09-18T15:00:00.000Z', '2025-09-18T16:00:00.000Z']
    expect(queryOf(ORDERS)).toEqual({ start, end, limit: '1000', offset: '0' })
    expect(queryOf(TRADES)).toEqual({ start, end, start_time: start, end_time: end, limit: '1000', offset: '0' })
    expect(queryOf(TWAPS)).toEqual({ limit: '1000' })
  })

  it('takes null for none', async () => {
    const read = await createBench().account.lookBack(window, context)
    expect(read).toMatchObject({ sightings: [], fills: [], complete: true })
  })

  it('signs each request anew and never the public one', async () => {
    const { account, requests } = createBench(
      at(ORDERS, () => ({ body: { data: [example.historic] } })),
      {
        subaccount: 'sub-1',
      },
    )
    await account.lookBack(window, context)
    const open = requests.filter(({ url }) => url.includes('/refdata'))
    expect(open.map(({ headers }) => headers['x-qfex-public-key'])).toEqual([undefined])
    const signed = requests.filter(({ url }) => url.includes('/user/'))
    for (const { headers } of signed) {
      expect(headers['x-qfex-requested-account-id']).toBe('sub-1')
      const [nonce, time] = [String(headers['x-qfex-nonce']), Number(headers['x-qfex-timestamp'])]
      expect(headers['x-qfex-hmac-signature']).toBe(signatureOf(SECRET, nonce, time))
    }
    expect(new Set(signed.map(({ headers }) => headers['x-qfex-nonce'])).size).toBe(signed.length)
  })

  it('reads all pages, each row once', async () => {
    const rows = ended(2_500)
    const { account } = createBench(at(ORDERS, (query) => pageOf(rows, query)))
    const read = await account.lookBack(window, context)
    expect(read.complete).toBe(true)
    expect(read.sightings.map(({ venueOrderId }) => venueOrderId)).toEqual(rows.map(({ order_id }) => order_id))
  })

  it('reads on where the venue lowered the limit, whatever count means', async () => {
    const rows = ended(230)
    for (const count of [undefined, 230, 100]) {
      const { account } = createBench(at(ORDERS, (query) => ({ body: { ...pageOf(rows, query, 100).body, count } })))
      const read = await account.lookBack(window, context)
      expect([read.sightings.length, read.complete]).toEqual([230, true])
    }
  })

  it('rows that came in between shift the pages and lose nothing', async () => {
    let rows = ended(1_500)
    const { account } = createBench(
      at(ORDERS, (query) => {
        const page = pageOf(rows, query)
        rows = [{ ...example.historic, order_id: 'late' }, ...rows]
        return page
      }),
    )
    const read = await account.lookBack(window, context)
    expect(new Set(read.sightings.map(({ venueOrderId }) => venueOrderId)).size).toBe(1_500)
    expect(read.sightings).toHaveLength(1_500)
    expect(read.complete).toBe(true)
  })

  it('rows that went in between let others slip past, so it is not complete', async () => {
    let rows = ended(1_500)
    const { account } = createBench(
      at(ORDERS, (query) => {
        const page = pageOf(rows, query)
        rows = rows.slice(2)
        return page
      }),
    )
    const read = await account.lookBack(window, context)
    expect(read.complete).toBe(false)
    expect(read.sightings).toHaveLength(1_000)
  })

  it.each([
    ['an offset that is ignored', () => ({ body: { data: ended(1_000), count: 5_000 } })],
    ['a count that promises more than comes', () => ({ body: { data: [], count: 5 } })],
  ])('%s is not complete', async (_, answer) => {
    const { account } = createBench(at(ORDERS, answer))
    expect((await account.lookBack(window, context)).complete).toBe(false)
  })

  it('a poisoned row costs itself', async () => {
    const rows = [example.historic, { ...example.historic, order_id: 'b', filled_qty: 'all' }]
    const { account } = createBench(at(ORDERS, () => ({ body: { data: rows } })))
    const read = await account.lookBack(window, context)
    expect(read.sightings).toHaveLength(1)
    expect(read.quarantined).toMatchObject([{ where: ORDERS, problem: expect.stringContaining('filled_qty') }])
  })

  it('a status nobody knows is shown and proves no ending', async () => {
    const { account } = createBench(
      at(ORDERS, () => ({ body: { data: [{ ...example.historic, terminal_status: 'DIED' }] } })),
    )
    const read = await account.lookBack(window, context)
    expect(read.sightings[0]?.claim).toEqual({ is: 'unrecognised' })
    expect(read.quarantined).toHaveLength(1)
  })

  it('endings are given though trades fail, and the window is read again', async () => {
    const { account } = createBench((path) => {
      if (path === ORDERS) return { body: { data: [example.historic] } }
      return path === TRADES ? { status: 500, body: { title: 'position balance not found' } } : undefined
    })
    const read = await account.lookBack(window, context)
    expect(read).toMatchObject({ complete: false, sightings: [{ venueOrderId: example.ORDER_ID }] })
    expect(read.quarantined[0]?.problem).toContain('position balance not found')
  })

  it('a full list of TWAPs is read by symbol, and a full one of a symbol has no end', async () => {
    const twaps = Array.from({ length: 1_000 }, (_, n) => ({ ...example.historicTwap, twap_id: `twap-${n}` }))
    const asked: (string | null)[] = []
    const { account } = createBench(
      at(TWAPS, (query) => {
        asked.push(query.get('symbol'))
        return { body: { data: query.get('symbol') === 'TSLA-USD' ? [] : twaps } }
      }),
    )
    const read = await account.lookBack(window, contextOf(null, { symbols: ['GOOG-USD', 'TSLA-USD'] }))
    expect(asked).toEqual([null, 'GOOG-USD', 'TSLA-USD'])
    expect(read.complete).toBe(false)
    expect(read.sightings).toHaveLength(1_000)
  })

  it('a trade that the stream brought under another id is not booked twice', async () => {
    const renamed = { ...example.trade, id: 'rest-id' }
    const { account, session } = createBench(at(TRADES, () => ({ body: { data: [renamed] } })))
    session.read(JSON.stringify({ fill_response: example.fill }))
    const read = await account.lookBack(window, context)
    expect(read.fills).toEqual([])
    expect(read.quarantined[0]?.problem).toContain('another one')
  })

  it('two equal executions are two where history knows both', async () => {
    const second = { ...example.trade, id: 'second' }
    const { account, session } = createBench(at(TRADES, () => ({ body: { data: [example.trade, second] } })))
    session.read(JSON.stringify({ fill_response: example.fill }))
    expect((await account.lookBack(window, context)).fills).toHaveLength(2)
  })
})

describe('what REST refuses', () => {
  it.each([
    [401, 'refused'],
    [403, 'refused'],
    [400, 'misused'],
    [422, 'misused'],
    [404, 'later'],
    [429, 'limited'],
    [500, 'later'],
    [503, 'later'],
    [204, 'later'],
    [302, 'later'],
  ])('%s is %s', async (status, failure) => {
    const { account } = createBench(at(ORDERS, () => ({ status, body: { title: 'No', detail: `about ${SECRET}` } })))
    const error = await account.lookBack(window, context).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ failure })
    expect(String(error)).not.toContain(SECRET)
  })

  it('429 says for how long', async () => {
    const { account } = createBench(at(ORDERS, () => ({ status: 429, headers: { 'retry-after': '7' } })))
    await expect(account.lookBack(window, context)).rejects.toMatchObject({ retry: { afterMs: 7_000 } })
  })

  it.each(['{"data":', '[]', '{"data":{}}', '{"data":[],"count":-1}'])('%s is no list', async (body) => {
    const { account } = createBench(at(ORDERS, () => ({ body })))
    await expect(account.lookBack(window, context)).rejects.toMatchObject({ failure: 'broken' })
  })
})

describe('asking about one order', () => {
  const question: Question = {
    kind: 'order',
    venueOrderId: example.ORDER_ID,
    symbol: 'GOOG-USD',
    clientOrderId: 'mine',
    firstSeenAt: Date.UTC(2025, 8, 18, 15, 30),
    since: null,
  }

  it('finds it by its client id among others with the same, with its trades', async () => {
    const { account, requests } = createBench((path) => {
      if (path === TRADES) return { body: { data: [example.trade, { ...example.trade, order_id: 'other' }] } }
      return path === ORDERS ? { body: { data: [...ended(3), example.historic] } } : undefined
    })
    const answer = await account.lookup(question, context)
    expect(answer).toMatchObject({ is: 'found', sighting: { claim: { is: 'filled' }, stated: { base: 'GOOG' } } })
    expect(answer.is === 'found' ? answer.fills : []).toHaveLength(1)
    expect(requests.map(({ url }) => new URL(url).searchParams.get('client_order_id'))).toContain('mine')
  })

  it('else by symbol and time from well before it was first seen, over all pages', async () => {
    const rows = [...ended(1_200), example.historic]
    const windows: (string | null)[] = []
    const { account } = createBench(
      at(ORDERS, (query) => {
        if (query.has('client_order_id')) return { body: { data: null, count: 0 } }
        windows.push(query.get('start'))
        return pageOf(rows, query)
      }),
    )
    expect(await account.lookup(question, context)).toMatchObject({ is: 'found' })
    expect(windows).toEqual(['2025-09-18T15:20:00.000Z', '2025-09-18T15:20:00.000Z'])
  })

  it('not found is silence, for history may lag', async () => {
    expect(await createBench().account.lookup(question, context)).toEqual({ is: 'silent' })
    expect(await createBench().account.lookup({ ...question, kind: 'algo' }, context)).toEqual({ is: 'silent' })
  })

  it('a search that did not reach the end is no answer', async () => {
    const { account } = createBench(at(ORDERS, () => ({ body: { data: ended(1_000), count: 5_000 } })))
    await expect(account.lookup(question, context)).rejects.toMatchObject({ failure: 'later' })
  })

  it('a row of it that cannot be read is no answer', async () => {
    const row = { ...example.historic, terminal_status: null }
    const { account } = createBench(at(ORDERS, () => ({ body: { data: [row] } })))
    await expect(account.lookup(question, context)).rejects.toMatchObject({ failure: 'broken' })
  })

  it('a TWAP is found among those of its symbol', async () => {
    const { account } = createBench(at(TWAPS, () => ({ body: { data: [example.historicTwap] } })))
    const asked: Question = { ...question, kind: 'algo', venueOrderId: example.historicTwap.twap_id }
    expect(await account.lookup(asked, context)).toMatchObject({ is: 'found', sighting: { kind: 'algo' } })
  })

  describe('on a second session', () => {
    const tie = (reply: readonly unknown[]) => {
      const closed: number[] = []
      const bench = createBench(undefined, {
        openSession: async (protocol) => ({
          link: linkTo(protocol, () => reply),
          close: async () => void closed.push(1),
        }),
      })
      return { ...bench, closed }
    }

    it('it is open after all, and the session is closed again', async () => {
      const { account, closed } = tie([{ all_orders_response: { orders: [example.order], stop_orders: [] } }])
      expect(await account.lookup(question, context)).toMatchObject({
        is: 'found',
        sighting: { claim: { is: 'open' } },
      })
      expect(closed).toEqual([1])
    })

    it.each([
      ['another order', { all_orders_response: { orders: [{ ...example.order, order_id: 'b' }] } }],
      ['none', { all_orders_response: { orders: [] } }],
      ['an error', { err: { error_code: 'ServerError' } }],
    ])('%s is nothing', async (_, reply) => {
      const { account, closed } = tie([reply])
      expect(await account.lookup(question, context)).toEqual({ is: 'silent' })
      expect(closed).toEqual([1])
    })

    it('is not opened again within a minute', async () => {
      const { account, clock, closed } = tie([{ all_orders_response: { orders: [] } }])
      await account.lookup(question, context)
      await account.lookup(question, context)
      expect(closed).toHaveLength(1)
      await clock.advance(60_000)
      await account.lookup(question, context)
      expect(closed).toHaveLength(2)
    })
  })
})

describe('what may leave over HTTP', () => {
  const refused = [
    ...['/user/leverage', '/user/subaccounts', '/user/transfer'].map((path) => ['POST', path] as const),
    ...['/user/historic-orders', '/user/historic-twaps', '/user/trade', '/refdata'].map(
      (path) => ['POST', path] as const,
    ),
    ...['/user/positions', '/user/historic-orders/1', '/user/trade/', '/trades-csv', '/'].map(
      (path) => ['GET', path] as const,
    ),
  ]
  it.each(refused)('%s %s may not', async (method, path) => {
    const { clock, budget, requests } = createBench()
    const client = createHttpClient({
      transport: async () => {
        throw new Error('it left')
      },
      clock,
      baseUrl: settings.restUrl,
      allow: ALLOWED_REQUESTS,
      budget,
      venueClock: createVenueClock(clock),
      limits: { timeoutMs: 1, maxBodyBytes: 1 },
    })
    await expect(client.request({ method, path, weight: 1 }, context.signal)).rejects.toThrow(ForbiddenRequestError)
    expect(requests).toEqual([])
  })
})

describe('the account', () => {
  it('is known by host and subaccount, never by a key', () => {
    expect(createBench().account.identity).toBe('api.qfex.test/main')
    expect(createBench(undefined, { subaccount: 'sub-1' }).account.identity).toBe('api.qfex.test/sub-1')
  })

  it('asks for instruments again for a symbol it does not know, but not at every look', async () => {
    const { account, session, clock, requests } = createBench()
    const unknown = { ...example.order, symbol: 'NEW-USD' }
    const link = linkTo(session, () => [{ all_orders_response: { orders: [unknown] } }])
    const asked = () => requests.filter(({ url }) => url.includes('/refdata')).length
    await account.snapshot(contextOf(link))
    await account.snapshot(contextOf(link))
    expect(asked()).toBe(1)
    await clock.advance(60_000)
    await account.snapshot(contextOf(link))
    expect(asked()).toBe(2)
  })
})
