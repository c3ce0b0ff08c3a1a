/** Owns a scripted Derive: what each method is answered with, and what was asked. */
import { createDeriveRegistry, type DeriveSettings, type OpenedDerive } from '../../../src/venues/derive/client.ts'
import { VenueError } from '../../../src/venues/errors.ts'
import type { HttpTransport, WireResponse } from '../../../src/venues/http.ts'
import type { LookContext, Question, SnapshotRead } from '../../../src/venues/venue.ts'
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts'
import { idOf, NOW, type Row, SESSION_KEY, SUBACCOUNT, WALLET } from './examples.ts'

export interface Asked {
  method: string
  url: string
  params: Row
  headers: Readonly<Record<string, string>>
}

/** `nth` counts the calls of this method from 1. */
export type Script = (asked: Asked, nth: number) => Partial<WireResponse>

export const result = (value: unknown): Partial<WireResponse> => ({ body: JSON.stringify({ id: '1', result: value }) })
export const orders = (rows: readonly Row[]) => result({ subaccount_id: SUBACCOUNT, orders: rows })
export const orderPage = (rows: readonly Row[], count = rows.length, pages = count > 0 ? 1 : 0) =>
  result({ subaccount_id: SUBACCOUNT, orders: rows, pagination: { count, num_pages: pages } })
export const tradePage = (rows: readonly Row[], count = rows.length, pages = count > 0 ? 1 : 0) =>
  result({ subaccount_id: SUBACCOUNT, trades: rows, pagination: { count, num_pages: pages } })
export const failure = (code: number, message = 'words of the venue', data: unknown = null) => ({
  body: JSON.stringify({ id: '1', error: { code, message, data } }),
})

/** Answers for a venue without any orders, by method, where a test says nothing else. */
const EMPTY: Readonly<Record<string, () => Partial<WireResponse>>> = {
  'private/get_trigger_orders': () => orders([]),
  'private/get_algo_orders': () => result([]),
  'private/get_open_orders': () => orders([]),
  'private/get_order': () => failure(11006, 'Does not exist'),
  'private/get_order_history': () => orderPage([]),
  'private/get_trade_history': () => tradePage([]),
  'private/get_orders': () => orderPage([]),
}

export type Scripts = Readonly<Record<string, Script>>

export interface FakeVenue extends OpenedDerive {
  clock: FakeClock
  asked: Asked[]
  methods: () => string[]
  open: (settings?: Partial<DeriveSettings>) => OpenedDerive
}

/** An account at a venue that answers by `scripts`. Methods go by their names without `private/`. */
export function createFakeVenue(scripts: Scripts = {}, settings: Partial<DeriveSettings> = {}): FakeVenue {
  const clock = createFakeClock({ wall: NOW })
  const asked: Asked[] = []
  const http: HttpTransport = async ({ url, headers, body }) => {
    const method = /\/((?:private|public)\/\w+)$/.exec(url)?.[1] ?? url
    const call = { method, url, headers, params: JSON.parse(body ?? 'null') }
    asked.push(call)
    const script = scripts[method.replace('private/', '')] ?? EMPTY[method]
    const nth = asked.filter((other) => other.method === method).length
    return { status: 200, headers: { date: new Date(NOW).toUTCString() }, body: '', ...script?.(call, nth) }
  }
  const registry = createDeriveRegistry({ clock, chance: () => 0.5, http })
  const open: FakeVenue['open'] = (change = {}) => registry({ ...SETTINGS, ...settings, ...change })
  const methods = () => asked.map(({ method }) => method.replace('private/', ''))
  return { ...open(), clock, asked, methods, open }
}

export const SETTINGS: DeriveSettings = {
  id: 'derive-main',
  protocol: 'v3',
  restUrl: 'https://api.derive.example/v3',
  wsUrl: 'wss://api.derive.example/v3/ws',
  wallet: WALLET,
  sessionKey: SESSION_KEY,
  subaccountId: SUBACCOUNT,
  rateShare: 1,
}

export const lookContext = (): LookContext => ({
  session: null,
  symbols: [],
  open: [],
  signal: new AbortController().signal,
})

export const question = (n: number, fields: Partial<Question> = {}): Question => ({
  kind: 'order',
  venueOrderId: idOf(n),
  symbol: 'ETH-PERP',
  clientOrderId: null,
  firstSeenAt: NOW - 50_000,
  since: NOW - 30_000,
  ...fields,
})

/** The one scope that a look at Derive reads. */
export async function look({ account }: Pick<OpenedDerive, 'account'>): Promise<SnapshotRead> {
  const [read, ...more] = await account.snapshot(lookContext())
  if (read === undefined || more.length > 0) throw new Error('one scope was expected')
  return read
}

export async function failureOf(run: Promise<unknown>): Promise<VenueError> {
  const error = await run.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof VenueError) return error
  throw new Error(`no VenueError but ${String(error)}`)
}
