/** Owns following the log: what is there already, then what comes, without a gap, a repeat or an open read. */
import {
  type CursorError,
  CursorPrunedError,
  checkPosition,
  formatCursor,
  type LogBounds,
  resolveCursor,
} from './cursor.ts'
import type { Wake } from './wake.ts'

/** A page is read and let go: an open read would keep the write-ahead log from being cut back. */
export const PAGE_SIZE = 500

export interface LogSource<Event extends { seq: number }> {
  /** Of one moment each; the follower bears a commit between two calls. */
  meta(): LogBounds
  events(page: { after: number; limit: number }): readonly Event[]
}

export interface FollowOptions<Event extends { seq: number }> {
  source: LogSource<Event>
  wake: Wake
  /** Exclusive. Null: from the first event there is; `now`: only what comes. */
  after: string | null
  /** False: ends where the log ended when the last page was read. */
  live: boolean
  signal: AbortSignal
  pageSize?: number
  /** Called with the position before the first event, once the cursor is accepted. */
  onStart?: (cursor: string) => void
}

/** Ends quietly when the signal aborts. Throws a {@link CursorError}, also later if the log was pruned or replaced meanwhile. */
export async function* follow<Event extends { seq: number }>(
  options: FollowOptions<Event>,
): AsyncGenerator<Event, void> {
  const { source, wake, live, signal, pageSize = PAGE_SIZE } = options
  const { logId, ...bounds } = source.meta()
  let position = resolveCursor(options.after, { logId, ...bounds })
  options.onStart?.(formatCursor(logId, position))
  while (!signal.aborted) {
    const version = wake.version()
    checkPosition(logId, position, source.meta())
    const page = source.events({ after: position, limit: pageSize })
    for (const event of page) {
      // The log is dense: a step wider than one means that what lay between was pruned just now.
      if (event.seq !== position + 1) throw prunedAway(logId, position, event.seq)
      position = event.seq
      yield event
      if (signal.aborted) return
    }
    if (page.length === pageSize) continue
    if (!live) return
    await wake.changedSince(version, signal)
  }
}

const prunedAway = (logId: string, position: number, next: number): CursorError =>
  new CursorPrunedError(
    `events ${position + 1} to ${next - 1} after cursor ${formatCursor(logId, position)} were pruned`,
  )
