/** Owns the way between a venue server and its clients, where replies are spoilt, late or lost and sockets end. */
import type { Clock } from '../core/clock.ts'
import type { Dice } from './chance.ts'
import type { FaultPoint, FaultSite, Faults } from './faults.ts'
import { wireText } from './garble.ts'
import type { Conversation, Peer, ServerReply, ServerRequest, VenueServer } from './server.ts'

export interface EdgeReply {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
}

/** The client's end of a socket, as the network would drive it. */
export interface Wire {
  deliver(text: string): void
  beat(): void
  close(code: number | null, reason: string): void
}

export interface EdgeSocket {
  receive(text: string): void
  /** The client has gone. */
  gone(): void
}

export interface Edge {
  readonly server: VenueServer
  /** After the time it takes; `no_answer`: never; `unreachable`: nobody listens. */
  http(request: ServerRequest): { afterMs: number; reply: EdgeReply | 'no_answer' | 'unreachable' }
  /** Refused with an HTTP status, or null where nobody listens, before a socket comes to be. */
  refusal(path: string): { status: number | null } | null
  /** Throws a RangeError at a venue without sockets. */
  connect(wire: Wire): EdgeSocket
  /** Ends every socket, or those of one account. */
  closeSockets(account?: string, code?: number | null): void
  /** Sockets that are up. */
  sockets(): number
  /** How often anybody has asked or connected. */
  requests(): number
}

export interface EdgeDeps {
  server: VenueServer
  faults: Faults
  dice: Dice
  clock: Clock
  /** The venue's clock, ms. */
  venueNow: () => number
  /** The account a request claims to be of, for faults that strike one account. */
  accountOf: (request: ServerRequest) => string | null
}

const ABNORMAL = 1006

export function createEdge(deps: EdgeDeps): Edge {
  const { server, faults } = deps
  const lines = new Set<Line>()
  let requests = 0
  const closeSockets = (account?: string, code: number | null = ABNORMAL) => {
    for (const line of lines) if (account === undefined || line.accounts().includes(account)) line.end(code, '')
  }
  faults.watch((fault) => {
    if (fault.kind === 'dead' && fault.venue === server.venue) closeSockets()
  })
  return {
    server,
    closeSockets,
    sockets: () => lines.size,
    requests: () => requests,
    http(request) {
      requests += 1
      const site = { venue: server.venue, account: deps.accountOf(request), on: server.pointOf(request.path) }
      if (faults.strike('dead', site) !== null) return { afterMs: 0, reply: 'unreachable' }
      const afterMs = faults.strike('slow', site)?.ms ?? 0
      if (faults.strike('no_answer', site) !== null) return { afterMs, reply: 'no_answer' }
      const failed = faults.strike('http_status', site)
      const reply = failed === null ? server.handle(request) : failure(server, failed)
      return { afterMs, reply: textOf(reply, site, deps) }
    },
    refusal(path) {
      const site: FaultSite = { venue: server.venue, account: null, on: 'handshake' }
      if (faults.strike('dead', site) !== null) return { status: null }
      const failed = faults.strike('http_status', site)
      if (failed !== null) return { status: failed.status }
      return server.takesSocketAt(path) ? null : { status: 404 }
    },
    connect(wire) {
      requests += 1
      if (server.converse === null) throw new RangeError(`${server.venue} has no socket`)
      const line = createLine(wire, server.converse, deps, () => lines.delete(line))
      lines.add(line)
      return line
    },
  }
}

const failure = (server: VenueServer, { status, retryAfterMs = 1_000 }: { status: number; retryAfterMs?: number }) =>
  server.failure(status, retryAfterMs)

function textOf({ status, headers, body }: ServerReply, site: FaultSite, deps: EdgeDeps): EdgeReply {
  const text = wireText(body, site, deps)
  const date = new Date(deps.venueNow()).toUTCString()
  return { status, headers: { date, 'content-type': 'application/json', ...headers }, text }
}

interface Line extends EdgeSocket {
  accounts(): readonly string[]
  end(code: number | null, reason: string): void
}

/** One socket: what the server says passes the faults on its way to the wire. */
function createLine(wire: Wire, converse: (peer: Peer) => Conversation, deps: EdgeDeps, left: () => void): Line {
  const { faults, clock, server } = deps
  let isUp = true
  /** A frame that waits to be overtaken by the next. */
  let heldBack: string | null = null
  const timers = new Set<Disposable>()
  const end = (code: number | null, reason: string) => {
    if (!isUp) return
    gone()
    wire.close(code, reason)
  }
  const gone = () => {
    if (!isUp) return
    isUp = false
    for (const timer of timers) timer[Symbol.dispose]()
    conversation.closed()
    left()
  }
  const deliver = (text: string) => {
    if (!isUp) return
    wire.deliver(text)
    if (heldBack !== null) wire.deliver(heldBack)
    heldBack = null
  }
  const later = (ms: number, run: () => void) => {
    const timer = clock.after(ms, () => {
      timers.delete(timer)
      run()
    })
    timers.add(timer)
  }
  const send = (body: unknown, on: FaultPoint, account: string | null) => {
    if (!isUp) return
    const site = { venue: server.venue, account, on }
    const closing = faults.strike('close_socket', site)
    if (closing !== null) return end(closing.code ?? ABNORMAL, 'gone')
    if (faults.strike('drop_frame', site) !== null || faults.strike('no_answer', site) !== null) return
    const text = wireText(body, site, deps)
    const delay = faults.strike('delay_frame', site) ?? faults.strike('slow', site)
    if (delay !== null) return later(delay.ms, () => deliver(text))
    if (heldBack === null && faults.strike('reorder_frames', site) !== null) {
      heldBack = text
      return
    }
    deliver(text)
    if (faults.strike('duplicate_frame', site) !== null) deliver(text)
  }
  const conversation = converse({
    send,
    beat: () => {
      if (isUp) wire.beat()
    },
    close: end,
  })
  return {
    accounts: () => conversation.accounts(),
    receive(text) {
      if (isUp) conversation.receive(text)
    },
    gone,
    end,
  }
}
