/** Owns a socket transport whose other end is a test. */
import type { SocketHandlers, SocketTransport } from '../../src/stream/socket.ts'

export interface ScriptedSocket {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Everything sent so far, oldest first. */
  readonly sent: string[]
  pings(): number
  /** Our side ended it. */
  terminated(): boolean
  open(): void
  /** Text goes as it is, anything else as JSON. */
  say(message: unknown): void
  beat(): void
  close(why?: Partial<Parameters<SocketHandlers['onClose']>[0]>): void
}

export interface ScriptedSockets {
  transport: SocketTransport
  /** Every socket ever opened, oldest first. */
  readonly sockets: ScriptedSocket[]
  /** The newest one; throws where there is none. */
  last(): ScriptedSocket
}

/** `onSend` may answer at once, as a venue would; it runs within our own `send`. */
export function createScriptedSockets(
  onSend: (message: string, socket: ScriptedSocket) => void = () => {},
): ScriptedSockets {
  const sockets: ScriptedSocket[] = []
  return {
    sockets,
    last() {
      const last = sockets.at(-1)
      if (last === undefined) throw new Error('no socket was opened')
      return last
    },
    transport(url, headers, _limits, handlers) {
      const sent: string[] = []
      let pings = 0
      let isTerminated = false
      let isClosed = false
      const close: ScriptedSocket['close'] = (why = {}) => {
        if (isClosed) return
        isClosed = true
        handlers.onClose({ code: 1006, reason: '', httpStatus: null, ...why })
      }
      const scripted: ScriptedSocket = {
        url,
        headers,
        sent,
        pings: () => pings,
        terminated: () => isTerminated,
        open: () => handlers.onOpen(),
        say: (message) => handlers.onMessage(typeof message === 'string' ? message : JSON.stringify(message)),
        beat: () => handlers.onBeat(),
        close,
      }
      sockets.push(scripted)
      return {
        send(text) {
          if (isClosed) throw new Error('the socket is closed')
          sent.push(text)
          onSend(text, scripted)
        },
        ping() {
          if (isClosed) throw new Error('the socket is closed')
          pings++
        },
        terminate() {
          isTerminated = true
          queueMicrotask(() => close())
        },
      }
    },
  }
}
