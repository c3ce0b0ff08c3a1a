/** Owns how one socket to Derive is held for all accounts of a key: log-in, subscriptions, and what may leave. */
import { z } from 'zod'
import { ForbiddenRequestError, VenueError } from '../errors.ts'
import { USER_AGENT } from '../http.ts'
import type { SessionLink, SessionProtocol } from '../venue.ts'
import type { VenueClock } from '../venue-clock.ts'
import { ANSWER, CHANNELS, channelOf, createFrameReader, isSubscribed, type Member } from './frames.ts'
import { READ_METHODS } from './rest.ts'
import type { Sign } from './sign.ts'

/** Everything that may leave on the socket. `private/set_cancel_on_disconnect` would cancel orders when it drops. */
export const ALLOWED_METHODS: ReadonlySet<string> = new Set([
  'public/get_time',
  'public/login',
  'subscribe',
  'unsubscribe',
  ...READ_METHODS.v3,
])

const REPLY_TIMEOUT_MS = 10_000

export interface SocketGroup {
  /** One object however many accounts join: its `accounts` grow with them. */
  readonly protocol: SessionProtocol
  /** Before the session begins. */
  join(member: Member): void
  /** False for an account whose channels were refused when the session came up. */
  carries(account: string): boolean
}

export interface SocketGroupOptions {
  key: string
  wsUrl: string
  wallet: string
  sign: Sign
  venueClock: VenueClock
  scrubSecrets: (text: string) => string
}

/** The venue allows four sockets an address, so accounts that differ in nothing but the subaccount share one. */
export function createSocketGroup(options: SocketGroupOptions): SocketGroup {
  const members: Member[] = []
  const accounts: string[] = []
  let refused: ReadonlySet<string> = new Set()
  let lastId = 0

  /** Ids are never used twice, so that a late answer is nobody else's. */
  const ask = async (link: SessionLink, method: string, params: object, signal: AbortSignal): Promise<unknown> => {
    const id = ++lastId
    const request = {
      message: { id, method, params },
      matches: (reply: { name: string; id: string | null }) => reply.name === ANSWER && reply.id === String(id),
      timeoutMs: REPLY_TIMEOUT_MS,
      weight: 1,
    }
    return (await link.request(request, signal)).body
  }

  const protocol: SessionProtocol = {
    key: options.key,
    accounts,
    // Nothing is documented: clients are known to ping every 5 to 30 seconds.
    keepAlive: { pingEveryMs: 15_000, silenceMs: 45_000 },
    url: () => options.wsUrl,
    headers: () => ({ 'user-agent': USER_AGENT }),
    allows,
    async establish(link, signal) {
      await setClock((method) => ask(link, method, {}, signal), options.venueClock)
      await logIn((method, params) => ask(link, method, params, signal), options)
      const channels = members.flatMap((member) => CHANNELS.map((kind) => channelOf(member, kind)))
      const result = await ask(link, 'subscribe', { channels: [...new Set(channels)] }, signal)
      refused = new Set(members.filter((member) => !isSubscribed(result, member)).map(({ account }) => account))
      if (refused.size === members.length) throw new VenueError('later', 'no channel could be subscribed to')
    },
    read: createFrameReader({ members, scrubSecrets: options.scrubSecrets }),
  }
  return {
    protocol,
    join(member) {
      members.push(member)
      accounts.push(member.account)
    },
    carries: (account) => !refused.has(account),
  }
}

const CHANNEL = /^\d+\.(?:orders|trades)$/
const subscriptionSchema = z.looseObject({ channels: z.array(z.string().regex(CHANNEL)) })

function allows(message: Readonly<Record<string, unknown>>): string {
  const { method, params } = message
  if (typeof method !== 'string' || !ALLOWED_METHODS.has(method)) {
    throw new ForbiddenRequestError(`method ${String(method).slice(0, 60)}: not on the allow-list`)
  }
  if (method.endsWith('subscribe') && !subscriptionSchema.safeParse(params).success) {
    throw new ForbiddenRequestError(`${method}: a channel that is not on the allow-list`)
  }
  return method
}

/** A wallet's own signature must be fresh, by a clock that is the venue's: where it tells the time, that is taken. */
async function setClock(ask: (method: string) => Promise<unknown>, venueClock: VenueClock): Promise<void> {
  const time = await ask('public/get_time').catch((error: unknown) => {
    if (error instanceof VenueError && error.failure === 'misused') return null
    throw error
  })
  if (typeof time === 'number') venueClock.learn(time)
}

type Ask = (method: string, params: object) => Promise<unknown>

/** An empty list of subaccounts is a log-in too: it has nothing to read. */
async function logIn(ask: Ask, { sign, wallet }: SocketGroupOptions): Promise<void> {
  const { timestamp, signature } = sign()
  const result = await ask('public/login', { wallet, timestamp, signature }).catch((error: unknown) => {
    throw refusalOf(error)
  })
  if (!Array.isArray(result)) throw new VenueError('broken', 'public/login: no list of subaccounts')
}

/** A log-in has nothing in it but the wallet and the key, so calling it wrong is calling them wrong. */
const refusalOf = (error: unknown): unknown =>
  error instanceof VenueError && error.failure === 'misused'
    ? new VenueError('refused', error.message, { cause: error })
    : error
