/** Owns a socket session for as long as its accounts are configured: it drives the table in core/session-state. */
import { backoffMs } from '../core/backoff.ts'
import { type Chance, type Clock, sleep } from '../core/clock.ts'
import { type SessionEffect, type SessionInput, type SessionState, step } from '../core/session-state.ts'
import type { Budget } from '../venues/budget.ts'
import { VenueError } from '../venues/errors.ts'
import type { Inbound, SessionLink, SessionProtocol } from '../venues/venue.ts'
import { type Connection, openConnection, type Received } from './connection.ts'
import type { SocketTransport } from './socket.ts'

/** From the start of a connection to its last acknowledgement; what takes longer is given up and tried again. */
export const OPENING_TIMEOUT_MS = 90_000

export const RETRY = { baseMs: 1_000, maxMs: 60_000 }

/** A refused credential is tried again after 5 to 15 minutes. */
export const REFUSED_RETRY = { leastMs: 5 * 60_000, mostMs: 15 * 60_000 }

/** Live for this long, and the failures before do not count any more. */
export const HEALTHY_AFTER_MS = 120_000

/** Frames that come before the session is up. More is an overflow: what would be dropped is a gap, which ends it. */
export const MAX_HELD_MESSAGES = 10_000
export const MAX_HELD_CHARS = 16_000_000

/**
 * A request without a reply ends the session this often in the window. After that the stream is worth more than
 * requests: it goes on, its requests fail at once, and it is renewed when the window allows.
 */
export const TIMEOUT_ENDINGS = { most: 3, windowMs: 10 * 60_000 }

/** How long dispose waits for the socket to be closed. */
const CLOSE_TIMEOUT_MS = 2_000

/** The part of the log that a session writes to. */
export interface SessionLog {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
}

/** Called in order, one at a time; nothing is called after the session is disposed. */
export interface SessionListener {
  up(epoch: number): void
  /** `epoch` is null for an attempt that never came up; `why` is null when the session was disposed. */
  down(epoch: number | null, why: VenueError | null): void
  /** Throwing ends the session: a frame nobody could take is a gap. */
  inbound(epoch: number, counter: number, messages: Inbound[]): void
}

export interface SessionOptions {
  protocol: SessionProtocol
  socket: SocketTransport
  clock: Clock
  chance: Chance
  log: SessionLog
  budget: Budget
  nextEpoch: () => number
  on: SessionListener
}

export interface Session extends AsyncDisposable {
  /** Null unless live. */
  link(): SessionLink | null
  state(): SessionState
  /** The newest message received in the live session; null unless live. */
  mark(): { epoch: number; counter: number } | null
  /** Ends a wait for the next attempt: the configuration was read again, say. */
  retryNow(): void
}

/** Begins at once and goes on until disposed. */
export function createSession(options: SessionOptions): Session {
  const session = new SocketSession(options)
  queueMicrotask(() => session.apply({ input: 'start', why: null, received: null }))
  return session
}

interface Event {
  input: SessionInput
  why: VenueError | null
  received: Received | null
}

class SocketSession implements Session {
  readonly #options: SessionOptions
  #state: SessionState = 'idle'
  #connection: Connection | null = null
  #isUp = false
  #held: Received[] = []
  #heldChars = 0
  #failures = 0
  #timeouts: number[] = []
  readonly #timers = new Map<TimerName, Disposable>()
  readonly #events: Event[] = []
  #draining = false

  readonly #perform: Readonly<Record<SessionEffect, (event: Event) => void>> = {
    connect: () => this.#connect(),
    establish: () => this.#connection?.establish(),
    announce_up: () => this.#announceUp(),
    hold: ({ received }) => this.#hold(received),
    deliver: ({ received }) => this.#deliver(received),
    terminate: ({ why }) => this.#terminate(why),
    announce_down: ({ why }) => this.#announceDown(why),
    retry_soon: ({ why }) => this.#retryIn(soonMs(this.#failures, this.#options.chance, why), why),
    retry_slowly: ({ why }) => this.#retryIn(slowlyMs(this.#options.chance), why),
    forget_failures: () => {
      this.#failures = 0
    },
    cancel_retry: () => this.#disarm('retry'),
  }

  constructor(options: SessionOptions) {
    this.#options = options
  }

  state(): SessionState {
    return this.#state
  }

  link(): SessionLink | null {
    return this.#state === 'live' ? (this.#connection?.link ?? null) : null
  }

  mark(): { epoch: number; counter: number } | null {
    const connection = this.#connection
    return this.#state === 'live' && connection ? { epoch: connection.epoch, counter: connection.counter() } : null
  }

  retryNow(): void {
    this.#input('retry_due')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input('stop')
    if (this.#connection === null) return
    const closed = new AbortController()
    const tooLong = sleep(this.#options.clock, CLOSE_TIMEOUT_MS, closed.signal).catch(() => undefined)
    await Promise.race([this.#connection.gone, tooLong])
    closed.abort()
  }

  /** The one place where the state changes. Inputs that arise meanwhile wait for their turn. */
  apply(event: Event): void {
    this.#events.push(event)
    if (this.#draining) return
    this.#draining = true
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const { state, effects } = step(this.#state, next.input)
      this.#state = state
      for (const effect of effects) this.#perform[effect](next)
    }
    this.#draining = false
  }

  #input(input: SessionInput, why: VenueError | null = null): void {
    this.apply({ input, why, received: null })
  }

  #connect(): void {
    const { protocol, socket, clock, budget, nextEpoch } = this.#options
    this.#held = []
    this.#heldChars = 0
    this.#arm('opening', OPENING_TIMEOUT_MS, () => {
      this.#input('stuck', new VenueError('later', `not up within ${OPENING_TIMEOUT_MS} ms`))
    })
    this.#connection = openConnection({
      epoch: nextEpoch(),
      protocol,
      socket,
      clock,
      budget,
      onInput: (input, why) => this.#input(input, why),
      onReceived: (received) => this.apply({ input: 'message', why: null, received }),
      onTimeOut: (why) => this.#timedOut(why),
    })
  }

  #announceUp(): void {
    const { on, log, protocol } = this.#options
    const connection = this.#connection
    if (connection === null) return
    this.#disarm('opening')
    this.#arm('healthy', HEALTHY_AFTER_MS, () => this.#input('stayed_healthy'))
    this.#isUp = true
    log.info({ accounts: protocol.accounts, epoch: connection.epoch }, 'session up')
    this.#tell(() => on.up(connection.epoch))
    for (const received of this.#held.splice(0)) this.#deliver(received)
  }

  #hold(received: Received | null): void {
    if (received === null) return
    this.#heldChars += received.chars
    this.#held.push(received)
    if (this.#held.length <= MAX_HELD_MESSAGES && this.#heldChars <= MAX_HELD_CHARS) return
    this.#input('overflowed', new VenueError('later', 'more came before the session was up than is kept'))
  }

  #deliver(received: Received | null): void {
    const epoch = this.#connection?.epoch
    if (received === null || epoch === undefined) return
    this.#tell(() => this.#options.on.inbound(epoch, received.counter, received.messages))
  }

  #tell(listen: () => void): void {
    try {
      listen()
    } catch (cause) {
      this.#input('failed', new VenueError('later', 'nobody could take what the session said', { cause }))
    }
  }

  #terminate(why: VenueError | null): void {
    for (const name of ['opening', 'healthy', 'renewal'] as const) this.#disarm(name)
    this.#held = []
    this.#connection?.terminate(why ?? new VenueError('later', 'the session was stopped'))
  }

  #announceDown(why: VenueError | null): void {
    const epoch = this.#isUp ? (this.#connection?.epoch ?? null) : null
    this.#isUp = false
    this.#tell(() => this.#options.on.down(epoch, why))
  }

  #retryIn(waitMs: number, why: VenueError | null): void {
    this.#failures++
    this.#arm('retry', waitMs, () => this.#input('retry_due'))
    const { log, protocol } = this.#options
    const fields = { accounts: protocol.accounts, failure: why?.failure, why: why?.message, attempt: this.#failures }
    log.warn({ ...fields, waitMs: Math.round(waitMs) }, 'session down, trying again')
  }

  #timedOut(why: VenueError): void {
    const now = this.#options.clock.monotonic()
    this.#timeouts = this.#timeouts.filter((at) => now - at < TIMEOUT_ENDINGS.windowMs)
    const oldest = this.#timeouts[0]
    if (this.#state === 'live' && oldest !== undefined && this.#timeouts.length >= TIMEOUT_ENDINGS.most) {
      const restMs = oldest + TIMEOUT_ENDINGS.windowMs - now
      this.#connection?.rest(new VenueError('later', 'requests on this socket rest', { retry: { afterMs: restMs } }))
      this.#arm('renewal', restMs, () => this.#timedOut(why))
      return
    }
    this.#timeouts.push(now)
    this.#input('request_timed_out', why)
  }

  #arm(name: TimerName, ms: number, run: () => void): void {
    this.#disarm(name)
    this.#timers.set(name, this.#options.clock.after(ms, run))
  }

  #disarm(name: TimerName): void {
    this.#timers.get(name)?.[Symbol.dispose]()
    this.#timers.delete(name)
  }
}

type TimerName = 'opening' | 'healthy' | 'retry' | 'renewal'

/** The longest wait that a venue may ask of us. */
const MAX_ASKED_WAIT_MS = 15 * 60_000

function soonMs(failures: number, chance: Chance, why: VenueError | null): number {
  const asked = typeof why?.retry === 'object' ? Math.min(why.retry.afterMs, MAX_ASKED_WAIT_MS) : 0
  return Math.max(asked, backoffMs(failures, chance, RETRY))
}

const slowlyMs = (chance: Chance): number =>
  REFUSED_RETRY.leastMs + chance() * (REFUSED_RETRY.mostMs - REFUSED_RETRY.leastMs)
