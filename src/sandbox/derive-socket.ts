/** Owns one client's talk on Derive's socket: logging in, subscribing channel by channel, and the methods of HTTP. */
import { z } from 'zod'
import type { DeriveAccount } from './credentials.ts'
import { type Answer, refused } from './derive-errors.ts'
import { accountNamed, type Caller, type DeriveDeps, idsOf, type Params, V3_METHODS } from './derive-methods.ts'
import type { FaultPoint } from './faults.ts'
import type { Conversation, Peer } from './server.ts'

const message = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).nullish(),
})
const login = z.object({
  wallet: z.string(),
  timestamp: z.union([z.string(), z.number()]).transform(String),
  signature: z.string(),
})
const someChannels = z.object({ channels: z.array(z.string()) })
const channelName = /^(\d+)\.(?:orders|trades)$/

/** One socket and what its client has asked to hear. */
export interface DeriveSession {
  peer: Peer
  caller: Caller | null
  channels: Set<string>
}

/** What a conversation shares with HTTP. */
export interface DeriveRoom {
  deps: DeriveDeps
  /** Who the claim proves, or the error for one that proves nothing. */
  identify: (claim: z.output<typeof login>) => Caller | ReturnType<typeof refused>
  /** Writes down what only a trader asks for. */
  refuseTrading: (method: string, account: DeriveAccount | null) => Answer
  left: () => void
}

export function createDeriveConversation(session: DeriveSession, room: DeriveRoom): Conversation {
  const { deps } = room
  return {
    accounts: () => (session.caller?.accounts ?? []).map(({ id }) => id),
    closed: room.left,
    receive(text) {
      const parsed = message.safeParse(jsonOf(text))
      if (!parsed.success) return session.peer.send({ id: null, ...refused(-32700) }, 'auth', null)
      const { id = null, method, params } = parsed.data
      const account = accountNamed(params, session.caller?.accounts ?? [])
      const answer = deps.limits.take(session.caller?.wallet ?? 'public')
        ? respond(session, room, method, params ?? {})
        : refused(-32000)
      session.peer.send({ id, ...answer }, pointOf(method), account?.id ?? null)
    },
  }
}

const pointOf = (method: string): FaultPoint => V3_METHODS[method]?.on ?? 'auth'

function respond(session: DeriveSession, room: DeriveRoom, method: string, params: Params): Answer {
  if (method === 'public/login') return logIn(session, room, params)
  if (method === 'subscribe') return subscribe(session, params)
  if (method === 'unsubscribe') return unsubscribe(session, params)
  const known = V3_METHODS[method]
  if (known === undefined) return room.refuseTrading(method, accountNamed(params, room.deps.accounts))
  const caller = session.caller ?? (method.startsWith('public/') ? NOBODY : null)
  return caller === null ? refused(14021) : known.answer(params, caller, room.deps)
}

/** Asks what needs no key. */
export const NOBODY: Caller = { wallet: 'public', accounts: [] }

/** A key that may read nothing is a log-in with an empty list. */
function logIn(session: DeriveSession, room: DeriveRoom, params: Params): Answer {
  const parsed = login.safeParse(params)
  if (!parsed.success) return refused(14021)
  const caller = room.identify(parsed.data)
  if ('error' in caller) return caller
  session.caller = caller
  return { result: idsOf(caller.accounts) }
}

/** The answer is a success whatever became of a channel: that is in its own words. */
function subscribe(session: DeriveSession, params: Params): Answer {
  const parsed = someChannels.safeParse(params)
  if (!parsed.success) return refused(-32602, 'channels')
  const readable = new Set(idsOf(session.caller?.accounts ?? []).map(String))
  const status: Record<string, string> = {}
  for (const channel of parsed.data.channels) {
    const [, subaccount] = channelName.exec(channel) ?? []
    if (subaccount === undefined) status[channel] = 'Invalid channel'
    else if (!readable.has(subaccount)) status[channel] = 'Private channel subscription failed'
    else if (session.channels.has(channel)) status[channel] = 'already subscribed'
    else {
      session.channels.add(channel)
      status[channel] = 'ok'
    }
  }
  return { result: { status, current_subscriptions: [...session.channels] } }
}

/** Without channels: from all of them. */
function unsubscribe(session: DeriveSession, params: Params): Answer {
  const parsed = someChannels.safeParse(params)
  const channels = parsed.success ? parsed.data.channels : [...session.channels]
  const status: Record<string, string> = {}
  for (const channel of channels) status[channel] = session.channels.delete(channel) ? 'ok' : 'not subscribed'
  return { result: { status, remaining_subscriptions: [...session.channels] } }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
