/** Owns the short wait in which a frame and the fill that explains it find each other, so that an event knows its price. */
import type { Clock } from '../core/clock.ts'
import type { FrameReport, Mark } from '../core/report.ts'
import type { Inbound } from '../venues/venue.ts'

/** How long a frame waits for the fill of its trade id, or a fill for its frame. */
export const TWIN_WAIT_MS = 250
/** More waiting frames than this and all go as they are: a late price is better than a late event. */
export const MAX_WAITING_FRAMES = 2_000

/** Trades remembered so that what repeats them does not wait; one that is forgotten costs a wait and nothing else. */
const MAX_RECENT_TRADES = 2_000

export type OrderFrame = Extract<Inbound, { is: 'order' }>
export type FillFrame = Extract<Inbound, { is: 'fill' }>

interface Waiting {
  report: FrameReport
  /** The trade whose other half is awaited; null where nothing is. */
  trade: string | null
  until: number
}

export interface FrameBuffer extends Disposable {
  push(mark: Mark, frame: OrderFrame | FillFrame): void
  /** Lets everything go as it is, in the order of arrival. */
  flush(): void
}

/** `deliver` gets reports in the order of arrival; frames behind one that waits wait too. */
export function createFrameBuffer(clock: Clock, deliver: (reports: readonly FrameReport[]) => void): FrameBuffer {
  let waiting: Waiting[] = []
  let timer: Disposable | null = null
  const told = createRecent(MAX_RECENT_TRADES)
  const release = (count: number) => {
    timer?.[Symbol.dispose]()
    timer = null
    const ready = waiting.slice(0, count)
    waiting = waiting.slice(count)
    for (const { trade } of ready) if (trade !== null) told.add(trade)
    if (ready.length > 0) deliver(ready.map(({ report }) => report))
  }
  const flush = () => release(waiting.length)
  /** Lets the head of the line go as far as nothing in it waits any more. */
  const advance = () => {
    if (waiting.length >= MAX_WAITING_FRAMES) return flush()
    const now = clock.monotonic()
    const first = waiting.findIndex((item) => item.trade !== null && item.until > now)
    if (first !== 0) release(first === -1 ? waiting.length : first)
    const head = waiting[0]
    if (head === undefined) return
    timer ??= clock.after(head.until - now, () => {
      timer = null
      advance()
    })
  }
  return {
    push(mark, frame) {
      const named = tradeOf(frame)
      const twin =
        named === null ? undefined : waiting.find((item) => item.trade === named && lacks(item.report, frame))
      if (twin !== undefined && named !== null) {
        twin.report = join(twin.report, frame)
        twin.trade = null
        told.add(named)
      } else {
        const empty: FrameReport = { source: 'stream', sightings: [], fills: [], mark }
        // Its other half has gone already, or it comes again: there is nothing to wait for.
        const trade = named !== null && told.has(named) ? null : named
        waiting.push({ report: join(empty, frame), trade, until: clock.monotonic() + TWIN_WAIT_MS })
      }
      advance()
    },
    flush,
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]()
      waiting = []
    },
  }
}

/** The newest keys, up to `most`. */
function createRecent(most: number) {
  const keys = new Set<string>()
  return {
    has: (key: string) => keys.has(key),
    add(key: string) {
      keys.delete(key)
      keys.add(key)
      for (const oldest of keys) {
        if (keys.size <= most) return
        keys.delete(oldest)
      }
    },
  }
}

const tradeOf = (frame: OrderFrame | FillFrame): string | null => {
  if (frame.is === 'fill') return `${frame.fill.venueOrderId}/${frame.fill.tradeId}`
  return frame.tradeId === null ? null : `${frame.sighting.venueOrderId}/${frame.tradeId}`
}

const lacks = (report: FrameReport, frame: OrderFrame | FillFrame) =>
  frame.is === 'fill' ? report.fills.length === 0 : report.sightings.length === 0

const join = (report: FrameReport, frame: OrderFrame | FillFrame): FrameReport =>
  frame.is === 'fill' ? { ...report, fills: [frame.fill] } : { ...report, sightings: [frame.sighting] }
