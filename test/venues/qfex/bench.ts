/** Owns a QFEX at the edge: a socket link and an HTTP transport whose answers a test writes. */
import type { HttpTransport, WireRequest } from '../../../src/venues/http.ts'
import { createAccount, createQfexBudget, type QfexDeps, type QfexSettings } from '../../../src/venues/qfex/client.ts'
import type { Inbound, LookContext, Reply, SessionLink, SessionProtocol } from '../../../src/venues/venue.ts'
import { createFakeClock } from '../../support/fake-clock.ts'
import { instrument } from './examples.ts'

export const SECRET = 'qfex_secret_canary_0123456789'

export const settings: QfexSettings = {
  id: 'qfex-main',
  wsUrl: 'wss://trade.qfex.test',
  restUrl: 'https://api.qfex.test',
  publicKey: 'qfex_pub_test',
  secretKey: SECRET,
  rateShare: 1,
}

export interface Exchange {
  status?: number
  body?: unknown
  headers?: Record<string, string>
}

/** Answers by path; a path without an answer is an empty list. */
export type Answers = (path: string, query: URLSearchParams, request: WireRequest) => Exchange | undefined

export function createBench(answers: Answers = () => undefined, extra: Partial<QfexDeps & QfexSettings> = {}) {
  const clock = createFakeClock({ wall: Date.UTC(2025, 8, 18, 16) })
  const requests: WireRequest[] = []
  const http: HttpTransport = async (request) => {
    requests.push(request)
    const url = new URL(request.url)
    const { status = 200, body, headers = {} } = answers(url.pathname, url.searchParams, request) ?? {}
    const fallback = url.pathname === '/refdata' ? { type: 'refdata', data: [instrument] } : { data: null, count: 0 }
    const date = new Date(clock.wall()).toUTCString()
    const text = typeof body === 'string' ? body : JSON.stringify(body ?? fallback)
    return { status, headers: { date, ...headers }, body: text }
  }
  let chance = 0
  const budget = createQfexBudget(settings, clock)
  const { account, session } = createAccount(
    { ...settings, ...extra },
    { clock, chance: () => (chance = (chance + 0.37) % 1), http, budget, ...extra },
  )
  return { account, session, clock, requests, budget }
}

/**
 * A link whose other end answers each message with messages, read as the session would read them. What is not the reply
 * to the request is passed over, as frames are.
 */
export function linkTo(
  protocol: SessionProtocol,
  answer: (message: Readonly<Record<string, unknown>>) => readonly unknown[],
): SessionLink & { sent: Readonly<Record<string, unknown>>[] } {
  const sent: Readonly<Record<string, unknown>>[] = []
  return {
    epoch: 1,
    sent,
    async request(request) {
      protocol.allows(request.message)
      sent.push(request.message)
      const inbound = answer(request.message).flatMap((one) => protocol.read(JSON.stringify(one)))
      for (const one of inbound) {
        if (one.is === 'error') throw one.error
        if (one.is === 'reply' && request.matches(one)) return one satisfies Reply
      }
      throw new Error(`no answer to ${String(request.message.type)}`)
    },
  }
}

export const contextOf = (session: SessionLink | null, extra: Partial<LookContext> = {}): LookContext => ({
  session,
  symbols: [],
  open: [],
  signal: new AbortController().signal,
  ...extra,
})

export const only = (inbound: readonly Inbound[]): Inbound => {
  const [one] = inbound
  if (one === undefined || inbound.length !== 1) throw new Error(`expected one, got ${inbound.length}`)
  return one
}
