import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { signedText } from '../../src/sandbox/revolut-x-auth.ts'
import { createWorld, type Reply, revolutXGet, row, rowsOf } from './harness.ts'

const SELL = { symbol: 'BTC/USD', side: 'sell', type: 'limit', quantity: '0.5', price: '120000' } as const
const ACTIVE = '/api/1.0/orders/active'
const HISTORICAL = '/api/1.0/orders/historical'
const DAY = 86_400_000
const dataOf = (reply: Reply) => z.object({ data: row }).parse(reply.body).data
const cursorOf = (reply: Reply) =>
  z.object({ metadata: z.object({ next_cursor: z.string().default('') }) }).parse(reply.body).metadata.next_cursor

test('what is signed is the published text, with the published signature', () => {
  const pem = (body: string) => createPrivateKey(`-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`)
  const key = pem('MC4CAQAwBQYDK2VwBCIEIFMSbiie3sYstkM3gSCUb+oVO5xucWXdyv9l4k2pRrZ0')
  const text = signedText('1700000000000', { method: 'GET', path: '/api/1.0/balances', query: '', body: '' })
  const published = 'GZOMBk8Dy8QYI/esfxUSuZW6aDsPD/Yt12eX0xmjDsYR9GIqUSBolSNiP0ZUWvSQvD5oKUlq+LGqAoT/H1hBBg=='
  expect(sign(null, Buffer.from(text), key).toString('base64')).toBe(published)
  const other = pem('MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB')
  const withQuery = signedText('1785313433816', { method: 'get', path: ACTIVE, query: 'limit=300', body: '' })
  const signature = 'gaPkXOs8/R4f1D6O48pxdgIqflIx2smL0uCG15QPun0Aj0kOPjGbiqd6yC6OK2G5EewEtftVumr/V6HPBIVuCg=='
  expect(verify(null, Buffer.from(withQuery), createPublicKey(other), Buffer.from(signature, 'base64'))).toBe(true)
})

test('a signature over another query, or with its question mark, is refused', async () => {
  const world = createWorld()
  expect((await revolutXGet(world, ACTIVE, 'limit=300')).status).toBe(200)
  expect((await revolutXGet(world, ACTIVE, 'limit=300', { signedQuery: 'limit=299' })).status).toBe(401)
  expect((await revolutXGet(world, ACTIVE, 'limit=300', { signedQuery: '?limit=300' })).status).toBe(401)
})

test('a time in the future is a conflict that tells the venue time, an old one is not accepted', async () => {
  const world = createWorld()
  const ahead = await revolutXGet(world, ACTIVE, '', { timestamp: world.clock.wall() + 8_000 })
  expect(ahead).toMatchObject({ status: 409, body: { message: 'Request timestamp is in the future' } })
  expect(Object.keys(ahead.body).sort()).toEqual(['error_id', 'message', 'timestamp'])
  expect(Date.parse(ahead.headers.date ?? '')).toBeGreaterThan(0)
  expect((await revolutXGet(world, ACTIVE, '', { timestamp: world.clock.wall() - 8_000 })).status).toBe(401)
})

test('the active list goes by cursor to an empty or absent one', async () => {
  const world = createWorld()
  for (let n = 0; n < 5; n++) world.sandbox.market.place('revx', SELL)
  const ids: unknown[] = []
  let cursor = ''
  for (let page = 0; page < 3; page++) {
    const query = `${cursor === '' ? '' : `cursor=${encodeURIComponent(cursor)}&`}limit=2`
    const reply = await revolutXGet(world, ACTIVE, query)
    ids.push(...rowsOf(reply).map(({ id }) => id))
    cursor = cursorOf(reply)
    expect(cursor === '').toBe(page === 2)
  }
  expect(new Set(ids)).toEqual(new Set(world.sandbox.market.open('revx').map(({ id }) => id)))
  expect(Buffer.from(cursorOf(await revolutXGet(world, ACTIVE, 'limit=1')), 'base64').toString()).toMatch(
    /^date=\d{13};id=[0-9a-f-]{36}$/,
  )
  expect((await revolutXGet(world, ACTIVE, 'limit=301')).status).toBe(400)
})

test('a row of today and a row of the older list say the same by other names', async () => {
  const world = createWorld()
  for (const account of ['revx', 'revx-seed']) {
    world.sandbox.market.fill(world.sandbox.market.place(account, SELL), '0.2')
  }
  const [today] = rowsOf(await revolutXGet(world, ACTIVE))
  expect(today).toMatchObject({
    symbol: 'BTC/USD',
    status: 'partially_filled',
    quantity: '0.5',
    filled_quantity: '0.2',
  })
  expect(today).toMatchObject({ leaves_quantity: '0.3', filled_amount: '24000', average_fill_price: '120000' })
  expect(today?.created_date).toBeTypeOf('number')
  const [older] = rowsOf(await revolutXGet(world, '/api/1.0/orders', 'limit=300', { account: 'revx-seed' }))
  expect(older).toMatchObject({
    state: 'partially_filled',
    base_size: '0.5',
    filled_size: '0.2',
    filled_value: '24000',
  })
  expect(older).toMatchObject({ average_filled_price: '120000', created_at: expect.stringMatching(/Z$/), legs: [] })
  expect(older).not.toHaveProperty('id')
})

test('the quantity of a buy drifts while nobody touches it, that of a sell never', async () => {
  const world = createWorld()
  world.sandbox.market.place('revx', { ...SELL, side: 'buy' })
  world.sandbox.market.place('revx', SELL)
  const seen = { buy: new Set<unknown>(), sell: new Set<unknown>() }
  for (let look = 0; look < 12; look++) {
    for (const each of rowsOf(await revolutXGet(world, ACTIVE))) {
      seen[each.side === 'buy' ? 'buy' : 'sell'].add(each.quantity)
    }
  }
  expect(seen.buy.size).toBeGreaterThan(1)
  expect(seen.sell.size).toBe(1)
})

test('an order is found by its id, open or ended, and only by its owner', async () => {
  const world = createWorld()
  const order = world.sandbox.market.place('revx', SELL)
  const next = world.sandbox.market.replace(order, { price: '121000' })
  const trade = world.sandbox.market.fill(next, '0.1')
  expect(dataOf(await revolutXGet(world, `/api/1.0/orders/${order.id}`))).toMatchObject({ status: 'replaced' })
  const detail = dataOf(await revolutXGet(world, `/api/1.0/orders/${next.id}`))
  expect(detail).toMatchObject({ previous_order_id: order.id, fee_currency: 'USD', total_fee: trade.fee })
  const fills = rowsOf(await revolutXGet(world, `/api/1.0/orders/fills/${next.id}`))
  expect(fills).toMatchObject([
    { tid: trade.id.replaceAll('-', ''), oid: next.id, q: '0.10000000', p: '121000.00', im: true },
  ])
  const missing = await revolutXGet(world, `/api/1.0/orders/${next.id}`, '', { account: 'revx-seed' })
  expect(missing).toMatchObject({ status: 404, body: { message: `Order with ID '${next.id}' not found.` } })
})

test('slices of a TWAP are linked from its details and in no history', async () => {
  const world = createWorld()
  const { market } = world.sandbox
  const twap = market.place('revx', { ...SELL, type: 'twap', price: null, slices: 2 })
  const slice = market.slice(twap)
  market.slice(twap)
  const history = rowsOf(await revolutXGet(world, HISTORICAL))
  expect(history).toMatchObject([{ id: twap.id, type: 'twap', status: 'filled' }])
  expect(history[0]?.twap).not.toHaveProperty('linked_ids')
  const detail = dataOf(await revolutXGet(world, `/api/1.0/orders/${twap.id}`))
  expect(detail.twap).toMatchObject({ linked_ids: twap.childIds, completed_slices: 2 })
  const child = dataOf(await revolutXGet(world, `/api/1.0/orders/${slice.id}`))
  expect(child.triggered_by).toEqual({ twap: { parent_id: twap.id, slice_index: 1 }, reason: 'twap' })
})

test('a fired conditional order ends, and the order it made names it in its details', async () => {
  const world = createWorld()
  const { market } = world.sandbox
  const spec = { ...SELL, type: 'stop_market', price: null, triggerPrice: '110000' } as const
  const conditional = market.place('revx', spec)
  const [row] = rowsOf(await revolutXGet(world, ACTIVE))
  expect(row).toMatchObject({ type: 'conditional', conditional: { trigger_direction: 'le', trigger_price: '110000' } })
  expect(row).not.toHaveProperty('price')
  const fired = market.trigger(conditional)
  expect(dataOf(await revolutXGet(world, `/api/1.0/orders/${conditional.id}`)).status).toBe('cancelled')
  const made = dataOf(await revolutXGet(world, `/api/1.0/orders/${fired.id}`))
  expect(made.triggered_by).toMatchObject({ reason: 'conditional', conditional: { trigger_price: '110000' } })
})

test('history without an end reads seven days, not to now; more than thirty are refused', async () => {
  const world = createWorld()
  const start = world.clock.wall() - 8 * DAY
  world.sandbox.market.cancel(world.sandbox.market.place('revx', SELL))
  expect(rowsOf(await revolutXGet(world, HISTORICAL, `start_date=${start}`))).toEqual([])
  const end = world.clock.wall() + DAY
  expect(rowsOf(await revolutXGet(world, HISTORICAL, `start_date=${start}&end_date=${end}`))).toHaveLength(1)
  expect((await revolutXGet(world, HISTORICAL, `start_date=${end - 31 * DAY}&end_date=${end}`)).status).toBe(400)
})

test('history costs a token a day, and the wait for more is in milliseconds', async () => {
  const world = createWorld()
  const end = world.clock.wall()
  const burst = (days: number) => {
    const query = `start_date=${end - days * DAY}&end_date=${end}`
    const timestamp = world.clock.wall()
    return Promise.all([1, 2, 3, 4].map(() => revolutXGet(world, HISTORICAL, query, { timestamp })))
  }
  expect((await burst(1)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  const limited = (await burst(30)).filter(({ status }) => status !== 200)
  expect(limited).toMatchObject([{ status: 429, body: { message: 'Rate Limit Exceeded' } }])
  expect(Number(limited[0]?.headers['retry-after'])).toBeGreaterThan(100)
})

test('what is not a GET is refused and held against whoever sent it', async () => {
  const world = createWorld()
  expect((await revolutXGet(world, '/api/1.0/orders', '', { method: 'POST' })).status).toBe(403)
  expect(world.sandbox.violations()).toMatchObject([
    { venue: 'revolut-x', account: 'revx', what: 'POST /api/1.0/orders' },
  ])
})
