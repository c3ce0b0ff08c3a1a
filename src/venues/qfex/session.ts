/** Owns how a socket to QFEX is held: its address, its log-in and subscriptions, and the few messages that may leave. */
import { ForbiddenRequestError, VenueError } from '../errors.ts'
import type { SessionLink, SessionProtocol } from '../venue.ts'
import { AUTH, createFrameReader, type FrameDeps, SUBSCRIBED } from './frames.ts'
import type { Instruments } from './instruments.ts'
import type { Sign } from './sign.ts'

/** Fills come only here; order responses go only to connections that subscribed to them. */
const CHANNELS = ['order_responses', 'fills'] as const

/** Everything that may leave on the socket. All of it reads; what trades, or ties orders to this connection, is not here. */
const ALLOWED_TYPES = new Set(['auth', 'subscribe', 'unsubscribe', 'get_user_orders', 'get_order', 'get_user_trades'])

const REPLY_TIMEOUT_MS = 10_000

/** https://docs.qfex.com/websocket/rate, in units of the user's general bucket. */
export const WEIGHTS = { auth: 1, subscribe: 0.1, get_user_orders: 5, get_order: 2 } as const

export interface SessionOptions extends FrameDeps {
  key: string
  wsUrl: string
  publicKey: string
  subaccount: string | null
  sign: Sign
  instruments: Instruments
  /** False for a session that only asks. */
  subscribes: boolean
}

export function createSessionProtocol(options: SessionOptions): SessionProtocol {
  const { account, memory, instruments } = options
  return {
    key: options.key,
    accounts: [account],
    // QFEX pings too, at an interval it does not state; ours makes silence mean something.
    keepAlive: { pingEveryMs: 20_000, silenceMs: 60_000 },
    url() {
      const url = new URL(options.wsUrl)
      // The documents' samples carry it, though the log-in message names the key too.
      url.searchParams.set('api_key', options.publicKey)
      return url.href
    },
    headers: () => ({}),
    allows,
    async establish(link, signal) {
      // First, because the answer carries the venue's clock: a log-in is refused when ours is five minutes off.
      await instruments.prepare(memory.symbols(), signal)
      await authenticate(link, options, signal)
      if (!options.subscribes) return
      for (const channel of CHANNELS) await subscribe(link, channel, signal)
    },
    read: createFrameReader(options),
  }
}

function allows(message: Readonly<Record<string, unknown>>): string {
  const { type } = message
  if (typeof type !== 'string' || !ALLOWED_TYPES.has(type)) {
    throw new ForbiddenRequestError(`message ${String(type).slice(0, 60)}: not on the allow-list`)
  }
  return type
}

async function authenticate(link: SessionLink, { sign, publicKey, subaccount }: SessionOptions, signal: AbortSignal) {
  const { nonce, unixTs, signature } = sign()
  const hmac = { public_key: publicKey, nonce, unix_ts: unixTs, signature }
  const params = { hmac, ...(subaccount === null ? {} : { account_id: subaccount }) }
  const request = {
    message: { type: 'auth', params },
    matches: ({ name }: { name: string }) => name === AUTH,
    timeoutMs: REPLY_TIMEOUT_MS,
    weight: WEIGHTS.auth,
  }
  const { body } = await link.request(request, signal).catch((error: unknown) => {
    throw refusalOf(error)
  })
  if (body !== true) throw new VenueError('refused', 'the venue does not accept this key')
}

/** A log-in has nothing in it but the key and the account, so calling it wrong is calling them wrong. */
const refusalOf = (error: unknown): unknown =>
  error instanceof VenueError && error.failure === 'misused'
    ? new VenueError('refused', `log-in: ${error.message}`, { cause: error })
    : error

async function subscribe(link: SessionLink, channel: (typeof CHANNELS)[number], signal: AbortSignal): Promise<void> {
  const request = {
    message: { type: 'subscribe', params: { channels: [channel] } },
    matches: ({ name, id }: { name: string; id: string | null }) => name === SUBSCRIBED && id === channel,
    timeoutMs: REPLY_TIMEOUT_MS,
    weight: WEIGHTS.subscribe,
  }
  await link.request(request, signal)
}
