import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realClock } from '../../src/clock.ts'
import { CursorAheadError, CursorForeignError, CursorPrunedError, type LogBounds } from '../../src/feed/cursor.ts'
import { follow } from '../../src/feed/follow.ts'
import { openFollower } from '../../src/feed/follower.ts'
import { createWake, LOOK_EVERY_MS } from '../../src/feed/wake.ts'
import { openReader } from '../../src/store/read.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { createLogFile, type LogFile } from './log-file.ts'

let log: LogFile
beforeEach(() => {
  log = createLogFile()
})
afterEach(() => log[Symbol.dispose]())

/** What a follower of the file sees, up to so many events. */
async function see(options: {
  after?: string | null
  live?: boolean
  count?: number
  onEvent?: (seq: number) => void
}) {
  using reader = openReader(log.database)
  using follower = openFollower({ database: log.database, reader, clock: realClock })
  const { signal } = new AbortController()
  const seqs: number[] = []
  for await (const event of follower.follow({ after: options.after ?? null, live: options.live ?? false, signal })) {
    seqs.push(event.seq)
    options.onEvent?.(event.seq)
    if (seqs.length === options.count) break
  }
  return seqs
}

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('following', () => {
  it('begins with what is there, in pages, and ends there when it is not live', async () => {
    log.open(700)
    log.open(700)
    expect(await see({})).toEqual(upTo(1_400))
  })

  it('goes on after the cursor', async () => {
    log.open(5)
    expect(await see({ after: 'log-a:3' })).toEqual([4, 5])
    expect(await see({ after: 'log-a:5' })).toEqual([])
    expect(await see({ after: 'now' })).toEqual([])
  })

  it('cuts over from what was there to what comes, without a gap or a repeat', async () => {
    log.open(600)
    const seen = await see({
      live: true,
      count: 1_000,
      // Every event seen before the end makes another be written while the reader is in the middle of its pages.
      onEvent: (seq) => (seq <= 400 ? log.open(1) : undefined),
    })
    expect(seen).toEqual(upTo(1_000))
  })

  it('wakes up for a commit of another connection', async () => {
    const seen = see({ after: 'now', live: true, count: 3 })
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      log.open(1)
    }
    expect(await seen).toEqual([1, 2, 3])
  })

  it('ends quietly when it is aborted while it waits', async () => {
    using reader = openReader(log.database)
    using follower = openFollower({ database: log.database, reader, clock: realClock })
    const controller = new AbortController()
    const next = follower.follow({ after: null, live: true, signal: controller.signal }).next()
    controller.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('says where it begins once the cursor is accepted, before any event', async () => {
    log.open(2)
    using reader = openReader(log.database)
    using follower = openFollower({ database: log.database, reader, clock: realClock })
    const starts: string[] = []
    const { signal } = new AbortController()
    const onStart = (cursor: string) => starts.push(cursor)
    await follower.follow({ after: 'now', live: false, signal, onStart }).next()
    await expect(follower.follow({ after: 'log-z:1', live: false, signal, onStart }).next()).rejects.toThrow(
      CursorForeignError,
    )
    expect(starts).toEqual(['log-a:2'])
  })

  it('refuses a cursor ahead of the log', async () => {
    log.open(1)
    await expect(see({ after: 'log-a:2' })).rejects.toThrow(CursorAheadError)
  })

  it('keeps no read open while the consumer is busy, so that the write-ahead log can be cut back', async () => {
    log.open(50)
    await see({
      count: 1,
      onEvent: () => {
        log.open(50)
        const checkpointer = log.store
        checkpointer.checkpoint()
      },
    })
    using reader = openReader(log.database)
    expect(reader.meta().lastSeq).toBe(100)
  })
})

/** A log whose bounds and events a test moves between two reads, as a prune or a restore would. */
function scripted(bounds: LogBounds, seqs: number[]) {
  const state = { bounds, seqs }
  const source = {
    meta: () => state.bounds,
    events: ({ after, limit }: { after: number; limit: number }) =>
      state.seqs
        .filter((seq) => seq > after)
        .slice(0, limit)
        .map((seq) => ({ seq })),
  }
  const wake = { version: () => 1, changedSince: async () => {}, [Symbol.dispose]() {} }
  const { signal } = new AbortController()
  return { state, events: follow({ source, wake, after: null, live: true, signal, pageSize: 2 }) }
}

describe('a log that changes under its follower', () => {
  it('is not followed past a hole', async () => {
    const { state, events } = scripted({ logId: 'a', firstSeq: 1, lastSeq: 9 }, upTo(9))
    expect((await events.next()).value).toEqual({ seq: 1 })
    expect((await events.next()).value).toEqual({ seq: 2 })
    state.seqs = upTo(9, 6)
    await expect(events.next()).rejects.toThrow('events 3 to 5 after cursor a:2 were pruned')
  })

  it('is not followed once it was pruned beyond the position', async () => {
    const { state, events } = scripted({ logId: 'a', firstSeq: 1, lastSeq: 2 }, [1, 2])
    await events.next()
    await events.next()
    state.bounds = { logId: 'a', firstSeq: 10, lastSeq: 9 }
    await expect(events.next()).rejects.toThrow(CursorPrunedError)
  })

  it('is not followed once another log stands in its place', async () => {
    const { state, events } = scripted({ logId: 'a', firstSeq: 1, lastSeq: 2 }, [1, 2])
    await events.next()
    await events.next()
    state.bounds = { logId: 'b', firstSeq: 1, lastSeq: 2 }
    await expect(events.next()).rejects.toThrow(CursorForeignError)
  })
})

describe('waking up', () => {
  const { signal } = new AbortController()

  it('needs no watch: looking alone finds the change', async () => {
    const clock = createFakeClock()
    let version = 1
    // No such directory: there is nothing to watch.
    using wake = createWake({ database: '/nowhere/orders.db', dataVersion: () => version, clock })
    let woken = false
    const waiting = wake.changedSince(1, signal).then(() => {
      woken = true
    })
    await clock.advance(4 * LOOK_EVERY_MS)
    expect(woken).toBe(false)
    version = 2
    await clock.advance(LOOK_EVERY_MS)
    await waiting
    expect(clock.armed()).toBe(0)
  })

  it('happens at once for a change since the version, made before the wait began', async () => {
    const clock = createFakeClock()
    using wake = createWake({ database: '/nowhere/orders.db', dataVersion: () => 2, clock })
    await wake.changedSince(1, signal)
    expect(clock.armed()).toBe(0)
  })

  it('leaves no timer behind when it is aborted or the database fails', async () => {
    const clock = createFakeClock()
    const controller = new AbortController()
    let broken = false
    const dataVersion = () => {
      if (broken) throw new Error('disk gone')
      return 1
    }
    using wake = createWake({ database: '/nowhere/orders.db', dataVersion, clock })
    const waiting = wake.changedSince(1, controller.signal)
    controller.abort()
    await waiting
    expect(clock.armed()).toBe(0)
    const failing = expect(wake.changedSince(1, signal)).rejects.toThrow('disk gone')
    broken = true
    await clock.advance(LOOK_EVERY_MS)
    await failing
    expect(clock.armed()).toBe(0)
  })
})
