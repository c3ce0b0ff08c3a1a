/** Owns the short wait in which a frame and the fill that explains it find each other, so that an event knows its price. */
import type { Clock } from '../core/clock.ts'
import type { FrameReport, Mark } from '../core/report.ts'
import type { Inbound } from '../venues/venue.ts'

/** How long a frame waits for the fill of its trade id, or a fill for its frame. */
export const TWIN_WAIT_MS = 250
/** More waiting frames than this and all go as they are: a late price is better than a late event. */
export const MAX_WAITING_FRAMES = 2_000

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
  const flush = () => {
    timer?.[Symbol.dispose]()
    timer = null
    if (waiting.length === 0) return
    const ready = waiting
    waiting = []
    deliver(ready.map(({ report }) => report))
  }
  const arm = () => {
    const now = clock.monotonic()
    const until = Math.max(...waiting.map((item) => (item.trade === null ? now : item.until)))
    if (until <= now || waiting.length >= MAX_WAITING_FRAMES) return flush()
    timer ??= clock.after(until - now, () => {
      timer = null
      flush()
    })
  }
  return {
    push(mark, frame) {
      const trade = tradeOf(frame)
      const twin =
        trade === null ? undefined : waiting.find((item) => item.trade === trade && lacks(item.report, frame))
      if (twin !== undefined) {
        twin.report = join(twin.report, frame)
        twin.trade = null
      } else {
        const empty: FrameReport = { source: 'stream', sightings: [], fills: [], mark }
        waiting.push({ report: join(empty, frame), trade, until: clock.monotonic() + TWIN_WAIT_MS })
      }
      arm()
    },
    flush,
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]()
      waiting = []
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
