/** Owns the cursor, `log_id:seq`: where a consumer stands in one log, and why it cannot go on from there. */

/** The log as it is now. An empty one has `lastSeq` = `firstSeq` - 1. */
export interface LogBounds {
  logId: string
  firstSeq: number
  lastSeq: number
}

/** A cursor that cannot be followed. Nothing is ever skipped to make it fit; the consumer decides. */
export abstract class CursorError extends Error {
  readonly retry = 'never'
}

/** Not `log_id:seq`. */
export class CursorFormatError extends CursorError {
  override readonly name = 'CursorFormatError'
}

/** Of another log: the database was restored from a copy, or it is another database. */
export class CursorForeignError extends CursorError {
  override readonly name = 'CursorForeignError'
}

/** The events after it were pruned. */
export class CursorPrunedError extends CursorError {
  override readonly name = 'CursorPrunedError'
}

/** Beyond the end of the log. */
export class CursorAheadError extends CursorError {
  override readonly name = 'CursorAheadError'
}

export const formatCursor = (logId: string, seq: number): string => `${logId}:${seq}`

export function parseCursor(text: string): { logId: string; seq: number } {
  const [, logId, digits] = /^([^\s:]{1,64}):(\d{1,15})$/.exec(text) ?? []
  if (logId === undefined) {
    throw new CursorFormatError(
      `${JSON.stringify(text.slice(0, 80))} is no cursor: give the \`cursor\` of an event, or now`,
    )
  }
  return { logId, seq: Number(digits) }
}

/**
 * The seq after which to read on: null stands for the beginning of what the log still has, `now` for its end.
 * Throws a {@link CursorError}.
 */
export function resolveCursor(text: string | null, log: LogBounds): number {
  if (text === null) return log.firstSeq - 1
  if (text === 'now') return log.lastSeq
  const { logId, seq } = parseCursor(text)
  checkPosition(logId, seq, log)
  return seq
}

/** Throws where the position is not, or not any more, one of this log. */
export function checkPosition(logId: string, seq: number, log: LogBounds): void {
  const again = 'read the orders anew and follow from now'
  if (logId !== log.logId) {
    throw new CursorForeignError(`cursor ${formatCursor(logId, seq)} is of another log than ${log.logId}: ${again}`)
  }
  if (seq < log.firstSeq - 1) {
    throw new CursorPrunedError(
      `events ${seq + 1} to ${log.firstSeq - 1} after cursor ${formatCursor(logId, seq)} were pruned: ${again}`,
    )
  }
  if (seq > log.lastSeq) {
    throw new CursorAheadError(
      `cursor ${formatCursor(logId, seq)} is ahead of the log, which ends at ${log.lastSeq}: ${again}`,
    )
  }
}
