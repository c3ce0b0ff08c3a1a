/** Owns the pulse of one socket: pings out, and the verdict of silence when nothing comes back. */
import type { Clock } from '../core/clock.ts'
import type { SessionProtocol } from '../venues/venue.ts'

export interface Pulse extends Disposable {
  /** Anything at all was received. */
  heard(): void
}

export interface PulseDeps {
  clock: Clock
  keepAlive: SessionProtocol['keepAlive']
  ping(): void
  onSilence(): void
}

/** Beats until disposed. `onSilence` comes at most once, when nothing was heard for `silenceMs`. */
export function startPulse({ clock, keepAlive, ping, onSilence }: PulseDeps): Pulse {
  let heardAt = clock.monotonic()

  let over = false

  const beat = () => {
    ping()
    // The ping itself may have found the socket gone and ended all this.
    if (!over) pinging = clock.after(keepAlive.pingEveryMs, beat)
  }
  // One timer that looks when silence would be due, instead of one that every message sets anew.
  const listen = () => {
    const quietMs = clock.monotonic() - heardAt
    if (quietMs >= keepAlive.silenceMs) onSilence()
    else listening = clock.after(keepAlive.silenceMs - quietMs, listen)
  }

  let pinging = clock.after(keepAlive.pingEveryMs, beat)
  let listening = clock.after(keepAlive.silenceMs, listen)

  return {
    heard() {
      heardAt = clock.monotonic()
    },
    [Symbol.dispose]() {
      over = true
      pinging[Symbol.dispose]()
      listening[Symbol.dispose]()
    },
  }
}
