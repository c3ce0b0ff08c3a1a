/** Owns a scripted Revolut X: what each request is answered with, and what was asked. */
import { generateKeyPairSync } from 'node:crypto'
import type { HttpTransport, WireRequest, WireResponse } from '../../../src/venues/http.ts'
import { createAccount, createRevolutXBudget, type RevolutXSettings } from '../../../src/venues/revolut-x/client.ts'
import type { LookContext, VenueAccount } from '../../../src/venues/venue.ts'
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts'

export const NOW = Date.UTC(2026, 7, 20)
export const { privateKey, publicKey } = generateKeyPairSync('ed25519')
export const API_KEY = 'k'.repeat(64)

export interface Asked {
  method: string
  path: string
  query: URLSearchParams
  headers: Readonly<Record<string, string>>
  url: string
}

export type Script = (asked: Asked, nth: number) => Partial<WireResponse>

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Partial<WireResponse> => ({
  status,
  headers,
  body: JSON.stringify(body),
})

export const failure = (status: number, headers: Record<string, string> = {}) =>
  json(
    { message: 'Words of the venue', error_id: '7d85b5e7-d0f0-4696-b7b5-a300d0d03a5e', timestamp: 1 },
    status,
    headers,
  )

export interface FakeVenue {
  account: VenueAccount
  clock: FakeClock
  asked: Asked[]
}

/** An account at a venue that answers by `script`. `nth` counts from 1. */
export function createFakeVenue(script: Script, settings: Partial<RevolutXSettings> = {}): FakeVenue {
  const clock = createFakeClock({ wall: NOW })
  const asked: Asked[] = []
  const http: HttpTransport = async (request) => {
    asked.push(askedOf(request))
    const answer = script(askedOf(request), asked.length)
    return { status: 200, headers: {}, body: '', ...answer }
  }
  const complete: RevolutXSettings = {
    id: 'revx',
    protocol: 'orders-active',
    restUrl: 'https://revx.example',
    apiKey: API_KEY,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    rateShare: 1,
    ...settings,
  }
  const budget = createRevolutXBudget(complete, clock)
  const { account } = createAccount(complete, { clock, chance: () => 0.5, http, budget })
  return { account, clock, asked }
}

export const lookContext = (open: LookContext['open'] = []): LookContext => ({
  session: null,
  symbols: [],
  open,
  signal: new AbortController().signal,
})

function askedOf({ method, url, headers }: WireRequest): Asked {
  const { pathname, searchParams } = new URL(url)
  return { method, path: pathname, query: searchParams, headers, url }
}

/** The nth order's id. */
export const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

export const row = (n: number, fields: Record<string, unknown> = {}) => ({
  id: idOf(n),
  client_order_id: idOf(n),
  symbol: 'BTC/USD',
  side: 'sell',
  type: 'limit',
  quantity: '1.5',
  filled_quantity: '0',
  leaves_quantity: '1.5',
  price: '120000.00',
  status: 'new',
  time_in_force: 'gtc',
  execution_instructions: ['allow_taker'],
  created_date: NOW - 60_000,
  updated_date: NOW - 30_000,
  ...fields,
})

export const trade = (n: number, order: number, fields: Record<string, unknown> = {}) => ({
  tid: `t${n}`,
  oid: idOf(order),
  p: '120000.50',
  pc: 'USD',
  q: '0.5',
  qc: 'BTC',
  tdt: NOW - 40_000,
  im: false,
  ...fields,
})

export const page = (rows: readonly unknown[], cursor: string | null = '') =>
  json({ data: rows, metadata: { timestamp: NOW, next_cursor: cursor } })
