/** Owns how QFEX knows its users: an HMAC of nonce and time, each nonce once, each time near its own. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import type { QfexAccount } from './credentials.ts'

export interface QfexClaim {
  publicKey: string
  nonce: string
  unixSeconds: number
  signature: string
  /** The subaccount asked for; null for the primary one. */
  subaccount: string | null
}

export type QfexVerdict =
  | { is: 'known'; account: QfexAccount }
  | { is: 'unknown_key' | 'bad_signature' | 'stale' | 'nonce_reused' | 'bad_nonce' | 'no_such_subaccount' }

/** A nonce may come again after this long. */
const NONCE_WINDOW_MS = 15 * 60_000
const CLOCK_WINDOW_MS = 5 * 60_000
const MAX_NONCE_CHARS = 100

export const qfexSignature = (secret: string, nonce: string, unixSeconds: number): string =>
  createHmac('sha256', secret).update(`${nonce}:${unixSeconds}`).digest('hex')

export function createQfexAuth(deps: { accounts: readonly QfexAccount[]; venueNow: () => number; clock: Clock }) {
  const nonces = new Map<string, number>()
  const isReused = (claim: QfexClaim) => {
    const now = deps.clock.monotonic()
    for (const [nonce, at] of nonces) {
      // Oldest first: the rest is younger.
      if (now - at < NONCE_WINDOW_MS) break
      nonces.delete(nonce)
    }
    const key = `${claim.publicKey}:${claim.nonce}`
    if (nonces.has(key)) return true
    nonces.set(key, now)
    return false
  }
  return (claim: QfexClaim): QfexVerdict => {
    const holders = deps.accounts.filter((account) => account.publicKey === claim.publicKey)
    const [holder] = holders
    if (holder === undefined) return { is: 'unknown_key' }
    if (claim.nonce === '' || claim.nonce.length > MAX_NONCE_CHARS) return { is: 'bad_nonce' }
    const expected = Buffer.from(qfexSignature(holder.secretKey, claim.nonce, claim.unixSeconds))
    const given = Buffer.from(claim.signature)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { is: 'bad_signature' }
    if (Math.abs(claim.unixSeconds * 1_000 - deps.venueNow()) > CLOCK_WINDOW_MS) return { is: 'stale' }
    if (isReused(claim)) return { is: 'nonce_reused' }
    const account = holders.find((candidate) => candidate.subaccount === claim.subaccount)
    return account === undefined ? { is: 'no_such_subaccount' } : { is: 'known', account }
  }
}
