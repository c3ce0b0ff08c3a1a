/** Owns how long a serving command lives: until a signal, then until everything is closed, but not for ever. */
import type { ProcessSignal, World } from './world.ts'

/** What is not closed by then is left to the kernel; the database is whole at every instant. */
export const DRAIN_MS = 10_000

export interface Lifetime extends Disposable {
  /** Aborts at the first SIGINT or SIGTERM, or when {@link Lifetime.end} is called. */
  readonly over: AbortSignal
  end(): void
}

/** From now on the first signal ends the lifetime, the second ends the process at once, and SIGHUP calls `onHangup`. */
export function beginLifetime(world: World, onHangup: () => void): Lifetime {
  const controller = new AbortController()
  const handle = (signal: ProcessSignal) => {
    if (signal === 'SIGHUP') onHangup()
    else if (controller.signal.aborted) world.exit(1)
    else controller.abort()
  }
  const handler = world.onSignal(handle)
  return {
    over: controller.signal,
    end: () => controller.abort(),
    [Symbol.dispose]: () => handler[Symbol.dispose](),
  }
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Closes in time, or throws an error that says what was not closed. */
export async function drain(world: World, what: string, closing: AsyncDisposable): Promise<void> {
  let timer: Disposable | null = null
  const late = new Promise<never>((_, reject) => {
    timer = world.clock.after(DRAIN_MS, () => reject(new Error(`${what} did not close within ${DRAIN_MS / 1000} s`)))
  })
  try {
    await Promise.race([closing[Symbol.asyncDispose](), late])
  } finally {
    stop(timer)
  }
}

const stop = (timer: Disposable | null) => timer?.[Symbol.dispose]()
