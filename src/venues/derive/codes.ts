/** Owns Derive's error codes: for each that a reader can meet, what it means for the account. */
import type { VenueFailure } from '../errors.ts'

/**
 * https://docs.derive.xyz/error-codes. What stops the account is `refused`, what waits is `limited` or `later`, what is
 * our bug or a wrong setting is `misused`. Codes of trading never answer a read: like all others that are not here, they
 * are `later`, because a word we do not know proves nothing.
 */
export const FAILURES: ReadonlyMap<number, VenueFailure> = new Map<number, VenueFailure>([
  [-32000, 'limited'],
  [-32100, 'limited'],
  [-32700, 'misused'],
  [-32600, 'misused'],
  [-32601, 'misused'],
  [-32602, 'misused'],
  [-32603, 'later'],
  [9000, 'later'],
  [9001, 'later'],
  [11006, 'not_found'],
  [12001, 'misused'],
  [13000, 'misused'],
  [14000, 'refused'],
  [14001, 'refused'],
  [14014, 'refused'],
  [14020, 'refused'],
  [14021, 'misused'],
  [14022, 'refused'],
  [14025, 'misused'],
  [14026, 'refused'],
  [14029, 'refused'],
  [14030, 'refused'],
  [14031, 'refused'],
  [16000, 'refused'],
  [16001, 'refused'],
])

/** The venue counts in windows of five seconds, and says no other wait. */
const WINDOW_MS = 5_000
/** Sockets of this address have to end first, and some of them may be the user's own. */
const SOCKETS_WAIT_MS = 60_000

/** How long to wait after a code that limits; null for any other. */
export function waitOf(code: number): number | null {
  if (code === -32000) return WINDOW_MS
  return code === -32100 ? SOCKETS_WAIT_MS : null
}
