import { afterEach, describe, expect, test } from 'vitest'
import { createMeter } from '../../src/monitor/meter.ts'
import { type AccountSample, MAX_ACCOUNT_SERIES, type MetricsSnapshot } from '../../src/monitor/metrics.ts'
import { ask, NOTHING, type Rig, startRig, WELL } from './harness.ts'

let rig: Rig | null = null
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = null
})

const SAMPLE: AccountSample = {
  account: 'qfex-main',
  venue: 'qfex',
  state: 'ok',
  streamState: 'live',
  openOrders: 3,
  missing: 1,
  unknown: 2,
  quarantined: 4,
  lastCompleteAgeMs: 1_500,
}

/** Sample lines as a map; fails on anything that is not the Prometheus text format. */
function parsed(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) \w+ /.test(line)) continue
    const [, series, value = ''] = /^(\w+(?:\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})?) (\S+)$/.exec(line) ?? []
    // Before its first turn the event loop has no lag, and the library writes that so. Scrapers take it in any case.
    const isNumber = value === 'Nan' || Number.isFinite(Number(value))
    if (series === undefined || !isNumber) throw new Error(`not a sample: ${line}`)
    if (samples.has(series)) throw new Error(`twice: ${series}`)
    samples.set(series, Number(value))
  }
  return samples
}

async function scrape(snapshot: () => MetricsSnapshot) {
  rig ??= await startRig({ metrics: { snapshot } })
  const { text, headers } = await ask(rig.port, '/metrics')
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parsed(text)
}

describe('metrics', () => {
  test('tell the state of each account, the log, and what was done', async () => {
    const meter = createMeter()
    meter.polled('qfex-main', 'ok')
    meter.polled('qfex-main', 'limited')
    meter.recorded('qfex-main', 'opened', 'snapshot')
    const database = { walBytes: 4_096, lastSeq: 17 }
    const samples = await scrape(() => ({ accounts: [SAMPLE], database, totals: meter.totals() }))
    const ours = Object.fromEntries([...samples].filter(([series]) => series.startsWith('ordersync_')))
    expect(ours).toMatchObject({
      ordersync_database_open: 1,
      ordersync_lock_held: 1,
      ordersync_queue_engine_reachable: 1,
      ordersync_accounts: 1,
      'ordersync_account_state{account="qfex-main",venue="qfex",state="ok"}': 1,
      'ordersync_account_state{account="qfex-main",venue="qfex",state="refused"}': 0,
      'ordersync_stream_state{account="qfex-main",state="live"}': 1,
      'ordersync_stream_state{account="qfex-main",state="down"}': 0,
      'ordersync_open_orders{account="qfex-main"}': 3,
      'ordersync_missing_orders{account="qfex-main"}': 1,
      'ordersync_unknown_orders{account="qfex-main"}': 2,
      'ordersync_quarantined_items{account="qfex-main"}': 4,
      'ordersync_last_complete_age_seconds{account="qfex-main"}': 1.5,
      ordersync_wal_bytes: 4_096,
      ordersync_last_seq: 17,
      'ordersync_polls_total{account="qfex-main"}': 2,
      'ordersync_poll_errors_total{account="qfex-main",failure="limited"}': 1,
      'ordersync_events_total{type="opened"}': 1,
    })
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  })

  test('of one scrape leave nothing in the next', async () => {
    let snapshot: MetricsSnapshot = { accounts: [SAMPLE], database: { walBytes: 1, lastSeq: 1 }, totals: null }
    await scrape(() => snapshot)
    snapshot = NOTHING
    const after = await scrape(() => snapshot)
    expect([...after.keys()].filter((series) => series.includes('qfex-main'))).toEqual([])
    expect(after.has('ordersync_last_seq')).toBe(false)
    expect(after.get('ordersync_accounts')).toBe(0)
  })

  test('keep their labels to fixed words and the accounts that are configured', async () => {
    const odd = { ...SAMPLE, state: 'a word of tomorrow', streamState: 'x"\n' }
    const many = Array.from({ length: MAX_ACCOUNT_SERIES + 5 }, (_, index) => ({ ...odd, account: `a-${index}` }))
    const samples = await scrape(() => ({ ...NOTHING, accounts: many }))
    expect(samples.get('ordersync_account_state{account="a-0",venue="qfex",state="other"}')).toBe(1)
    expect(samples.get('ordersync_stream_state{account="a-0",state="other"}')).toBe(1)
    expect(samples.get('ordersync_accounts')).toBe(MAX_ACCOUNT_SERIES + 5)
    expect([...samples.keys()].filter((series) => series.startsWith('ordersync_open_orders'))).toHaveLength(
      MAX_ACCOUNT_SERIES,
    )
  })

  test('say what is not there', async () => {
    rig = await startRig({ health: () => ({ ...WELL, database: 'closed', lock: 'not_held', engine: null }) })
    const samples = parsed((await ask(rig.port, '/metrics')).text)
    expect(samples.get('ordersync_database_open')).toBe(0)
    expect(samples.get('ordersync_lock_held')).toBe(0)
    expect(samples.get('ordersync_queue_engine_reachable')).toBe(0)
  })

  test('of two servers in one process are apart', async () => {
    await scrape(() => ({ ...NOTHING, accounts: [SAMPLE] }))
    const other = await startRig()
    expect((await ask(other.port, '/metrics')).text).not.toContain('qfex-main')
    await other[Symbol.asyncDispose]()
  })
})

test('a meter adds up what is beyond its bound', () => {
  const meter = createMeter()
  for (let index = 0; index < 3_000; index++) meter.polled(`a-${index}`, 'ok')
  meter.polled('a-0', 'ok')
  const { polls } = meter.totals()
  expect(polls).toHaveLength(2_001)
  expect(polls.find(({ labels }) => labels.account === 'other')?.total).toBe(1_000)
  expect(polls.find(({ labels }) => labels.account === 'a-0')?.total).toBe(2)
})
