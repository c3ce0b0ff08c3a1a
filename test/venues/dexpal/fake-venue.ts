/** Owns a scripted partner: what each request is answered with, and what was asked. */
import type { Budget } from '../../../src/venues/budget.ts'
import { createAccount, createDexpalBudget, type DexpalSettings } from '../../../src/venues/dexpal/client.ts'
import type { HttpTransport, WireResponse } from '../../../src/venues/http.ts'
import type { LookContext, VenueAccount } from '../../../src/venues/venue.ts'
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts'

export const NOW = Date.UTC(2026, 7, 20)
export const API_KEY = 'dexpal-canary-key-000111222'

export interface Asked {
  method: string
  path: string
  query: URLSearchParams
  addresses: string[]
  headers: Readonly<Record<string, string>>
  url: string
}

export type Script = (asked: Asked, nth: number) => Partial<WireResponse>

/** The nth wallet, in the spelling of a checksum. */
export const walletOf = (n: number): string => `0xABcd${String(n).padStart(36, '0')}`
export const lower = (text: string): string => text.toLowerCase()

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Partial<WireResponse> => ({
  status,
  headers,
  body: JSON.stringify(body),
})

export const list = (rows: readonly unknown[], over: Record<string, unknown> = {}, headers = {}) =>
  json({ success: true, data: rows, ...over }, 200, headers)

export const failure = (status: number, error = 'Words of the venue', headers: Record<string, string> = {}) =>
  json({ success: false, error }, status, headers)

/** Answers every address with its own rows. */
export const holding =
  (rows: readonly { address: string }[]): Script =>
  ({ addresses }) =>
    list(rows.filter(({ address }) => addresses.map(lower).includes(lower(address))))

export interface FakeVenue {
  account: VenueAccount
  budget: Budget
  clock: FakeClock
  asked: Asked[]
}

/** An account at a venue that answers by `script`. `nth` counts from 1. */
export function createFakeVenue(script: Script, over: Partial<DexpalSettings> = {}): FakeVenue {
  const clock = createFakeClock({ wall: NOW })
  const asked: Asked[] = []
  const http: HttpTransport = async ({ method, url, headers }) => {
    const { pathname: path, searchParams: query } = new URL(url)
    const request = { method, path, query, addresses: (query.get('addr') ?? '').split(','), headers, url }
    asked.push(request)
    return { status: 200, headers: {}, body: '', ...script(request, asked.length) }
  }
  const settings = {
    id: 'vela',
    restUrl: 'https://partner.example',
    apiKey: API_KEY,
    addresses: [walletOf(1)],
    rateShare: 1,
    ...over,
  }
  const budget = createDexpalBudget(settings, clock)
  const { account } = createAccount(settings, { clock, chance: () => 0.5, http, budget })
  return { account, budget, clock, asked }
}

export const lookContext = (open: LookContext['open'] = []): LookContext => ({
  session: null,
  symbols: [],
  open,
  signal: new AbortController().signal,
})

/** The nth order of the wth wallet. */
export const row = (n: number, fields: Record<string, unknown> = {}, w = 1) => ({
  orderId: `vela:${walletOf(w)}:${n}`,
  address: walletOf(w),
  exchange: 'vela',
  side: 'long',
  baseAsset: 'BTC',
  quoteAsset: 'USD',
  assetType: 'crypto',
  limitPrice: 40500.5,
  positionSizeUsd: 200,
  positionSizeToken: 0.00493,
  collateralUsd: 20,
  leverage: 10,
  createdAt: '2026-08-01T10:00:00Z',
  ...fields,
})

export const idOf = (n: number, w = 1): string => `vela:${lower(walletOf(w))}:${n}`
