/** Owns `events`: the log from a cursor or a moment on, and what comes. */
import type { Command } from 'commander'
import { CursorFormatError, parseCursor } from '../feed/cursor.ts'
import { type Follower, openFollower } from '../feed/follower.ts'
import { openReader, type StoreReader } from '../store/read.ts'
import type { EventRecord } from '../store/records.ts'
import {
  type Act,
  type CommonOptions,
  describeCommand,
  parseCount,
  parseMoment,
  type Run,
  UsageError,
} from './command.ts'
import { formatEvent } from './event-line.ts'
import { beginLifetime } from './lifetime.ts'

interface EventsOptions extends CommonOptions {
  after?: string
  since?: string
  follow?: boolean
  limit?: string
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000_000_000

export function addEvents(program: Command, act: Act): void {
  const command = program
    .command('events')
    .description('print the log of events, oldest first')
    .option('--after <cursor>', 'only what came after this cursor, or after `now`')
    .option('--since <date>', 'only what was recorded since then: a date in UTC, or how long ago, such as 2h')
    .option('--follow', 'keep printing what comes, until interrupted')
    .option('--limit <n>', `print at most so many (default: ${DEFAULT_LIMIT}, with --follow no limit)`)
  describeCommand(command, 'ordersync events --after now --follow --json').action(act<EventsOptions>(events))
}

async function events(run: Run, options: EventsOptions): Promise<void> {
  const { world, print } = run
  if (options.after !== undefined && options.since !== undefined)
    throw new UsageError('give --after or --since, not both')
  const live = options.follow === true
  const limit =
    options.limit === undefined ? (live ? MAX_LIMIT : DEFAULT_LIMIT) : parseCount(options.limit, '--limit', MAX_LIMIT)
  const since = options.since === undefined ? null : parseMoment(options.since, '--since', world.clock.wall())
  if (options.after !== undefined && options.after !== 'now') refuseMalformed(options.after)
  const { database } = run.readerConfig()
  using reader = openReader(database)
  using lifetime = beginLifetime(world, () => {})
  using follower: Follower = openFollower({ database, reader, clock: world.clock })
  const after = options.after ?? (since === null ? null : cursorBefore(reader, since))
  const signal = AbortSignal.any([lifetime.over, world.unread])
  let left = limit
  for await (const event of follower.follow({ after, live, signal })) {
    print.result(event, () => formatEvent(event, print.paint))
    left -= 1
    if (left === 0) break
  }
}

/** A cursor that fits no log at all is wrong usage; one that does not fit this log is told by the log. */
function refuseMalformed(after: string): void {
  try {
    parseCursor(after)
  } catch (error) {
    if (error instanceof CursorFormatError) throw new UsageError(`--after: ${error.message}`)
    throw error
  }
}

/** `recorded_at` never decreases along `seq`, so the first event of a moment is found by halving. */
export function cursorBefore(reader: Pick<StoreReader, 'meta' | 'events'>, since: number): string {
  const { logId, firstSeq, lastSeq } = reader.meta()
  const recordedAt = (seq: number): number => first(reader.events({ after: seq - 1, limit: 1 }).events).recorded_at
  let low = firstSeq
  let high = lastSeq + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (recordedAt(middle) < since) low = middle + 1
    else high = middle
  }
  return `${logId}:${low - 1}`
}

function first(events: readonly EventRecord[]): EventRecord {
  const [event] = events
  if (event === undefined) throw new Error('the log was pruned while it was searched: try again')
  return event
}
