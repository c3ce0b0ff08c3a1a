/** Owns the counts of what this process did since it started. */
import type { SyncMeter } from '../sync/settings.ts'

/** Distinct sets of labels a count is kept for; what comes after that is added up as `other`. */
const MAX_SERIES = 2_000

export interface Count {
  labels: Readonly<Record<string, string>>
  total: number
}

export interface MeterTotals {
  /** By account, whatever came of it. */
  polls: readonly Count[]
  /** By account and failure. */
  pollErrors: readonly Count[]
  /** By type of event. */
  events: readonly Count[]
}

export interface Meter extends SyncMeter {
  totals(): MeterTotals
}

export function createMeter(): Meter {
  const polls = createTally(['account'])
  const pollErrors = createTally(['account', 'failure'])
  const events = createTally(['type'])
  return {
    polled(account, result) {
      polls.add([account])
      if (result !== 'ok') pollErrors.add([account, result])
    },
    recorded(_account, type) {
      events.add([type])
    },
    totals: () => ({ polls: polls.counts(), pollErrors: pollErrors.counts(), events: events.counts() }),
  }
}

function createTally(names: readonly string[]) {
  const totals = new Map<string, { values: readonly string[]; total: number }>()
  return {
    add(given: readonly string[]) {
      const known = totals.has(JSON.stringify(given)) || totals.size < MAX_SERIES
      const values = known ? given : names.map(() => 'other')
      const key = JSON.stringify(values)
      totals.set(key, { values, total: (totals.get(key)?.total ?? 0) + 1 })
    },
    counts: (): Count[] =>
      [...totals.values()].map(({ values, total }) => ({
        labels: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])),
        total,
      })),
  }
}
