/** Owns one socket from its opening to its end: what it says becomes inputs of the session, in the order it was said. */
import type { Clock } from '../core/clock.ts'
import type { SessionInput } from '../core/session-state.ts'
import type { Budget } from '../venues/budget.ts'
import { VenueError } from '../venues/errors.ts'
import { scrubText } from '../venues/scrub.ts'
import type { Inbound, SessionLink, SessionProtocol } from '../venues/venue.ts'
import { type Pulse, startPulse } from './pulse.ts'
import { createRequestLine } from './requests.ts'
import type { Socket, SocketHandlers, SocketLimits, SocketTransport } from './socket.ts'

/** `maxMessageBytes` holds a snapshot of some 50,000 orders; what is longer ends the session. */
export const SOCKET_LIMITS: SocketLimits = { maxMessageBytes: 32_000_000, handshakeTimeoutMs: 15_000 }

/** What one socket message means besides replies, and which message of the session it was, from 1. */
export interface Received {
  counter: number
  chars: number
  messages: Inbound[]
}

export interface Connection {
  readonly epoch: number
  readonly link: SessionLink
  /** Messages received so far. */
  counter(): number
  /** Logs in and subscribes; ends in the input `established`, `refused` or `failed`. */
  establish(): void
  /** Requests fail from now on, frames still arrive. */
  rest(why: VenueError): void
  /** Nothing is sent, received or announced after this. */
  terminate(why: VenueError): void
  /** Resolves once the socket is closed and nothing of it is running. */
  readonly gone: Promise<void>
}

export interface ConnectionDeps {
  epoch: number
  protocol: SessionProtocol
  socket: SocketTransport
  clock: Clock
  budget: Budget
  onInput(input: SessionInput, why: VenueError | null): void
  onReceived(received: Received): void
  /** A request got no reply in time: whether that ends the session is not for its socket to say. */
  onTimeOut(why: VenueError): void
}

export function openConnection(deps: ConnectionDeps): Connection {
  const { protocol, clock, epoch } = deps
  let socket: Socket | null = null
  let pulse: Pulse | null = null
  let counter = 0
  let over = false
  const ending = new AbortController()
  const gone = createGate()

  const input = (name: SessionInput, why: VenueError | null) => {
    if (!over) deps.onInput(name, why)
  }
  const attempt = (use: (socket: Socket) => void) => {
    if (over || socket === null) throw new VenueError('later', 'the socket is gone')
    try {
      use(socket)
    } catch {
      const why = new VenueError('later', 'the socket does not take what we send')
      input('failed', why)
      throw why
    }
  }
  const line = createRequestLine({
    clock,
    budget: deps.budget,
    allows: (message) => protocol.allows(message),
    send: (text) => attempt((open) => open.send(text)),
    onTimeOut: deps.onTimeOut,
  })
  const link: SessionLink = { epoch, request: (request, signal) => line.request(request, signal) }

  const take = (text: string): Inbound[] => {
    const rest: Inbound[] = []
    for (const message of protocol.read(text)) {
      if (message.is === 'reply') line.takeReply(message)
      else if (message.is === 'error') {
        // Nobody asked: the venue ends our login. Logging in again shows whether the credential is still good.
        const unasked = !line.takeError(message)
        if (unasked && message.error.failure === 'refused') input('failed', message.error)
      } else if (message.is !== 'noise') rest.push(message)
    }
    return rest
  }

  const handlers: SocketHandlers = {
    onOpen() {
      if (over || pulse !== null) return
      pulse = startPulse({
        clock,
        keepAlive: protocol.keepAlive,
        ping: () => ignoreFailure(() => attempt((open) => open.ping())),
        onSilence: () => input('silence', new VenueError('later', `silent for ${protocol.keepAlive.silenceMs} ms`)),
      })
      input('opened', null)
    },
    onMessage(text) {
      if (over) return
      pulse?.heard()
      counter++
      const messages = take(text)
      if (messages.length > 0 && !over) deps.onReceived({ counter, chars: text.length, messages })
    },
    onBeat() {
      pulse?.heard()
    },
    onClose(why) {
      const error = errorOfClose(why)
      input(error.failure === 'refused' ? 'refused' : 'closed', error)
      gone.open()
    },
  }

  try {
    socket = deps.socket(protocol.url(), protocol.headers(), SOCKET_LIMITS, handlers)
  } catch {
    gone.open()
    queueMicrotask(() => input('failed', new VenueError('later', 'the socket could not be opened')))
  }

  return {
    epoch,
    link,
    counter: () => counter,
    establish() {
      // Not before this call is over, so that a protocol that fails at once fails like any other.
      Promise.resolve()
        .then(() => protocol.establish(link, ending.signal))
        .then(
          () => input('established', null),
          (error: unknown) => {
            const why =
              error instanceof VenueError ? error : new VenueError('later', 'could not log in', { cause: error })
            input(why.failure === 'refused' ? 'refused' : 'failed', why)
          },
        )
    },
    rest: (why) => line.close(why),
    terminate(why) {
      if (over) return
      over = true
      pulse?.[Symbol.dispose]()
      line.close(why)
      ending.abort(why)
      socket?.terminate()
    },
    gone: gone.opened,
  }
}

/** Longer reasons are cut: RFC 6455 allows 123 bytes, a proxy's error page may be anything. */
const MAX_REASON_CHARS = 200

/** A refused upgrade may have hit a limit on connections, which asks for more than the usual pause. */
const LIMITED_UPGRADE_MS = 60_000

function errorOfClose(why: Parameters<SocketHandlers['onClose']>[0]): VenueError {
  const { httpStatus } = why
  if (httpStatus === 401 || httpStatus === 403)
    return new VenueError('refused', `the upgrade was refused: ${httpStatus}`)
  if (httpStatus === 429) {
    const retry = { afterMs: LIMITED_UPGRADE_MS }
    return new VenueError('limited', 'the upgrade was refused: 429', { retry })
  }
  if (httpStatus !== null) return new VenueError('later', `the upgrade was refused: ${httpStatus}`)
  const reason = scrubText(why.reason).slice(0, MAX_REASON_CHARS)
  return new VenueError('later', `the socket closed: ${why.code ?? 'no code'} ${reason}`.trimEnd())
}

/** For what reports its failure by another way. */
function ignoreFailure(run: () => void): void {
  try {
    run()
  } catch {
    return
  }
}

function createGate(): { open: () => void; opened: Promise<void> } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}
