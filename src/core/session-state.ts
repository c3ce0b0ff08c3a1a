/** Owns the life of a socket session as a total table: what every input means in every state, and what is to be done. */

/**
 * - `idle`: made, not begun.
 * - `connecting`: a socket is opening.
 * - `establishing`: it is open; we log in and subscribe.
 * - `live`: requests are answered and frames arrive.
 * - `waiting`: no socket; the next attempt is due later.
 * - `stopped`: over for good.
 */
export type SessionState = 'idle' | 'connecting' | 'establishing' | 'live' | 'waiting' | 'stopped'

/**
 * - `message`: something readable arrived.
 * - `stuck`: connecting or establishing took too long.
 * - `failed`: logging in failed, a message could not be sent, or nobody could take a frame.
 * - `overflowed`: more is waiting than we keep; what was dropped is a gap, and a gap ends the session.
 * - `refused`: the venue does not accept the credential.
 * - `stayed_healthy`: live for long enough that the failures before do not count any more.
 */
export type SessionInput =
  | 'start'
  | 'opened'
  | 'established'
  | 'message'
  | 'silence'
  | 'request_timed_out'
  | 'stuck'
  | 'failed'
  | 'overflowed'
  | 'refused'
  | 'closed'
  | 'retry_due'
  | 'stayed_healthy'
  | 'stop'

/**
 * Carried out in the order given. `hold` keeps a message until the session is up, `deliver` hands it on.
 * `announce_down` also tells of an attempt that never came up.
 */
export type SessionEffect =
  | 'connect'
  | 'establish'
  | 'announce_up'
  | 'hold'
  | 'deliver'
  | 'terminate'
  | 'announce_down'
  | 'retry_soon'
  | 'retry_slowly'
  | 'forget_failures'
  | 'cancel_retry'

export interface Step {
  state: SessionState
  effects: readonly SessionEffect[]
}

/** The only way from one state to the next. */
export const step = (state: SessionState, input: SessionInput): Step => TRANSITIONS[state][input]

const to = (state: SessionState, ...effects: SessionEffect[]): Step => ({ state, effects })

const stop = to('stopped')
const inIdle = to('idle')
const inWaiting = to('waiting')
const inStopped = to('stopped')

// The socket goes first in every ending, so that nothing can arrive after the session was announced down.
const giveUp = to('waiting', 'terminate', 'announce_down', 'retry_soon')
const wasRefused = to('waiting', 'terminate', 'announce_down', 'retry_slowly')

/** A cell that stays where it is without effects holds an input that came too late or cannot come: a timer, a last frame. */
export const TRANSITIONS: Readonly<Record<SessionState, Readonly<Record<SessionInput, Step>>>> = {
  idle: {
    start: to('connecting', 'connect'),
    opened: inIdle,
    established: inIdle,
    message: inIdle,
    silence: inIdle,
    request_timed_out: inIdle,
    stuck: inIdle,
    failed: inIdle,
    overflowed: inIdle,
    refused: inIdle,
    closed: inIdle,
    retry_due: inIdle,
    stayed_healthy: inIdle,
    stop,
  },
  connecting: {
    start: to('connecting'),
    opened: to('establishing', 'establish'),
    established: to('connecting'),
    // Nothing may speak before the upgrade is done; a transport that lets it through is not believed.
    message: to('connecting'),
    silence: giveUp,
    request_timed_out: giveUp,
    stuck: giveUp,
    failed: giveUp,
    overflowed: giveUp,
    refused: wasRefused,
    closed: giveUp,
    retry_due: to('connecting'),
    stayed_healthy: to('connecting'),
    stop: to('stopped', 'terminate'),
  },
  establishing: {
    start: to('establishing'),
    opened: to('establishing'),
    established: to('live', 'announce_up'),
    // Subscribed streams speak before the last acknowledgement: those frames belong to the session all the same.
    message: to('establishing', 'hold'),
    silence: giveUp,
    request_timed_out: giveUp,
    stuck: giveUp,
    failed: giveUp,
    overflowed: giveUp,
    refused: wasRefused,
    closed: giveUp,
    retry_due: to('establishing'),
    stayed_healthy: to('establishing'),
    stop: to('stopped', 'terminate'),
  },
  live: {
    start: to('live'),
    opened: to('live'),
    established: to('live'),
    message: to('live', 'deliver'),
    silence: giveUp,
    request_timed_out: giveUp,
    // Timers of the opening, come too late.
    stuck: to('live'),
    failed: giveUp,
    overflowed: giveUp,
    refused: wasRefused,
    closed: giveUp,
    retry_due: to('live'),
    stayed_healthy: to('live', 'forget_failures'),
    stop: to('stopped', 'terminate', 'announce_down'),
  },
  waiting: {
    start: inWaiting,
    opened: inWaiting,
    established: inWaiting,
    message: inWaiting,
    silence: inWaiting,
    request_timed_out: inWaiting,
    stuck: inWaiting,
    failed: inWaiting,
    overflowed: inWaiting,
    refused: inWaiting,
    closed: inWaiting,
    retry_due: to('connecting', 'cancel_retry', 'connect'),
    stayed_healthy: inWaiting,
    stop: to('stopped', 'cancel_retry'),
  },
  stopped: {
    start: inStopped,
    opened: inStopped,
    established: inStopped,
    message: inStopped,
    silence: inStopped,
    request_timed_out: inStopped,
    stuck: inStopped,
    failed: inStopped,
    overflowed: inStopped,
    refused: inStopped,
    closed: inStopped,
    retry_due: inStopped,
    stayed_healthy: inStopped,
    stop: inStopped,
  },
}
