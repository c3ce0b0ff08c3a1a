/** Owns the lane of an account: one thing at a time, however often the queue, the watchdog and the stream ask for it. */

export interface Lane {
  /**
   * Runs `work`, or, while another run is under way, lets that one go round once more and resolves with it: whoever asks
   * gets a run that began after they asked.
   */
  run(work: () => Promise<void>): Promise<void>
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

export function createLane(): Lane {
  let current: Promise<void> | null = null
  let next: Promise<void> | null = null
  const start = (work: () => Promise<void>): Promise<void> => {
    const done = work().finally(() => {
      if (current === done) current = null
    })
    current = done
    return done
  }
  return {
    run(work) {
      if (current === null) return start(work)
      if (next === null) {
        const again = () => {
          next = null
          return start(work)
        }
        next = current.then(again, again)
      }
      return next
    },
    async idle() {
      while (current !== null || next !== null) await Promise.allSettled([current, next])
    },
  }
}
