/** Owns the rate budget of one credential: every kind of request takes from it, and a venue's own wait pauses it. */

/** One limit a venue publishes, before our share is taken: `capacity` units, all of them back after `windowMs`. */
export interface RateLimit {
  capacity: number
  windowMs: number
}

export interface Budget {
  /** Resolves in turn when `weight` units are free; rejects with the signal's reason. */
  take(weight: number, signal?: AbortSignal): Promise<void>
  /** Nothing leaves for `ms`: the venue said so. */
  pause(ms: number): void
  /** Units free now, for metrics. */
  free(): number
}
