/** Owns how Revolut X knows its users: an Ed25519 signature over the very bytes of the request, made just now. */
import { verify } from 'node:crypto'
import type { RevolutXAccount } from './credentials.ts'
import type { ServerRequest } from './server.ts'

export type RevolutXVerdict =
  | { is: 'known'; account: RevolutXAccount }
  | { is: 'unknown_key' | 'bad_signature' | 'stale' | 'future' }

/** "A few seconds", says the venue. */
const CLOCK_TOLERANCE_MS = 5_000

/** What is signed: no separators, the query without its `?`. */
export const signedText = (timestamp: string, request: Omit<ServerRequest, 'headers'>): string =>
  `${timestamp}${request.method.toUpperCase()}${request.path}${request.query}${request.body}`

export function createRevolutXAuth(deps: { accounts: readonly RevolutXAccount[]; venueNow: () => number }) {
  return (request: ServerRequest): RevolutXVerdict => {
    const account = deps.accounts.find(({ apiKey }) => apiKey === request.headers['x-revx-api-key'])
    const timestamp = request.headers['x-revx-timestamp'] ?? ''
    if (account === undefined || !/^\d{13}$/.test(timestamp)) return { is: 'unknown_key' }
    const signature = Buffer.from(request.headers['x-revx-signature'] ?? '', 'base64')
    const isSigned = verify(null, Buffer.from(signedText(timestamp, request)), account.publicKey, signature)
    if (!isSigned) return { is: 'bad_signature' }
    const ahead = Number(timestamp) - deps.venueNow()
    if (ahead > CLOCK_TOLERANCE_MS) return { is: 'future' }
    return ahead < -CLOCK_TOLERANCE_MS ? { is: 'stale' } : { is: 'known', account }
  }
}
