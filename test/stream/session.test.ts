import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_QUEUED_REQUESTS } from '../../src/stream/requests.ts'
import {
  createSession,
  HEALTHY_AFTER_MS,
  MAX_HELD_MESSAGES,
  OPENING_TIMEOUT_MS,
  REFUSED_RETRY,
  RETRY,
  TIMEOUT_ENDINGS,
} from '../../src/stream/session.ts'
import type { SocketTransport } from '../../src/stream/socket.ts'
import { createBudget } from '../../src/venues/budget.ts'
import { ForbiddenRequestError, VenueError } from '../../src/venues/errors.ts'
import type { Inbound, SessionLink, SessionProtocol, SessionRequest } from '../../src/venues/venue.ts'
import { createFakeClock, settle } from '../support/fake-clock.ts'
import { createScriptedSockets, type ScriptedSocket } from '../support/scripted-socket.ts'

const ACCOUNT = 'a'

/** A small venue: `{ask, id}` is answered by `{reply, id}` or `{error}`; anything else is a doubt naming itself. */
function createProtocol(establish: SessionProtocol['establish']): SessionProtocol {
  return {
    key: 'k',
    accounts: [ACCOUNT],
    keepAlive: { pingEveryMs: 10_000, silenceMs: 30_000 },
    url: () => 'wss://venue.example',
    headers: () => ({ 'x-key': 'k' }),
    allows(message) {
      if (typeof message.ask !== 'string' || message.ask === 'cancel') throw new ForbiddenRequestError('not allowed')
      return message.ask
    },
    establish,
    read: (text) => text.split(';').map(readOne),
  }
}

function readOne(part: string): Inbound {
  const [word, value = '', id = null] = part.split(' ')
  if (word === 'reply') return { is: 'reply', name: value, id, body: null }
  if (word === 'error')
    return { is: 'error', id, error: new VenueError(value === 'refused' ? 'refused' : 'misused', value) }
  return word === 'noise' ? { is: 'noise' } : { is: 'doubt', account: ACCOUNT, why: part, ref: null }
}

const ask = (name: string, more: Partial<SessionRequest> = {}): SessionRequest => ({
  message: { ask: name },
  matches: (reply) => reply.name === name,
  timeoutMs: 5_000,
  weight: 1,
  ...more,
})
const login = async (link: SessionLink, signal: AbortSignal) => void (await link.request(ask('login'), signal))

interface WorldOptions {
  establish?: SessionProtocol['establish']
  chance?: () => number
  capacity?: number
  /** Opens every socket and answers every login, as a healthy venue does. */
  isHealthy?: boolean
  onInbound?: (why: string) => void
  transport?: SocketTransport
}

function createWorld(options: WorldOptions = {}) {
  const clock = createFakeClock()
  const isHealthy = options.isHealthy ?? true
  const scripted = createScriptedSockets((text, socket) => {
    if (isHealthy && text.includes('login')) socket.say('reply login')
  })
  const heard: string[] = []
  const warnings: { why: unknown; waitMs: unknown }[] = []
  const budget = createBudget([{ capacity: options.capacity ?? 1_000, windowMs: 1_000 }], 1, clock)
  let epoch = 0
  const session = createSession({
    protocol: createProtocol(options.establish ?? login),
    socket(url, headers, limits, handlers) {
      if (options.transport) return options.transport(url, headers, limits, handlers)
      const socket = scripted.transport(url, headers, limits, handlers)
      if (isHealthy) queueMicrotask(() => scripted.last().open())
      return socket
    },
    clock,
    chance: options.chance ?? (() => 0.5),
    log: { info: () => {}, warn: ({ why, waitMs }) => void warnings.push({ why, waitMs }) },
    budget,
    nextEpoch: () => ++epoch,
    on: {
      up: (at) => void heard.push(`up ${at}`),
      down: (at, why) => void heard.push(`down ${at} ${why?.failure ?? 'stopped'}`),
      inbound(at, counter, messages) {
        for (const message of messages) {
          if (message.is !== 'doubt') throw new Error(`not expected here: ${message.is}`)
          heard.push(`${at}.${counter} ${message.why}`)
          options.onInbound?.(message.why)
        }
      },
    },
  })
  return { clock, session, heard, warnings, budget, ...scripted }
}

type World = ReturnType<typeof createWorld>

async function live(options: WorldOptions = {}) {
  const world = createWorld(options)
  await settle()
  expect(world.session.state()).toBe('live')
  return { ...world, link: linkOf(world) }
}

function linkOf({ session }: Pick<World, 'session'>): SessionLink {
  const link = session.link()
  if (link === null) throw new Error('the session is not live')
  return link
}

const caught = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)
const asked = (socket: ScriptedSocket) => socket.sent.map((text) => JSON.parse(text).ask)

describe('a session coming up', () => {
  it('opens, logs in and is live, with a link of its epoch', async () => {
    const world = await live()
    expect(world.last()).toMatchObject({ url: 'wss://venue.example', headers: { 'x-key': 'k' } })
    expect(world.heard).toEqual(['up 1'])
    expect(world.link.epoch).toBe(1)
  })

  it('gives no link before it is live', async () => {
    const world = createWorld({ isHealthy: false })
    await settle()
    expect([world.session.state(), world.session.link(), world.session.mark()]).toEqual(['connecting', null, null])
    world.last().open()
    await settle()
    expect([world.session.state(), world.session.link()]).toEqual(['establishing', null])
  })

  it('delivers the frames that came while logging in after it is up, in their order and with their counters', async () => {
    const world = createWorld({ isHealthy: false })
    await settle()
    world.last().open()
    await settle()
    world.last().say('early one')
    world.last().say('early two;reply login;early three')
    world.last().say('late')
    expect(world.heard).toEqual([])
    await settle()
    expect(world.heard).toEqual(['up 1', '1.1 early one', '1.2 early two', '1.2 early three', '1.3 late'])
  })

  it('ends where more comes before it is up than it keeps', async () => {
    const world = createWorld({ isHealthy: false })
    await settle()
    world.last().open()
    for (let sent = 0; sent <= MAX_HELD_MESSAGES; sent++) world.last().say('early')
    expect(world.last().terminated()).toBe(true)
    expect(world.heard).toEqual(['down null later'])
  })

  it.each([
    ['never opens', () => {}],
    ['never answers the login', (world: World) => world.last().open()],
  ])('gives up where the venue %s', async (_claim, begin) => {
    const world = createWorld({ isHealthy: false, establish: () => new Promise(() => {}) })
    await settle()
    begin(world)
    for (let beats = 0; beats < 10; beats++) {
      await world.clock.advance(OPENING_TIMEOUT_MS / 10 - 1)
      world.last().beat()
    }
    await world.clock.advance(10)
    expect(world.sockets[0]?.terminated()).toBe(true)
    expect(world.heard).toEqual(['down null later'])
  })

  it('tries again after a transport that throws, and after a protocol that does', async () => {
    const throwing = () => {
      throw new Error('a bug')
    }
    for (const options of [{ transport: throwing }, { establish: throwing }]) {
      const world = createWorld(options)
      await settle()
      expect([world.session.state(), world.heard]).toEqual(['waiting', ['down null later']])
      await world.clock.advance(RETRY.baseMs)
      expect(world.heard).toEqual(['down null later', 'down null later'])
    }
  })

  it('understands a transport that speaks before it returns', async () => {
    const sent: string[] = []
    const world = createWorld({
      transport(_url, _headers, _limits, handlers) {
        handlers.onOpen()
        const send = (text: string) => {
          sent.push(text)
          handlers.onMessage('reply login')
        }
        return { send, ping: () => {}, terminate: () => {} }
      },
    })
    await settle()
    expect([world.heard, sent]).toEqual([['up 1'], ['{"ask":"login"}']])
  })
})

describe('requests', () => {
  it('go one at a time, in the order asked', async () => {
    const world = await live()
    const done: string[] = []
    for (const name of ['one', 'two', 'three'])
      void world.link.request(ask(name)).then((reply) => done.push(reply.name))
    await settle()
    expect(asked(world.last())).toEqual(['login', 'one'])
    world.last().say('reply two')
    world.last().say('reply one')
    await settle()
    expect([asked(world.last()), done]).toEqual([['login', 'one', 'two'], ['one']])
    world.last().say('reply two')
    await settle()
    world.last().say('reply three')
    await settle()
    expect(done).toEqual(['one', 'two', 'three'])
  })

  it('end with the error that the venue answers, and the next one goes', async () => {
    const world = await live()
    const first = caught(world.link.request(ask('one')))
    const second = world.link.request(ask('two'))
    await settle()
    world.last().say('error nonsense')
    expect(await first).toMatchObject({ failure: 'misused', message: 'nonsense' })
    await settle()
    world.last().say('reply two')
    expect(await second).toMatchObject({ name: 'two' })
    expect(world.session.state()).toBe('live')
  })

  it('are not ended by the error of another id', async () => {
    const world = await live()
    const request = world.link.request(ask('one', { message: { ask: 'one', id: 7 } }))
    await settle()
    world.last().say('error nonsense 6')
    world.last().say('reply one')
    expect(await request).toMatchObject({ name: 'one' })
  })

  it('that the protocol does not allow never reach the socket', async () => {
    const world = await live()
    const error = await caught(world.link.request(ask('cancel')))
    expect(error).toBeInstanceOf(ForbiddenRequestError)
    expect(asked(world.last())).toEqual(['login'])
  })

  it('leave as they were when they were allowed', async () => {
    const world = await live({ capacity: 1 })
    const message: Record<string, unknown> = { ask: 'one' }
    void caught(world.link.request(ask('one', { message })))
    message.ask = 'cancel'
    await world.clock.advance(1_000)
    expect(asked(world.last())).toEqual(['login', 'one'])
  })

  it('wait for the budget, and leave the line when aborted there', async () => {
    const world = await live({ capacity: 1 })
    const leaving = new AbortController()
    const first = caught(world.link.request(ask('one'), leaving.signal))
    const second = world.link.request(ask('two'))
    await settle()
    expect(asked(world.last())).toEqual(['login'])
    leaving.abort(new Error('enough'))
    expect(await first).toMatchObject({ message: 'enough' })
    await world.clock.advance(1_000)
    expect(asked(world.last())).toEqual(['login', 'two'])
    world.last().say('reply two')
    await second
  })

  it('that wait for the budget when the session ends take nothing of it', async () => {
    const world = await live({ capacity: 1 })
    const request = caught(world.link.request(ask('one')))
    await settle()
    await world.session[Symbol.asyncDispose]()
    expect(await request).toMatchObject({ failure: 'later' })
    await world.clock.advance(1_000)
    expect(world.budget.free()).toBe(1)
  })

  it('aborted under way keep their turn until their reply, which the next one must not catch', async () => {
    const world = await live()
    const leaving = new AbortController()
    const first = caught(world.link.request(ask('same'), leaving.signal))
    const second = world.link.request(ask('same'))
    await settle()
    leaving.abort(new Error('enough'))
    expect(await first).toMatchObject({ message: 'enough' })
    await settle()
    expect(asked(world.last())).toEqual(['login', 'same'])
    world.last().say('reply same')
    await settle()
    expect(asked(world.last())).toEqual(['login', 'same', 'same'])
    world.last().say('reply same')
    await second
  })

  it('fail all together when the socket closes, and afterwards at once', async () => {
    const world = await live()
    const failed = [caught(world.link.request(ask('one'))), caught(world.link.request(ask('two')))]
    await settle()
    world.last().close({ code: 1001, reason: 'going away' })
    for (const error of await Promise.all(failed)) expect(error).toMatchObject({ failure: 'later' })
    await expect(world.link.request(ask('three'))).rejects.toMatchObject({ failure: 'later' })
  })

  it('are refused beyond a line that nobody would wait in', async () => {
    const world = await live()
    const line = Array.from({ length: MAX_QUEUED_REQUESTS + 1 }, () => caught(world.link.request(ask('one'))))
    await settle()
    void caught(world.link.request(ask('one')))
    await expect(world.link.request(ask('one'))).rejects.toMatchObject({ failure: 'later' })
    await world.session[Symbol.asyncDispose]()
    await Promise.all(line)
  })
})

describe('a request without a reply', () => {
  const timeOut = async (world: World) => {
    const request = caught(linkOf(world).request(ask('snapshot')))
    await world.clock.advance(5_000)
    return request
  }

  it('ends the session', async () => {
    const world = await live()
    expect(await timeOut(world)).toMatchObject({ failure: 'later', message: 'no reply within 5000 ms' })
    expect(world.sockets[0]?.terminated()).toBe(true)
    expect(world.heard.slice(0, 2)).toEqual(['up 1', 'down 1 later'])
  })

  it('ends it only so often: then the stream goes on, its requests fail at once, and it is renewed later', async () => {
    const world = await live({ chance: () => 0 })
    for (let ending = 0; ending < TIMEOUT_ENDINGS.most; ending++) {
      await timeOut(world)
      await settle()
    }
    expect(world.sockets).toHaveLength(TIMEOUT_ENDINGS.most + 1)
    await timeOut(world)
    expect(world.session.state()).toBe('live')
    world.last().say('frame')
    expect(world.heard.at(-1)).toBe('4.2 frame')
    const error = await caught(linkOf(world).request(ask('snapshot')))
    expect(error).toMatchObject({ failure: 'later', retry: { afterMs: expect.any(Number) } })
    for (let waited = 0; waited < TIMEOUT_ENDINGS.windowMs; waited += 20_000) {
      world.last().beat()
      await world.clock.advance(20_000)
    }
    expect(world.sockets).toHaveLength(TIMEOUT_ENDINGS.most + 2)
    const request = linkOf(world).request(ask('snapshot'))
    await settle()
    world.last().say('reply snapshot')
    await request
  })
})

describe('a live session', () => {
  it('counts every message, also replies and noise, and marks the newest', async () => {
    const world = await live()
    for (const text of ['noise', 'reply nobody', 'frame', 'error nonsense', 'one;two']) world.last().say(text)
    expect(world.heard.slice(1)).toEqual(['1.4 frame', '1.6 one', '1.6 two'])
    expect(world.session.mark()).toEqual({ epoch: 1, counter: 6 })
  })

  it('pings, and ends after silence alone: a message or a beat is a sign of life', async () => {
    const world = await live()
    await world.clock.advance(29_000)
    world.last().say('noise')
    await world.clock.advance(29_000)
    world.last().beat()
    await world.clock.advance(29_999)
    expect([world.session.state(), world.last().pings()]).toEqual(['live', 8])
    await world.clock.advance(1)
    expect(world.sockets[0]?.terminated()).toBe(true)
    expect(world.heard).toEqual(['up 1', 'down 1 later'])
  })

  it('logs in again where the venue ends its login unasked', async () => {
    const world = await live()
    world.last().say('error refused')
    expect(world.heard.at(-1)).toBe('down 1 refused')
    await world.clock.advance(RETRY.baseMs)
    expect(world.heard.at(-1)).toBe('up 2')
  })

  it('ends where nobody could take a frame, since that frame is a gap', async () => {
    const world = await live({
      onInbound(why) {
        if (why === 'bad') throw new Error('the disk is full')
      },
    })
    world.last().say('good')
    world.last().say('bad')
    world.last().say('after')
    expect(world.heard).toEqual(['up 1', '1.2 good', '1.3 bad', 'down 1 later'])
    expect(world.last().terminated()).toBe(true)
  })

  it('lets nothing of an ended socket through', async () => {
    const world = await live()
    const old = world.last()
    old.close()
    await world.clock.advance(RETRY.baseMs)
    old.say('ghost')
    old.open()
    old.close()
    expect(world.heard).toEqual(['up 1', 'down 1 later', 'up 2'])
    expect(world.session.state()).toBe('live')
  })
})

describe('coming back', () => {
  it('waits longer after every failure in a row, never beyond the longest wait, and for ever', async () => {
    const world = createWorld({ isHealthy: false, chance: () => 1 })
    await settle()
    for (let failure = 0; failure < 50; failure++) {
      world.last().close({ code: null, reason: 'ECONNREFUSED' })
      await world.clock.advance(RETRY.maxMs)
    }
    expect(world.sockets).toHaveLength(51)
    const waits = world.warnings.map(({ waitMs }) => waitMs)
    expect(waits.slice(0, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    expect(new Set(waits.slice(7))).toEqual(new Set([60_000]))
  })

  it('forgets failures only after it was healthy for a while', async () => {
    const world = await live({ chance: () => 1 })
    const fail = async () => {
      world.last().close()
      await world.clock.advance(2_000)
      world.last().beat()
    }
    await fail()
    await fail()
    for (let waited = 0; waited <= HEALTHY_AFTER_MS; waited += 20_000) {
      await world.clock.advance(20_000)
      world.last().beat()
    }
    await fail()
    expect(world.warnings.map(({ waitMs }) => waitMs)).toEqual([1_000, 2_000, 1_000])
  })

  it.each([401, 403])('is slow after an upgrade refused with %i', async (httpStatus) => {
    const world = createWorld({ isHealthy: false, chance: () => 0.5 })
    await settle()
    world.last().close({ httpStatus })
    expect(world.heard).toEqual(['down null refused'])
    await world.clock.advance((REFUSED_RETRY.leastMs + REFUSED_RETRY.mostMs) / 2 - 1)
    expect(world.sockets).toHaveLength(1)
    await world.clock.advance(1)
    expect(world.sockets).toHaveLength(2)
  })

  it('is slow after a refused login, but comes at once when asked to', async () => {
    const world = createWorld({
      establish: async () => {
        throw new VenueError('refused', 'unknown key')
      },
    })
    await world.clock.advance(REFUSED_RETRY.leastMs)
    expect([world.sockets.length, world.heard]).toEqual([1, ['down null refused']])
    world.session.retryNow()
    expect(world.sockets).toHaveLength(2)
  })

  it('waits at least as long as the venue asks', async () => {
    const world = createWorld({ isHealthy: false, chance: () => 0 })
    await settle()
    world.last().close({ httpStatus: 429 })
    expect(world.warnings).toMatchObject([{ waitMs: 60_000 }])
  })

  it('says nothing of secrets in the reason of a close', async () => {
    const world = await live()
    world.last().close({ code: 4000, reason: 'bad token=c4n4ry-4711' })
    expect(JSON.stringify(world.warnings)).not.toContain('c4n4ry')
  })
})

describe('disposing', () => {
  it('closes the socket, says so once, and leaves no timer and no request behind', async () => {
    const world = await live()
    const request = caught(world.link.request(ask('one')))
    await settle()
    const socket = world.last()
    await world.session[Symbol.asyncDispose]()
    expect(await request).toMatchObject({ failure: 'later' })
    socket.say('ghost')
    await world.session[Symbol.asyncDispose]()
    await world.clock.advance(REFUSED_RETRY.mostMs)
    expect(world.heard).toEqual(['up 1', 'down 1 stopped'])
    expect([world.sockets.length, world.clock.armed(), socket.terminated()]).toEqual([1, 0, true])
  })

  it('works from within a listener, which is the last that is called', async () => {
    const world: World = await live({ onInbound: () => void world.session[Symbol.asyncDispose]() })
    world.last().say('one')
    world.last().say('two')
    await settle()
    expect(world.heard).toEqual(['up 1', '1.2 one', 'down 1 stopped'])
    expect(world.clock.armed()).toBe(0)
  })

  it('leaves nothing running at whatever moment it comes', async () => {
    const doings = ['open', 'login', 'frame', 'error', 'close', 'refuse', 'ask', 'wait', 'long'] as const
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...doings), { maxLength: 25 }), async (script) => {
        const world = createWorld({ isHealthy: false })
        const asks: Promise<unknown>[] = []
        await settle()
        for (const doing of script) {
          if (doing === 'open') world.last().open()
          if (doing === 'login') world.last().say('reply login')
          if (doing === 'frame') world.last().say('frame')
          if (doing === 'error') world.last().say('error refused')
          if (doing === 'close') world.last().close()
          if (doing === 'refuse') world.last().close({ httpStatus: 401 })
          if (doing === 'ask') asks.push(caught(world.session.link()?.request(ask('x')) ?? Promise.resolve()))
          if (doing === 'wait') await world.clock.advance(1_500)
          if (doing === 'long') await world.clock.advance(120_000)
          await settle()
        }
        await world.session[Symbol.asyncDispose]()
        await Promise.all(asks)
        const said = [...world.heard]
        for (const socket of world.sockets) socket.say('ghost')
        await world.clock.advance(REFUSED_RETRY.mostMs)
        expect(world.heard).toEqual(said)
        expect(world.clock.armed()).toBe(0)
        expectOrderly(said)
      }),
      { numRuns: 60 },
    )
  })
})

/** Every up has its down, frames come between the two, and counters only grow. */
function expectOrderly(heard: readonly string[]): void {
  let up: string | null = null
  let counter = 0
  for (const line of heard) {
    const [word = '', epoch] = line.split(' ')
    if (word === 'up') {
      expect(up).toBeNull()
      up = epoch ?? null
      counter = 0
    } else if (word === 'down') {
      expect(epoch).toBe(up ?? 'null')
      up = null
    } else {
      const [at, count] = word.split('.')
      expect(at).toBe(up)
      expect(Number(count)).toBeGreaterThan(counter)
      counter = Number(count)
    }
  }
  expect(up).toBeNull()
}
