/** Owns `/metrics`: the names and labels that dashboards and alerts are built on. */
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Health } from './health.ts'
import type { Count, MeterTotals } from './meter.ts'
import type { QueueDepth } from './queue-depth.ts'

/** Accounts beyond this have no series of their own; `ordersync_accounts` still counts them. */
export const MAX_ACCOUNT_SERIES = 500

const ACCOUNT_STATES = ['ok', 'degraded', 'refused', 'blind', 'disabled'] as const
const STREAM_STATES = ['none', 'live', 'down'] as const

export interface AccountSample {
  account: string
  venue: string
  state: string
  streamState: string
  openOrders: number
  missing: number
  unknown: number
  quarantined: number
  lastCompleteAgeMs: number | null
}

export interface MetricsSnapshot {
  /** Of the configuration, so that the number of series is the user's own. */
  accounts: readonly AccountSample[]
  /** Null while the database cannot be read. */
  database: { walBytes: number; lastSeq: number } | null
  /** Null in a process that counts nothing. */
  totals: MeterTotals | null
}

export interface MetricsSource {
  /** Taken once a scrape. It throws nothing: what cannot be read is null. */
  snapshot(): MetricsSnapshot
}

export interface MetricsDeps {
  source: MetricsSource
  health: () => Health
  depths: () => Promise<readonly QueueDepth[]>
}

export function addMetricsRoute(app: FastifyInstance, deps: MetricsDeps): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauges = createGauges(registry)
  app.get('/metrics', async (_request, reply) => {
    const depths = await deps.depths()
    // Two scrapes at once may not mix: everything is set in one stretch without waiting.
    setService(gauges, deps.health())
    setSnapshot(gauges, deps.source.snapshot())
    setQueues(gauges, depths)
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

type Gauges = ReturnType<typeof createGauges>

function createGauges(registry: Registry) {
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `ordersync_${name}`, help, labelNames, registers })
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `ordersync_${name}`, help, labelNames, registers })
  const account = ['account']
  return {
    databaseOpen: gauge('database_open', '1 if the database can be read.'),
    lockHeld: gauge('lock_held', '1 if a daemon owns the database.'),
    engineReachable: gauge('queue_engine_reachable', '1 if the queue engine answers.'),
    accounts: gauge('accounts', 'Accounts in the configuration.'),
    accountState: gauge('account_state', '1 for the state the account is in.', ['account', 'venue', 'state']),
    streamState: gauge('stream_state', '1 for the state its stream is in.', ['account', 'state']),
    openOrders: gauge('open_orders', 'Orders open at the venue.', account),
    missing: gauge('missing_orders', 'Open orders absent from the last reads, not yet explained.', account),
    unknown: gauge('unknown_orders', 'Orders that vanished and whose ending nothing proves.', account),
    quarantined: gauge('quarantined_items', 'Pieces of venue messages nobody could read.', account),
    age: gauge('last_complete_age_seconds', 'Since the last complete read of open orders.', account),
    walBytes: gauge('wal_bytes', 'Size of the write-ahead log.'),
    lastSeq: gauge('last_seq', 'Seq of the newest event.'),
    queueJobs: gauge('queue_jobs', 'Jobs by state.', ['queue', 'state']),
    queueReachable: gauge('queue_reachable', '1 if the queue told its jobs in time.', ['queue']),
    polls: counter('polls_total', 'Polls since the process started.', account),
    pollErrors: counter('poll_errors_total', 'Polls that failed, by kind of failure.', ['account', 'failure']),
    events: counter('events_total', 'Events committed since the process started.', ['type']),
  }
}

function setService(gauges: Gauges, { database, lock, engine }: Health): void {
  gauges.databaseOpen.set(database === 'open' ? 1 : 0)
  gauges.lockHeld.set(lock === 'held' ? 1 : 0)
  gauges.engineReachable.set(engine?.reachable ? 1 : 0)
}

function setSnapshot(gauges: Gauges, { accounts, database, totals }: MetricsSnapshot): void {
  gauges.accounts.set(accounts.length)
  for (const name of [
    'accountState',
    'streamState',
    'openOrders',
    'missing',
    'unknown',
    'quarantined',
    'age',
  ] as const) {
    gauges[name].reset()
  }
  for (const sample of accounts.slice(0, MAX_ACCOUNT_SERIES)) setAccount(gauges, sample)
  // Without a database there is no size and no seq: a series that stops says so, a zero would lie.
  gauges.walBytes.remove()
  gauges.lastSeq.remove()
  if (database !== null) {
    gauges.walBytes.set(database.walBytes)
    gauges.lastSeq.set(database.lastSeq)
  }
  setTotals(gauges.polls, totals?.polls)
  setTotals(gauges.pollErrors, totals?.pollErrors)
  setTotals(gauges.events, totals?.events)
}

function setAccount(gauges: Gauges, sample: AccountSample): void {
  const { account, venue } = sample
  for (const [state, is] of oneOf(ACCOUNT_STATES, sample.state)) gauges.accountState.set({ account, venue, state }, is)
  for (const [state, is] of oneOf(STREAM_STATES, sample.streamState)) gauges.streamState.set({ account, state }, is)
  gauges.openOrders.set({ account }, sample.openOrders)
  gauges.missing.set({ account }, sample.missing)
  gauges.unknown.set({ account }, sample.unknown)
  gauges.quarantined.set({ account }, sample.quarantined)
  if (sample.lastCompleteAgeMs !== null) gauges.age.set({ account }, sample.lastCompleteAgeMs / 1_000)
}

/** A word of a newer daemon is `other`, so that the label stays a fixed set. */
const oneOf = (words: readonly string[], word: string): [string, 0 | 1][] => {
  const named = words.includes(word) ? word : 'other'
  return [...words, 'other'].map((each) => [each, each === named ? 1 : 0])
}

function setQueues(gauges: Gauges, depths: readonly QueueDepth[]): void {
  gauges.queueJobs.reset()
  gauges.queueReachable.reset()
  for (const { queue, jobs } of depths) {
    gauges.queueReachable.set({ queue }, jobs === null ? 0 : 1)
    for (const [state, count] of Object.entries(jobs ?? {})) gauges.queueJobs.set({ queue, state }, count)
  }
}

function setTotals(counter: Counter, counts: readonly Count[] = []): void {
  counter.reset()
  for (const { labels, total } of counts) counter.inc(labels, total)
}
