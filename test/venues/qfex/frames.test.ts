import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ForbiddenRequestError } from '../../../src/venues/errors.ts'
import { signatureOf } from '../../../src/venues/qfex/sign.ts'
import { STATUSES } from '../../../src/venues/qfex/statuses.ts'
import { contextOf, createBench, linkTo, only, SECRET } from './bench.ts'
import * as example from './examples.ts'

const subscription = z.object({ channels: z.array(z.string()) })
const hmac = z.object({ public_key: z.string(), nonce: z.string(), unix_ts: z.number(), signature: z.string() })
const loginParams = z.object({ hmac, account_id: z.string().optional() })
const read = (message: unknown, bench = createBench()) =>
  bench.session.read(typeof message === 'string' ? message : JSON.stringify(message))
const framed = (change: object = {}) => ({ order_response: { ...example.order, ...change } })
const ref = { kind: 'order', venueOrderId: example.ORDER_ID }

describe('a frame', () => {
  it('of an order, tied to its fill by the trade id', () => {
    const row = framed({ status: 'FILLED', quantity_remaining: 2.208, trade_id: 'trade-1' })
    expect(only(read(row))).toMatchObject({
      is: 'order',
      account: 'qfex-main',
      tradeId: 'trade-1',
      sighting: { venueOrderId: example.ORDER_ID, filled: '0.5', claim: { is: 'open' } },
    })
  })

  it('of a fill', () => {
    const fill = { tradeId: example.fill.trade_id, quantity: '0.5' }
    expect(only(read({ fill_response: example.fill }))).toMatchObject({ is: 'fill', fill })
  })

  it('of a TWAP whose word is known, and of one whose word is not', () => {
    expect(only(read({ twap_response: example.twap }))).toMatchObject({ is: 'order', sighting: { kind: 'algo' } })
    const strange = { twap_response: { ...example.twap, status: 'PAUSED' } }
    expect(only(read(strange))).toMatchObject({ is: 'doubt', ref: { kind: 'algo' } })
  })

  it('of a stop, which only the list can judge', () => {
    const trigger = { kind: 'trigger', venueOrderId: example.stop.stop_order_id }
    expect(only(read({ stop_order_response: example.stop }))).toMatchObject({ is: 'doubt', ref: trigger })
  })

  it.each([...STATUSES].filter(([, meaning]) => meaning === 'refused').map(([word]) => word))(
    '%s counts a rejection and changes no order, however little the frame says',
    (status) => {
      for (const body of [framed({ status }), { order_response: { status, order_id: example.ORDER_ID } }]) {
        const [doubt, rejected, ...none] = read(body)
        expect(doubt).toMatchObject({ is: 'doubt', ref })
        expect(rejected).toEqual({ is: 'rejected', account: 'qfex-main' })
        expect(none).toEqual([])
      }
    },
  )

  it.each([...STATUSES].filter(([, meaning]) => meaning === 'request').map(([word]) => word))(
    '%s is about a request alone',
    (status) => {
      expect(only(read(framed({ status })))).toMatchObject({ is: 'doubt', ref })
    },
  )

  it('with a status word nobody knows is a doubt', () => {
    expect(only(read(framed({ status: 'EXPIRED_IN_MATCH' })))).toMatchObject({ is: 'doubt', ref })
  })

  it('of another user is kept for a look and never believed', () => {
    const bench = createBench()
    read(framed(), bench)
    const [quarantine, doubt] = read(framed({ user_id: 'somebody-else' }), bench)
    expect(quarantine).toMatchObject({ is: 'quarantine', item: { where: 'order_response' } })
    expect(doubt).toMatchObject({ is: 'doubt', ref })
    expect(read({ fill_response: { ...example.fill, user_id: 'somebody-else' } }, bench)[0]?.is).toBe('quarantine')
  })

  it('that takes a trade back is no execution', () => {
    const inbound = read({ fill_response: { ...example.fill, execution_type: 'TRADE_BUST' } })
    expect(inbound.map(({ is }) => is)).toEqual(['quarantine', 'doubt'])
  })

  it('that is no JSON, or no object, makes us look again', () => {
    for (const text of ['{"order_response":', '[]', '1', 'null', '']) {
      expect(read(text).map(({ is }) => is)).toEqual(['quarantine', 'doubt'])
    }
  })

  it('of a kind nobody documented is shown once, of other channels never', () => {
    const bench = createBench()
    expect(only(read({ margin_response: {} }, bench)).is).toBe('quarantine')
    expect(only(read({ margin_response: {} }, bench)).is).toBe('noise')
    const others = [{ ack: { incoming_message: {} } }, { balance_response: {} }, { position_response: {} }]
    const envelope = { type: 'update', connection_id: 'c', message_id: 1, channel: 'v4_balances', contents: [] }
    for (const message of [...others, { user_trades: [], count: 0 }])
      expect(only(read(message, bench)).is).toBe('noise')
    expect([...read(envelope, bench), ...read(envelope, bench)].map(({ is }) => is)).toEqual(['quarantine', 'noise'])
  })

  it('mutilated anyhow gives the right order or none, and never throws', () => {
    const names = Object.keys(example.order)
    const junk = fc.constantFrom<unknown>(null, undefined, '', 'x', -1, 1e300, {}, [], true, '1e999', 'NaN')
    const bench = createBench()
    fc.assert(
      fc.property(fc.constantFrom(...names), junk, fc.nat(), (name, value, cut) => {
        const text = JSON.stringify(framed({ [name]: value, extra: value }))
        const inbound = [...read(text, bench), ...read(text.slice(0, cut % text.length), bench)]
        for (const one of inbound) {
          if (one.is !== 'order') continue
          const { stated, filled, claim } = one.sighting
          expect(one.sighting.venueOrderId).toBe(name === 'order_id' ? value : example.ORDER_ID)
          expect([name === 'symbol' ? stated.symbol : 'GOOG-USD', stated.side]).toEqual([stated.symbol, 'sell'])
          expect(claim.is).toBe('open')
          if (!name.startsWith('quantity')) expect([stated.quantity, filled]).toEqual(['2.708', '0'])
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('keeps every digit of a quantity and a price', () => {
    const digits = /^[1-9]\d{0,8}\.\d{0,8}[1-9]$/
    fc.assert(
      fc.property(fc.stringMatching(digits), fc.stringMatching(digits), (quantity, price) => {
        const text = JSON.stringify(framed({ quantity: 'Q', quantity_remaining: 'Q', price: 'P' }))
          .replaceAll('"Q"', quantity)
          .replace('"P"', price)
        expect(only(read(text))).toMatchObject({ sighting: { filled: '0', stated: { quantity, price } } })
      }),
    )
  })
})

describe('an error', () => {
  it.each([
    ['RateLimited', 'limited'],
    ['PermissionDenied', 'refused'],
    ['KycRequired', 'refused'],
    ['TncRequired', 'refused'],
    ['InvalidJSONFormat', 'misused'],
    ['InvalidParameter', 'misused'],
    ['InvalidOrder', 'misused'],
    ['AlreadyAuthenticated', 'misused'],
    ['ServerError', 'later'],
    ['SomethingNew', 'later'],
  ])('%s is %s, in the documented form and in the flat one', (error_code, failure) => {
    for (const message of [{ err: { error_code, message: null } }, { type: 'Err', error_code, message: 'words' }]) {
      expect(only(read(message))).toMatchObject({ is: 'error', error: { failure } })
    }
  })

  it('says how long to wait, and everything waits', () => {
    const bench = createBench()
    const message = { err: { error_code: 'RateLimited', message: 'retry in 250 ms', incoming_message: {} } }
    expect(only(read(message, bench))).toMatchObject({ error: { retry: { afterMs: 250 } } })
    let taken = false
    void bench.budget.take(1).then(() => {
      taken = true
    })
    return bench.clock
      .advance(200)
      .then(() => expect(taken).toBe(false))
      .then(() => bench.clock.advance(100))
      .then(() => expect(taken).toBe(true))
  })

  it('that quotes the secret or echoes our log-in leaks neither', () => {
    const echo = { type: 'auth', params: { hmac: { public_key: 'p', nonce: 'n0nce', signature: 'c0ffee' } } }
    const message = { err: { error_code: 'InvalidParameter', message: `bad ${SECRET}`, incoming_message: echo } }
    const text =
      JSON.stringify(read(message)) + String(read(message).map((one) => (one.is === 'error' ? one.error : '')))
    for (const secret of [SECRET, 'n0nce', 'c0ffee']) expect(text).not.toContain(secret)
    expect(JSON.stringify(read({ order_response: { order_id: 1, note: SECRET } }))).not.toContain(SECRET)
  })
})

describe('logging in', () => {
  it('signs as the published vector does', () => {
    const signature = '9a892254ce0416371a78a4352130b7825a2f5fb442b12ddfa7c2f5202ef045dc'
    expect(signatureOf('qfex_secret_test', 'c0ffee', 1760545414)).toBe(signature)
  })

  const replies = [{ type: 'auth', result: 'success' }, { authenticated: true }, { type: 'authenticated' }]
  const venue = (auth: unknown) => (message: Readonly<Record<string, unknown>>) => {
    if (message.type === 'auth') return [auth]
    const { channels } = subscription.parse(message.params)
    return [framed(), { subscribed: 'balances' }, ...channels.map((subscribed) => ({ subscribed }))]
  }
  const { signal } = contextOf(null)

  it.each(replies)('takes %o for success and subscribes one channel after the other', async (auth) => {
    const { session } = createBench(undefined, { subaccount: 'sub-1' })
    const link = linkTo(session, venue(auth))
    await session.establish(link, signal)
    const [login, ...subscriptions] = link.sent
    expect(subscriptions).toEqual([
      { type: 'subscribe', params: { channels: ['order_responses'] } },
      { type: 'subscribe', params: { channels: ['fills'] } },
    ])
    const params = loginParams.parse(login?.params)
    expect(params.account_id).toBe('sub-1')
    expect(params.hmac).toMatchObject({ public_key: 'qfex_pub_test', unix_ts: Date.UTC(2025, 8, 18, 16) / 1000 })
    expect(params.hmac.signature).toBe(signatureOf(SECRET, params.hmac.nonce, params.hmac.unix_ts))
    expect(JSON.stringify(link.sent)).not.toContain(SECRET)
  })

  it.each([
    { authenticated: false },
    { type: 'auth', result: 'failure' },
    { err: { error_code: 'PermissionDenied' } },
    { err: { error_code: 'InvalidParameter', message: 'signature' } },
  ])('takes %o for a refusal', async (auth) => {
    const { session } = createBench()
    await expect(session.establish(linkTo(session, venue(auth)), signal)).rejects.toMatchObject({ failure: 'refused' })
  })

  it('a venue that is down is not a refusal', async () => {
    const { session } = createBench()
    const link = linkTo(session, venue({ err: { error_code: 'ServerError' } }))
    await expect(session.establish(link, signal)).rejects.toMatchObject({ failure: 'later' })
  })

  it('uses the clock of the venue and no nonce twice', async () => {
    const date = new Date(Date.UTC(2025, 8, 18, 15, 30)).toUTCString()
    const { session } = createBench(() => ({ headers: { date } }))
    const logins = [linkTo(session, venue(replies[0])), linkTo(session, venue(replies[0]))]
    for (const link of logins) await session.establish(link, signal)
    const hmacs = logins.map(({ sent }) => loginParams.parse(sent[0]?.params).hmac)
    expect(hmacs[0]?.unix_ts).toBe(Date.UTC(2025, 8, 18, 15, 30) / 1000)
    expect(hmacs[0]?.nonce).toMatch(/^[0-9a-f]{32}$/)
    expect(hmacs[0]?.nonce).not.toBe(hmacs[1]?.nonce)
  })

  it('goes on without instruments when they cannot be had', async () => {
    const { session } = createBench(() => ({ status: 500 }))
    await expect(session.establish(linkTo(session, venue(replies[1])), signal)).resolves.toBeUndefined()
  })

  it('the address carries the public key beside what it had', () => {
    expect(createBench(undefined, { wsUrl: 'wss://trade.qfex.test/?v=2' }).session.url()).toBe(
      'wss://trade.qfex.test/?v=2&api_key=qfex_pub_test',
    )
  })
})

describe('what may leave', () => {
  it.each(example.TRADING_MESSAGES)('$type may not', (message) => {
    expect(() => createBench().session.allows(message)).toThrow(ForbiddenRequestError)
  })

  it('nothing without a type, with several, or with one that only looks allowed', () => {
    const { session } = createBench()
    for (const type of [undefined, null, ['auth'], 'AUTH', 'auth ', 'toString', 1]) {
      expect(() => session.allows({ type })).toThrow(ForbiddenRequestError)
    }
  })

  it.each(['auth', 'subscribe', 'unsubscribe', 'get_user_orders', 'get_order', 'get_user_trades'])('%s may', (type) => {
    expect(createBench().session.allows({ type, params: {} })).toBe(type)
  })
})
