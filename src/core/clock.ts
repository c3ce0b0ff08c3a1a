/** Time and chance as values that are passed in: nothing but the composition root knows the real ones. */

/** All durations and instants are milliseconds. */
export interface Clock {
  /** Wall time since the epoch. It may jump: it is for stamping and showing, never for ordering or waiting. */
  wall(): number
  /** Never goes back; its zero means nothing. */
  monotonic(): number
  /** Calls `run` once after `ms`. Disposing it first means it never runs. */
  after(ms: number, run: () => void): Disposable
}

/** Uniform in [0, 1). */
export type Chance = () => number

/** Resolves after `ms`; rejects with the signal's reason as soon as the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer[Symbol.dispose]()
      reject(signal?.reason)
    }
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
