/** Owns the sandbox on a network: real HTTP and WebSocket servers on loopback in front of the same edges. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Clock } from '../core/clock.ts'
import type { Control } from './control.ts'
import type { Edge } from './edge.ts'
import { type SandboxVenue, VENUES } from './sandbox.ts'
import type { ServerRequest } from './server.ts'

/** 0 takes a free port. */
export type Ports = Record<SandboxVenue | 'control', number>

export interface Served extends AsyncDisposable {
  /** The ports that were taken. */
  ports: Ports
}

const HOST = '127.0.0.1'
const MAX_BODY_BYTES = 1_000_000

export const urlOf = (scheme: 'http' | 'ws', port: number): string => `${scheme}://${HOST}:${port}`

/** Rejects where a port is taken. */
export async function serve(deps: {
  edges: Record<SandboxVenue, Edge>
  control: Control
  clock: Clock
  ports: Ports
}): Promise<Served> {
  const { edges, control, clock, ports } = deps
  const opened: Server[] = []
  const open = async (server: Server, port: number) => {
    const taken = await listen(server, port)
    opened.push(server)
    return taken
  }
  const closeAll = async () => {
    for (const server of opened.reverse()) await close(server)
  }
  try {
    const taken = { ...ports }
    for (const venue of VENUES) taken[venue] = await open(venueServer(edges[venue], clock), ports[venue])
    taken.control = await open(controlServer(control), ports.control)
    return { ports: taken, [Symbol.asyncDispose]: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

function venueServer(edge: Edge, clock: Clock): Server {
  const server = createServer((incoming, outgoing) => {
    void readBody(incoming).then((body) => {
      if (body === null) return outgoing.writeHead(413).end()
      const { afterMs, reply } = edge.http(requestOf(incoming, body))
      if (reply === 'unreachable') return incoming.destroy()
      // Left open until the client gives up or the sandbox closes.
      if (reply === 'no_answer') return
      clock.after(afterMs, () => outgoing.writeHead(reply.status, reply.headers).end(reply.text))
    })
  })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES, perMessageDeflate: false })
  server.on('upgrade', (incoming, socket, head) => upgrade(edge, sockets, incoming, socket, head))
  return server
}

function upgrade(edge: Edge, sockets: WebSocketServer, incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
  const refusal =
    edge.server.converse === null ? { status: 404 } : edge.refusal((incoming.url ?? '/').split('?', 1)[0] ?? '/')
  if (refusal !== null) {
    if (refusal.status === null) socket.destroy()
    else socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    return
  }
  sockets.handleUpgrade(incoming, socket, head, (peer) => {
    const line = edge.connect({
      deliver: (text) => peer.send(text),
      beat: () => peer.ping(),
      // 1006 cannot be sent: it is what the client sees when nothing was.
      close: (code, reason) => (code === null || code === 1006 ? peer.terminate() : peer.close(code, reason)),
    })
    peer.on('message', (data) => line.receive(data.toString()))
    peer.on('close', () => line.gone())
    peer.on('error', () => line.gone())
  })
}

function controlServer(control: Control): Server {
  return createServer((incoming, outgoing) => {
    void readBody(incoming).then((body) => {
      const { method, path, query } = requestOf(incoming, body ?? '')
      const reply = control.handle({ method, path, query: new URLSearchParams(query), body: body ?? '' })
      // A kept connection would greet the next run on this port with the end of this one.
      const headers = { 'content-type': 'application/json', connection: 'close' }
      outgoing.writeHead(reply.status, headers).end(`${JSON.stringify(reply.body)}\n`)
    })
  })
}

function requestOf(incoming: IncomingMessage, body: string): ServerRequest {
  const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value)
  return { method: incoming.method ?? 'GET', path, query, headers, body }
}

/** Null where it is too large. */
async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of incoming) {
      const bytes = Buffer.from(chunk)
      size += bytes.length
      if (size > MAX_BODY_BYTES) return null
      chunks.push(bytes)
    }
  } catch {
    // The client has gone; whatever is answered now reaches nobody.
    return null
  }
  return Buffer.concat(chunks).toString()
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
