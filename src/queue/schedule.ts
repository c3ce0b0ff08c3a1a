/** Owns the schedules in the engine: what is missing, changed or stuck is set right, and what is right is left alone. */
import type { PollAccount, PollJobs } from './jobs.ts'

export interface Alignment {
  /** Schedules that stood right. */
  kept: number
  /** Accounts whose schedule was written. */
  written: string[]
  /** Schedules of accounts that are gone. */
  removed: string[]
}

/** A schedule this many intervals behind, or ahead, has lost its next job or was set by another clock. */
const STUCK_INTERVALS = 3
/** No configuration comes near it; beyond, schedules would be rewritten though they are right. */
const MOST_SCHEDULES = 10_000

/**
 * Makes the schedules those of `accounts`. Rewriting one that is right would run its account once more, so it does not;
 * `wall` is BullMQ's clock, the wall.
 */
export async function alignSchedules(
  jobs: PollJobs,
  accounts: readonly PollAccount[],
  wall: number,
): Promise<Alignment> {
  const found = new Map(
    (await jobs.getJobSchedulers(0, MOST_SCHEDULES, true)).map((schedule) => [schedule.key, schedule]),
  )
  const alignment: Alignment = { kept: 0, written: [], removed: [] }
  for (const account of accounts) {
    const schedule = found.get(account.id)
    found.delete(account.id)
    const isStuck = schedule !== undefined && isOff(schedule.next, account.everyMs, wall)
    if (schedule !== undefined && schedule.every === account.everyMs && !isStuck) {
      alignment.kept++
      continue
    }
    // BullMQ counts on from where the schedule stood; one that went astray has to begin anew.
    if (isStuck) await jobs.removeJobScheduler(account.id)
    await writeSchedule(jobs, account)
    alignment.written.push(account.id)
  }
  for (const id of found.keys()) {
    await jobs.removeJobScheduler(id)
    alignment.removed.push(id)
  }
  return alignment
}

async function writeSchedule(jobs: PollJobs, { id, everyMs }: PollAccount): Promise<void> {
  const template = { name: 'poll', data: { account: id } }
  await jobs.upsertJobScheduler(id, { every: everyMs, offset: staggerOf(id, everyMs) }, template)
}

const isOff = (next: number | undefined, everyMs: number, wall: number): boolean =>
  next === undefined || !(Math.abs(next - wall) <= STUCK_INTERVALS * everyMs)

/**
 * The account's own place within the tick, so that a hundred accounts do not start in the same millisecond. It comes
 * from the id alone: adding an account moves no other. Never 0, which BullMQ takes for "anywhere".
 */
export function staggerOf(accountId: string, everyMs: number): number {
  // FNV-1a: spreads short, similar ids.
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(accountId)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return 1 + (hash % Math.max(1, everyMs - 1))
}
