import { describe, expect, test } from 'vitest'
import { createSession } from '../../../src/stream/session.ts'
import { createDeriveRegistry } from '../../../src/venues/derive/client.ts'
import { VenueError } from '../../../src/venues/errors.ts'
import type { Inbound, SessionLink, SessionProtocol, SessionRequest } from '../../../src/venues/venue.ts'
import { createFakeClock, settle } from '../../support/fake-clock.ts'
import { createScriptedSockets } from '../../support/scripted-socket.ts'
import { idOf, NOW, order, type Row, SESSION_KEY, SUBACCOUNT, TRIGGER, trade, WALLET } from './examples.ts'
import { createFakeVenue, failureOf, SETTINGS } from './fake-venue.ts'

const OTHER_KEY = `0x${'1'.repeat(64)}`
const ORDERS = `${SUBACCOUNT}.orders`
const TRADES = `${SUBACCOUNT}.trades`

function protocolOf({ session }: { session: { protocol: SessionProtocol } | null }): SessionProtocol {
  if (session === null) throw new Error('v3 has a socket')
  return session.protocol
}

const statuses = (change: Row = {}) => ({
  status: { [ORDERS]: 'ok', [TRADES]: 'ok', ...change },
  current_subscriptions: [],
})

type Answers = Readonly<Record<string, unknown>>

const ANSWERS: Answers = { 'public/get_time': NOW + 5_000, 'public/login': [SUBACCOUNT], subscribe: statuses() }

/** A link whose other end is a table of answers by method; an Error in it is thrown. */
function linkTo(protocol: SessionProtocol, answers: Answers = {}) {
  const sent: Row[] = []
  const link: SessionLink = {
    epoch: 1,
    async request(request: SessionRequest) {
      protocol.allows(request.message)
      sent.push(request.message)
      const { id, method } = request.message
      const answer = { ...ANSWERS, ...answers }[String(method)]
      if (answer instanceof Error) throw answer
      const [reply] = protocol.read(JSON.stringify({ id, result: answer }))
      if (reply?.is !== 'reply' || !request.matches(reply)) throw new Error('its own answer does not match')
      return reply
    },
  }
  const establish = () => protocol.establish(link, new AbortController().signal)
  return { sent, establish }
}

const said = (protocol: SessionProtocol, message: unknown): Inbound[] =>
  protocol.read(typeof message === 'string' ? message : JSON.stringify(message))

const notice = (channel: string, data: unknown) => ({ method: 'subscription', params: { channel, data } })

describe('accounts of one wallet and key', () => {
  test('share one socket that knows all of them, whichever of them is asked', () => {
    const venue = createFakeVenue()
    const second = venue.open({ id: 'derive-two', subaccountId: 2, wallet: WALLET.toLowerCase() })
    expect(protocolOf(second)).toBe(protocolOf(venue))
    expect(protocolOf(venue).accounts).toEqual(['derive-main', 'derive-two'])
    expect(second.session?.budget).toBe(venue.session?.budget)
  })

  test.each([
    ['another wallet', { wallet: `0x${'2'.repeat(40)}` }, false],
    ['another key', { sessionKey: OTHER_KEY }, true],
    ['another socket', { wsUrl: 'wss://testnet.example/v3/ws' }, true],
  ])('do not share one with %s', (_, settings, sharesBudget) => {
    const venue = createFakeVenue()
    const other = venue.open({ id: 'other', ...settings })
    expect(protocolOf(other).key).not.toBe(protocolOf(venue).key)
    expect(protocolOf(venue).accounts).toEqual(['derive-main'])
    expect(other.session?.budget === venue.session?.budget).toBe(sharesBudget)
  })

  test('are told apart without the key in any name', () => {
    const venue = createFakeVenue()
    expect(protocolOf(venue).key).not.toContain(SESSION_KEY.slice(2))
    expect(venue.account.identity).toBe(`api.derive.example/${WALLET.toLowerCase()}/${SUBACCOUNT}`)
  })

  test('of two registries share nothing', () => {
    const deps = {
      clock: createFakeClock(),
      chance: () => 0.5,
      http: async () => ({ status: 200, headers: {}, body: '' }),
    }
    const [one, two] = [createDeriveRegistry(deps)(SETTINGS), createDeriveRegistry(deps)(SETTINGS)]
    expect(protocolOf(one)).not.toBe(protocolOf(two))
  })
})

describe('a session', () => {
  test('asks the time, logs in by it and subscribes every channel of every account at once', async () => {
    const venue = createFakeVenue()
    venue.open({ id: 'derive-two', subaccountId: 2 })
    venue.open({ id: 'derive-again' })
    const channels = [ORDERS, TRADES, '2.orders', '2.trades']
    const subscribe = statuses({ '2.orders': 'ok', '2.trades': 'ok' })
    const { sent, establish } = linkTo(protocolOf(venue), { subscribe })
    await establish()
    expect(sent).toMatchObject([
      { id: 1, method: 'public/get_time', params: {} },
      { id: 2, method: 'public/login', params: { wallet: WALLET, timestamp: String(NOW + 5_000) } },
      { id: 3, method: 'subscribe', params: { channels } },
    ])
    expect(JSON.stringify(sent)).not.toContain(SESSION_KEY.slice(2))
  })

  test('never uses an id twice', async () => {
    const { sent, establish } = linkTo(protocolOf(createFakeVenue()))
    await establish()
    await establish()
    expect(sent.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('says who we are and pings', () => {
    const protocol = protocolOf(createFakeVenue())
    expect(protocol.headers()['user-agent']).toMatch(/^ordersync\//)
    expect(protocol.url()).toBe(SETTINGS.wsUrl)
    expect(protocol.keepAlive).toEqual({ pingEveryMs: 15_000, silenceMs: 45_000 })
  })

  test.each([[[]], [[1, 2]]])('is logged in with %j for its subaccounts', async (result) => {
    await expect(linkTo(protocolOf(createFakeVenue()), { 'public/login': result }).establish()).resolves.toBeUndefined()
  })

  test('logs in by our clock where the venue does not tell the time', async () => {
    const answers = { 'public/get_time': new VenueError('misused', 'no such method') }
    const { sent, establish } = linkTo(protocolOf(createFakeVenue()), answers)
    await establish()
    expect(sent[1]).toMatchObject({ params: { timestamp: String(NOW) } })
  })

  test.each([
    ['the key is refused', { 'public/login': new VenueError('refused', 'expired') }, 'refused'],
    ['the log-in is called wrong', { 'public/login': new VenueError('misused', 'bad wallet') }, 'refused'],
    ['too many sockets are open', { 'public/login': new VenueError('limited', 'sockets') }, 'limited'],
    ['the log-in says nothing', { 'public/login': 'ok' }, 'broken'],
    ['the time fails', { 'public/get_time': new VenueError('later', 'down') }, 'later'],
    ['no channel carries', { subscribe: statuses({ [ORDERS]: 'no', [TRADES]: 'no' }) }, 'later'],
    ['one of two channels of the only account does not', { subscribe: statuses({ [TRADES]: 'no' }) }, 'later'],
    ['a channel is not spoken of', { subscribe: { status: { [ORDERS]: 'ok' } } }, 'later'],
    ['the subscription says nothing', { subscribe: null }, 'broken'],
  ])('fails because %s', async (_, answers, failure) => {
    const { establish } = linkTo(protocolOf(createFakeVenue()), answers)
    expect(await failureOf(establish())).toMatchObject({ failure })
  })

  test.each(['ok', 'already subscribed', 'Already subscribed to channel'])(
    'takes %j for a channel that carries',
    async (status) => {
      const venue = createFakeVenue()
      await linkTo(protocolOf(venue), { subscribe: statuses({ [ORDERS]: status }) }).establish()
      expect(venue.account.streams).toBe(true)
    },
  )

  test.each(['not ok', 'OK?', null, true, {}, 7])('takes %j for a channel that does not', async (status) => {
    const { establish } = linkTo(protocolOf(createFakeVenue()), { subscribe: statuses({ [ORDERS]: status }) })
    expect(await failureOf(establish())).toMatchObject({ failure: 'later' })
  })

  test('goes on for the others where one account may not listen, and that one is polled and shown', async () => {
    const venue = createFakeVenue()
    const other = venue.open({ id: 'derive-two', subaccountId: 2 })
    const refused = statuses({ '2.orders': 'ok', '2.trades': 'Unauthorized' })
    expect([venue.account.streams, other.account.streams]).toEqual([true, true])
    await linkTo(protocolOf(venue), { subscribe: refused }).establish()
    expect([venue.account.streams, other.account.streams]).toEqual([true, false])
    const [reply, shown, ...rest] = said(protocolOf(venue), { id: 3, result: refused })
    expect(reply).toMatchObject({ is: 'reply', id: '3' })
    expect(shown).toMatchObject({
      is: 'quarantine',
      account: 'derive-two',
      item: { where: '2.trades', problem: 'not subscribed', sample: 'Unauthorized' },
    })
    expect(rest).toEqual([])

    const again = statuses({ '2.orders': 'ok', '2.trades': 'ok' })
    await linkTo(protocolOf(venue), { subscribe: again }).establish()
    expect(other.account.streams).toBe(true)
  })

  test('comes up over a socket and hands on what it says to each account', async () => {
    const venue = createFakeVenue()
    const { session } = venue
    if (session === null) throw new Error('v3 has a socket')
    const answers: Answers = { ...ANSWERS }
    const sockets = createScriptedSockets((text, socket) => {
      const { id, method } = JSON.parse(text)
      socket.say({ id, result: answers[method] })
    })
    const heard: Inbound[] = []
    const ups: number[] = []
    const live = createSession({
      ...session,
      socket: sockets.transport,
      clock: venue.clock,
      chance: () => 0.5,
      log: { info: () => {}, warn: () => {} },
      nextEpoch: () => 1,
      on: { up: (epoch) => ups.push(epoch), down: () => {}, inbound: (_epoch, _counter, said) => heard.push(...said) },
    })
    await settle()
    sockets.last().open()
    await settle()
    expect(ups).toEqual([1])
    sockets.last().say(notice(ORDERS, [order(1)]))
    expect(heard).toMatchObject([{ is: 'order', account: 'derive-main' }])
    await live[Symbol.asyncDispose]()
  })
})

describe('a frame', () => {
  const protocol = () => protocolOf(createFakeVenue())

  test('carries several orders', () => {
    const inbound = said(protocol(), notice(ORDERS, [order(1), order(2, TRIGGER)]))
    expect(inbound).toMatchObject([
      {
        is: 'order',
        account: 'derive-main',
        tradeId: null,
        sighting: { venueOrderId: idOf(1), claim: { is: 'open' } },
      },
      { is: 'order', sighting: { venueOrderId: idOf(2), word: 'untriggered' } },
    ])
    expect(JSON.stringify(inbound)).not.toMatch(/5a5a|1795176000|0x1111/)
  })

  test('carries one order without its list', () => {
    expect(said(protocol(), notice(ORDERS, order(1)))).toMatchObject([{ is: 'order' }])
  })

  test('carries executions, and those taken back', () => {
    const rows = [trade(1, 1), trade(2, 1, { batch_status: 'ExecutingError' })]
    expect(said(protocol(), notice(TRADES, rows))).toMatchObject([
      { is: 'fill', account: 'derive-main', fill: { reversed: false, quantity: '0.5' } },
      { is: 'fill', fill: { reversed: true } },
    ])
  })

  test('reaches the account of its subaccount, and both where two have it', () => {
    const venue = createFakeVenue()
    venue.open({ id: 'derive-two', subaccountId: 2 })
    venue.open({ id: 'derive-again' })
    const shared = said(protocolOf(venue), notice(ORDERS, [order(1)]))
    expect(shared).toMatchObject([{ account: 'derive-main' }, { account: 'derive-again' }])
    const own = said(protocolOf(venue), notice('2.orders', [order(1, { subaccount_id: 2 })]))
    expect(own).toMatchObject([{ is: 'order', account: 'derive-two' }])
  })

  test.each([
    ['another channel', notice('orderbook.ETH-PERP.10.20', [])],
    ['a channel of nobody here', notice('7.orders', [order(1)])],
    ['balances', notice(`${SUBACCOUNT}.balances`, [{}])],
    ['an empty list', notice(ORDERS, [])],
    ['a ping', { method: 'ping' }],
    ['a list', [1, 2]],
    ['an answer to nobody', { id: null, result: 1 }],
  ])('of %s changes nothing', (_, message) => {
    expect(said(protocol(), message).filter(({ is }) => is !== 'noise')).toEqual([])
  })

  test.each([
    ['a row that cannot be read', notice(ORDERS, [order(1, { amount: 'NaN' })]), idOf(1)],
    ['a row of another subaccount', notice(ORDERS, [order(1, { subaccount_id: 7 })]), idOf(1)],
    ['an execution that cannot be read', notice(TRADES, [trade(1, 2, { trade_amount: '0' })]), idOf(2)],
    ['an execution of another subaccount', notice(TRADES, [trade(1, 2, { subaccount_id: 7 })]), idOf(2)],
  ])('with %s is kept for a look and makes us look again', (_, message, id) => {
    const [quarantine, doubt, ...rest] = said(protocol(), message)
    expect(quarantine).toMatchObject({ is: 'quarantine', account: 'derive-main' })
    expect(doubt).toMatchObject({ is: 'doubt', ref: { kind: 'order', venueOrderId: id } })
    expect(rest).toEqual([])
    expect(JSON.stringify(quarantine)).not.toMatch(/5a5a|1795176000|0x1111/)
  })

  test('that is no JSON makes every account look again', () => {
    const venue = createFakeVenue()
    venue.open({ id: 'derive-two', subaccountId: 2 })
    for (const text of ['', '{"method":', 'null']) {
      const inbound = said(protocolOf(venue), text)
      expect(inbound.map(({ is }) => is)).toEqual(['quarantine', 'doubt', 'quarantine', 'doubt'])
    }
  })

  test('with a status word nobody knows makes us look again', () => {
    const strange = notice(ORDERS, [order(1, { order_status: 'paused' })])
    expect(said(protocol(), strange)).toMatchObject([{ is: 'doubt', ref: { venueOrderId: idOf(1) } }])
  })

  test.each([
    [{ id: 7, error: { code: 14030, message: 'expired' } }, '7', 'refused'],
    [{ id: 'x', error: { code: 14014, message: `bad ${SESSION_KEY}` } }, 'x', 'refused'],
    [{ error: { code: -32100, message: 'too many' } }, null, 'limited'],
    [{ id: null, error: { code: 1, message: '?' } }, null, 'later'],
  ])('with an error ends the request that it names', (message, id, failure) => {
    const [inbound, ...rest] = said(protocol(), message)
    expect(inbound).toMatchObject({ is: 'error', id, error: { failure } })
    if (inbound?.is === 'error') expect(inbound.error.message).not.toContain(SESSION_KEY.slice(2))
    expect(rest).toEqual([])
  })
})
