/** Owns how much of this process one client, or all together, may hold. What is over a limit is cut off, never queued. */

/** Times in ms. */
export interface MonitorLimits {
  /** Request line and headers together; more is answered 431. */
  headerBytes: number
  /** Only `POST /session` has a body that is read; more is answered 413. */
  bodyBytes: number
  /** All headers must be in by then (a slow-loris holds a socket no longer); answered 408. */
  headersTimeoutMs: number
  /** The whole request must be in by then; answered 408. */
  requestTimeoutMs: number
  /** A handler that has not answered by then is given up, 503: a queue engine that hangs must not hold sockets. */
  handlerTimeoutMs: number
  /** A socket on which nothing moves in either direction is closed. */
  idleTimeoutMs: number
  keepAliveMs: number
  /** How often the two request time-outs are looked at. */
  sweepEveryMs: number
  /** Sockets at once; one more is closed as it comes. */
  connections: number
}

export const MONITOR_LIMITS: MonitorLimits = {
  headerBytes: 8_192,
  bodyBytes: 4_096,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  handlerTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  keepAliveMs: 5_000,
  sweepEveryMs: 1_000,
  connections: 128,
}
