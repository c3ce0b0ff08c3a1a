/** Owns the sandbox's transports for one process: the same bytes as over a network, after a little time, without one. */
import type { Clock } from '../core/clock.ts'
import type { SocketTransport } from '../stream/socket.ts'
// The one value the sandbox takes from the house: a transport must fail as the real one does.
import { VenueError } from '../venues/errors.ts'
import type { HttpTransport, WireRequest } from '../venues/http.ts'
import type { Dice } from './chance.ts'
import type { Edge } from './edge.ts'
import type { ServerRequest } from './server.ts'

export interface InProcessDeps {
  clock: Clock
  dice: Dice
  latencyMs: { from: number; to: number }
  /** The venue that answers at a host name. */
  edgeAt: (host: string) => Edge | null
}

export function createHttpTransport({ clock, dice, latencyMs, edgeAt }: InProcessDeps): HttpTransport {
  const travel = () => dice.integer(latencyMs.from, latencyMs.to)
  return (request, limits, signal) =>
    new Promise((resolve, reject) => {
      const timers: Disposable[] = []
      const settle = (end: () => void) => {
        for (const timer of timers) timer[Symbol.dispose]()
        signal.removeEventListener('abort', onAbort)
        end()
      }
      const fail = (failure: 'later' | 'broken', why: string) => settle(() => reject(new VenueError(failure, why)))
      const onAbort = () => settle(() => reject(signal.reason))
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      timers.push(clock.after(limits.timeoutMs, () => fail('later', `no answer within ${limits.timeoutMs} ms`)))

      const arrive = () => {
        const url = new URL(request.url)
        const answer = edgeAt(url.host)?.http(serverRequest(request, url)) ?? null
        if (answer === null || answer.reply === 'unreachable') return fail('later', 'connection refused')
        if (answer.reply === 'no_answer') return
        const { status, headers, text } = answer.reply
        const deliver = () => {
          if (Buffer.byteLength(text) > limits.maxBodyBytes) return fail('broken', 'the body is too large')
          settle(() => resolve({ status, headers, body: text }))
        }
        timers.push(clock.after(answer.afterMs + travel(), deliver))
      }
      timers.push(clock.after(travel(), arrive))
    })
}

export function createSocketTransport({ clock, dice, latencyMs, edgeAt }: InProcessDeps): SocketTransport {
  return (url, _headers, limits, handlers) => {
    let isOver = false
    const out = createPipe({ clock, dice, latencyMs })
    const back = createPipe({ clock, dice, latencyMs })
    const over = (why: { code: number | null; reason: string; httpStatus: number | null }) => {
      if (isOver) return
      isOver = true
      socket?.gone()
      handlers.onClose(why)
    }
    const { host, pathname } = new URL(url)
    const edge = edgeAt(host)
    let socket: ReturnType<Edge['connect']> | null = null
    const unreachable = { code: null, reason: 'connection refused', httpStatus: null }

    out.carry(() => {
      const refusal = edge === null || edge.server.converse === null ? { status: null } : edge.refusal(pathname)
      if (isOver) return
      if (edge === null || refusal !== null) {
        return back.carry(() => over({ ...unreachable, httpStatus: refusal?.status ?? null }))
      }
      back.carry(() => {
        if (!isOver) handlers.onOpen()
      })
      socket = edge.connect({
        deliver: (text) =>
          back.carry(() => {
            if (isOver) return
            if (Buffer.byteLength(text) > limits.maxMessageBytes) {
              return over({ code: 1009, reason: 'message too large', httpStatus: null })
            }
            handlers.onMessage(text)
          }),
        beat: () =>
          back.carry(() => {
            if (!isOver) handlers.onBeat()
          }),
        close: (code, reason) => back.carry(() => over({ code, reason, httpStatus: null })),
      })
    })
    return {
      send: (text) => out.carry(() => socket?.receive(text)),
      ping: () =>
        out.carry(() => {
          if (socket !== null) back.carry(() => (isOver ? undefined : handlers.onBeat()))
        }),
      // Needs nothing from the other side, so it takes no time; but it is never heard of within the call.
      terminate: () => queueMicrotask(() => over({ code: 1006, reason: 'terminated', httpStatus: null })),
    }
  }
}

/** One direction of a connection: everything takes its time, nothing overtakes. */
function createPipe({ clock, dice, latencyMs }: Omit<InProcessDeps, 'edgeAt'>) {
  let clearAt = 0
  const queue: (() => void)[] = []
  return {
    carry(run: () => void) {
      const now = clock.monotonic()
      clearAt = Math.max(clearAt, now + dice.integer(latencyMs.from, latencyMs.to))
      queue.push(run)
      // Timers of one instant could fire in any order: each takes whoever is first in the queue.
      clock.after(clearAt - now, () => queue.shift()?.())
    },
  }
}

function serverRequest({ method, headers, body }: WireRequest, url: URL): ServerRequest {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { method, path: url.pathname, query: url.search.slice(1), headers: lower, body: body ?? '' }
}
