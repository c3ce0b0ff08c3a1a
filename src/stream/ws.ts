/** Owns the real socket: `ws`, with every limit set. */
import { type RawData, WebSocket } from 'ws'
import { USER_AGENT } from '../venues/http.ts'
import type { SocketTransport } from './socket.ts'

/** No compression (a small message could unfold into a large one), no redirects (the guard knows one host). */
export const openWebSocket: SocketTransport = (url, headers, limits, handlers) => {
  const socket = new WebSocket(url, {
    headers: { 'user-agent': USER_AGENT, ...headers },
    maxPayload: limits.maxMessageBytes,
    handshakeTimeout: limits.handshakeTimeoutMs,
    perMessageDeflate: false,
    followRedirects: false,
  })
  let httpStatus: number | null = null
  let failure = ''

  socket.on('open', () => handlers.onOpen())
  socket.on('message', (data) => handlers.onMessage(textOf(data)))
  socket.on('ping', () => handlers.onBeat())
  socket.on('pong', () => handlers.onBeat())
  socket.on('unexpected-response', (_request, response) => {
    httpStatus = response.statusCode ?? null
    // The body of a refusal is of no use, and nobody says how long it is.
    response.destroy()
    socket.terminate()
  })
  socket.on('error', (error) => {
    failure = codeOf(error)
  })
  socket.on('close', (code, reason) => {
    handlers.onClose({ code: code === 0 ? null : code, reason: reason.toString() || failure, httpStatus })
  })

  return {
    // A failing write is followed by `close`, which tells the session; its callback has nothing to add.
    send: (text) => socket.send(text, () => {}),
    ping: () => socket.ping(undefined, undefined, () => {}),
    terminate: () => socket.terminate(),
  }
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8')
  return Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data).toString('utf8')
}

/** The code alone (`ECONNREFUSED`, `WS_ERR_UNSUPPORTED_MESSAGE_LENGTH`): messages may quote what was received. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
