/** Owns a world for one account: a real store in memory, a clock that a test moves, and a venue that says what it is told to. */
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { Fill } from '../../src/core/order.ts'
import type { LookupAnswer, Sighting } from '../../src/core/report.ts'
import { openStore, type Store } from '../../src/store/commit.ts'
import { type AccountSync, createAccountSync } from '../../src/sync/account.ts'
import type { SyncSettings } from '../../src/sync/settings.ts'
import { VenueError } from '../../src/venues/errors.ts'
import type {
  HistoryRead,
  HistoryWindow,
  LookContext,
  Question,
  SessionLink,
  SnapshotRead,
  VenueAccount,
} from '../../src/venues/venue.ts'
import { createFakeClock } from '../support/fake-clock.ts'

export const WALL = 1_760_000_000_000

export const SETTINGS: SyncSettings = {
  account: 'main',
  venue: 'qfex',
  pollEveryMs: 10_000,
  pollWhileStreamingMs: 60_000,
  historyEveryMs: 300_000,
  historyOverlapMs: 600_000,
  confirmations: 2,
  graceMs: 30_000,
  giveUpAfterMs: 604_800_000,
  settleMs: 2_000,
}

export const aRead = (sightings: Sighting[], over: Partial<SnapshotRead> = {}): SnapshotRead => ({
  scope: { of: 'account', kinds: ['order', 'algo', 'trigger'] },
  coverage: { proves: 'absence' },
  sightings,
  alsoPresent: [],
  sameSession: false,
  venueTime: null,
  quarantined: [],
  ...over,
})

export const someHistory = (over: Partial<HistoryRead> = {}): HistoryRead => ({
  sightings: [],
  fills: [],
  complete: true,
  venueTime: null,
  quarantined: [],
  ...over,
})

export const later = (message = 'down') => new VenueError('later', message)
/** A venue that never answers and heeds no signal. */
export const never = <T>(): Promise<T> => new Promise(() => {})

/** What the venue does; a test changes it as it goes. */
export interface Script {
  snapshot(context: LookContext): Promise<SnapshotRead[]>
  lookup(question: Question, context: LookContext): Promise<LookupAnswer>
  lookBack(window: HistoryWindow, context: LookContext): Promise<HistoryRead>
  venueNow(): number | null
}

export interface World {
  clock: ReturnType<typeof createFakeClock>
  store: Store
  script: Script
  sync: AccountSync
  /** How often each method was called, with what history was asked for. */
  asked: { snapshots: number; lookups: string[]; windows: HistoryWindow[] }
  polled: string[]
  /** Whether a session is live. */
  live(epoch: number | null): void
  frame(sighting: Sighting, tradeId?: string | null): void
  fill(fill: Fill): void
  /** `opened a`, `vanished a`, … so far. */
  told(): string[]
  status(id: string): string | undefined
  /** What the store says of the account. */
  state(): { state: string; lastError: string | null; historyThrough: number | null; trackedSince: number }
  /** Makes every write of the store fail until told otherwise. */
  breakStore(broken: boolean): void
}

export interface WorldOptions {
  settings?: Partial<SyncSettings>
  venue?: Partial<Pick<VenueAccount, 'lookups' | 'history' | 'streams' | 'looksThroughSession' | 'hasHints'>>
  trackSince?: number | null
  /** The world this one comes after: its store, in a new process. */
  after?: World
}

export function aWorld({ settings = {}, venue = {}, trackSince = null, after }: WorldOptions = {}): World {
  const clock = after?.clock ?? createFakeClock({ wall: WALL })
  let broken = false
  const owner = { pid: 1, host: 'here' }
  const real = after?.store ?? openStore({ path: ':memory:', clock, owner, newLogId: () => 'log' })
  if (after === undefined) onTestFinished(() => real[Symbol.dispose]())
  const store: Store = Object.create(real, {
    transact: {
      value: (work: Parameters<Store['transact']>[0]) => {
        if (broken) throw new Error('the disk is gone')
        return real.transact(work)
      },
    },
  })
  const one = { id: 'main', venue: 'qfex', environment: 'test', identity: 'host/user', enabled: true } as const
  real.transact((tx) => tx.registerAccounts([{ ...one, trackSince }], WALL))
  const script: Script = {
    snapshot: async () => [aRead([])],
    lookup: async () => ({ is: 'silent' }),
    lookBack: async () => someHistory(),
    venueNow: () => clock.wall(),
  }
  const asked: World['asked'] = { snapshots: 0, lookups: [], windows: [] }
  const polled: string[] = []
  const account: VenueAccount = {
    id: 'main',
    venue: 'qfex',
    identity: 'host/user',
    lookups: 'any',
    history: true,
    streams: true,
    looksThroughSession: false,
    ...venue,
    snapshot: (context) => {
      asked.snapshots += 1
      return script.snapshot(context)
    },
    lookup: (question, context) => {
      asked.lookups.push(question.venueOrderId)
      return script.lookup(question, context)
    },
    lookBack: (window, context) => {
      asked.windows.push(window)
      return script.lookBack(window, context)
    },
    venueNow: () => script.venueNow(),
  }
  let session: SessionLink | null = null
  let epoch = 0
  let counter = 0
  const sync = createAccountSync({
    settings: { ...SETTINGS, ...settings },
    venue: account,
    store,
    clock,
    chance: () => 0.5,
    log: pino({ level: 'silent' }),
    meter: { polled: (_, result) => polled.push(result), recorded: () => {} },
    session: () => session,
  })
  onTestFinished(() => sync[Symbol.asyncDispose]())
  return {
    clock,
    store,
    script,
    sync,
    asked,
    polled,
    live(next) {
      if (next === null) session = null
      else {
        epoch = next
        counter = 0
        session = { epoch: next, request: () => Promise.reject(later('no requests here')) }
      }
    },
    frame: (sighting, tradeId = null) =>
      sync.hear(epoch, ++counter, [{ is: 'order', account: 'main', sighting, tradeId }]),
    fill: (fill) => sync.hear(epoch, ++counter, [{ is: 'fill', account: 'main', fill }]),
    told: () => real.read.events({ after: 0 }).events.map((event) => `${event.type} ${event.venue_order_id}`),
    status: (id) => real.read.orders({}).orders.find((order) => order.venue_order_id === id)?.status,
    state() {
      const row = real.accounts().find((account) => account.account === 'main')
      if (row === undefined) throw new Error('no account')
      const { state, lastError, historyThrough, trackedSince } = row
      return { state, lastError, historyThrough, trackedSince }
    },
    breakStore(value) {
      broken = value
    },
  }
}
