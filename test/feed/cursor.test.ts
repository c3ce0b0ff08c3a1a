import { describe, expect, it } from 'vitest'
import {
  CursorAheadError,
  CursorForeignError,
  CursorFormatError,
  CursorPrunedError,
  formatCursor,
  parseCursor,
  resolveCursor,
} from '../../src/feed/cursor.ts'

const LOG = { logId: 'log-a', firstSeq: 10, lastSeq: 20 }
const EMPTY = { logId: 'log-a', firstSeq: 1, lastSeq: 0 }

describe('a cursor', () => {
  it.each([
    ['null starts at the first event that is left', null, LOG, 9],
    ['now starts at the end', 'now', LOG, 20],
    ['the newest event leaves nothing to read', 'log-a:20', LOG, 20],
    ['one before the first event loses nothing', 'log-a:9', LOG, 9],
    ['null fits an empty log', null, EMPTY, 0],
    ['now fits an empty log', 'now', EMPTY, 0],
    ['zero fits an empty log', 'log-a:0', EMPTY, 0],
  ])('%s', (_, text, log, seq) => {
    expect(resolveCursor(text, log)).toBe(seq)
  })

  it.each([
    ['of another log', 'log-b:15', CursorForeignError, 'is of another log than log-a'],
    ['before what was pruned', 'log-a:8', CursorPrunedError, 'events 9 to 9 after cursor log-a:8 were pruned'],
    ['ahead of the log', 'log-a:21', CursorAheadError, 'is ahead of the log, which ends at 20'],
    ['without a seq', 'log-a', CursorFormatError, '"log-a" is no cursor'],
    ['with a negative seq', 'log-a:-1', CursorFormatError, 'is no cursor'],
    ['with a fraction', 'log-a:1.5', CursorFormatError, 'is no cursor'],
    ['that is empty', '', CursorFormatError, 'is no cursor'],
    ['of a seq too large to be one', `log-a:${'9'.repeat(16)}`, CursorFormatError, 'is no cursor'],
  ])('%s is refused by name, never skipped', (_, text, kind, message) => {
    expect(() => resolveCursor(text, LOG)).toThrow(kind)
    expect(() => resolveCursor(text, LOG)).toThrow(message)
  })

  it('of another log is refused as such, even where its seq would be ahead', () => {
    expect(() => resolveCursor('log-b:99', LOG)).toThrow(CursorForeignError)
  })

  it('is read as it was written', () => {
    expect(parseCursor(formatCursor('log-a', 7))).toEqual({ logId: 'log-a', seq: 7 })
  })
})
