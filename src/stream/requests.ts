/** Owns the requests of one socket: one under way, the others in line, each answered once. */
import type { Clock } from '../core/clock.ts'
import type { Budget } from '../venues/budget.ts'
import { VenueError } from '../venues/errors.ts'
import type { Inbound, Reply, SessionRequest } from '../venues/venue.ts'

/** More waiting than this means that nobody is answered any more: further requests are refused at once. */
export const MAX_QUEUED_REQUESTS = 100

export interface RequestLine {
  /** Throws ForbiddenRequestError for what may not leave and VenueError for what the venue or the socket did. */
  request(request: SessionRequest, signal?: AbortSignal): Promise<Reply>
  /** Whether it answered the request under way. */
  takeReply(reply: Reply): boolean
  /** Whether it ended the request under way. */
  takeError(error: Extract<Inbound, { is: 'error' }>): boolean
  /** Refuses every request from now on; those in line and under way fail with `why`. */
  close(why: VenueError): void
}

export interface RequestLineDeps {
  clock: Clock
  budget: Budget
  allows(message: Readonly<Record<string, unknown>>): string
  /** Throws where the socket is gone. */
  send(text: string): void
  /** The reply of the request under way is overdue: any reply from here on could be its own or another's. */
  onTimeOut(error: VenueError): void
}

interface Pending {
  request: SessionRequest
  /** Serialised when it was checked, so that what leaves is what was allowed. */
  text: string
  signal: AbortSignal
  settle(result: Reply | Error): void
}

export function createRequestLine(deps: RequestLineDeps): RequestLine {
  const line: Pending[] = []
  let underWay: { pending: Pending; timer: Disposable } | null = null
  let sending = false
  let closed: VenueError | null = null
  const closing = new AbortController()

  const finish = (result: Reply | Error) => {
    const answered = underWay
    if (answered === null) return
    underWay = null
    answered.timer[Symbol.dispose]()
    answered.pending.settle(result)
    void advance()
  }

  const timeOut = (pending: Pending) => {
    const error = new VenueError('later', `no reply within ${pending.request.timeoutMs} ms`)
    // The session decides before the line moves on: the next request must not catch the late reply of this one.
    deps.onTimeOut(error)
    finish(error)
  }

  const advance = async () => {
    while (!sending && underWay === null && closed === null) {
      const pending = line[0]
      if (pending === undefined) return
      sending = true
      const refusal = await admitted(deps.budget, pending, closing.signal)
      sending = false
      // While it waited for the budget it may have been aborted, or the line closed: then it is settled already.
      if (line[0] !== pending) continue
      line.shift()
      if (refusal !== null) pending.settle(refusal)
      else put(pending)
    }
  }

  const put = (pending: Pending) => {
    const timer = deps.clock.after(pending.request.timeoutMs, () => timeOut(pending))
    underWay = { pending, timer }
    try {
      deps.send(pending.text)
    } catch {
      finish(new VenueError('later', 'the socket is gone'))
    }
  }

  return {
    async request(request, signal) {
      deps.allows(request.message)
      signal?.throwIfAborted()
      if (closed !== null) throw closed
      if (line.length >= MAX_QUEUED_REQUESTS) {
        throw new VenueError('later', `more than ${MAX_QUEUED_REQUESTS} requests are in line`)
      }
      return new Promise((resolve, reject) => {
        const leave = () => {
          const place = line.indexOf(pending)
          if (place !== -1) line.splice(place, 1)
          // Once sent it keeps its turn until the reply, which could otherwise be taken for the next one's.
          reject(signal?.reason)
          void advance()
        }
        const pending: Pending = {
          request,
          text: JSON.stringify(request.message),
          signal: signal ?? new AbortController().signal,
          settle(result) {
            signal?.removeEventListener('abort', leave)
            if (result instanceof Error) reject(result)
            else resolve(result)
          },
        }
        signal?.addEventListener('abort', leave, { once: true })
        line.push(pending)
        void advance()
      })
    },
    takeReply(reply) {
      if (underWay === null || !underWay.pending.request.matches(reply)) return false
      finish(reply)
      return true
    },
    takeError({ id, error }) {
      if (underWay === null || isOfAnother(underWay.pending.request, id)) return false
      finish(error)
      return true
    },
    close(why) {
      if (closed !== null) return
      closed = why
      closing.abort(why)
      for (const pending of line.splice(0)) pending.settle(why)
      finish(why)
    },
  }
}

/** Null once the budget lets it through, else why not. */
async function admitted(budget: Budget, pending: Pending, closing: AbortSignal): Promise<Error | null> {
  try {
    await budget.take(pending.request.weight, AbortSignal.any([pending.signal, closing]))
    return null
  } catch (error) {
    return error instanceof Error ? error : new VenueError('later', 'given up before it was sent')
  }
}

// An error that names an id is of that request alone; one without is of whatever is under way.
const isOfAnother = (request: SessionRequest, id: string | null): boolean =>
  id !== null && request.message.id !== undefined && String(request.message.id) !== id
