/** Owns how a venue fails us. Every failure answers for its own retry, so that no caller reads messages to decide. */

/**
 * - `refused`: the credential is not accepted; the account waits 5–15 minutes.
 * - `skew`: our clock is not the venue's; once the offset is measured the request goes again.
 * - `limited`: too many requests; `afterMs` is the venue's own wait where it gave one.
 * - `later`: the venue is down, slow or overloaded; any retry may help.
 * - `broken`: an answer nobody could use (not JSON, too large, of another account); it proves nothing.
 * - `misused`: the venue calls our request wrong, so repeating it cannot help: our bug or a wrong setting.
 * - `not_found`: the venue's typed word that the thing asked for does not exist.
 */
export type VenueFailure = 'refused' | 'skew' | 'limited' | 'later' | 'broken' | 'misused' | 'not_found'

export type Retry = 'never' | 'later' | { afterMs: number }

/** A failure of the outside world. `message` is ours and the venue's words, scrubbed; it never carries a secret. */
export class VenueError extends Error {
  override readonly name = 'VenueError'
  readonly failure: VenueFailure
  readonly retry: Retry

  constructor(failure: VenueFailure, message: string, options: { retry?: Retry; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.failure = failure
    this.retry = options.retry ?? (failure === 'misused' || failure === 'not_found' ? 'never' : 'later')
  }
}

/** A request that is not on the venue's allow-list. It never left the process; it is a bug to be found by a test. */
export class ForbiddenRequestError extends Error {
  override readonly name = 'ForbiddenRequestError'
}
