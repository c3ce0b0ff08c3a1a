/** Owns waiting that ends: engines may hang for ever, and nothing here may hang with them. */
import type { Clock } from '../core/clock.ts'

/**
 * What `work` gave, or `late` once `ms` have passed. It is not cancelled: what comes of it later is dropped, a failure
 * too. A failure in time rejects.
 */
export function within<T>(clock: Clock, ms: number, work: PromiseLike<T>): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve('late'))
    const settle = (end: () => void) => {
      timer[Symbol.dispose]()
      end()
    }
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
