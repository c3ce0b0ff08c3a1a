/** Owns how Derive knows its users: the address that a signature of the time gives away must be a key of the wallet. */
import type { DeriveAccount } from './credentials.ts'
import { signerOf } from './derive-keys.ts'

export interface DeriveClaim {
  wallet: string
  /** Decimal text of milliseconds, as it was signed. */
  timestamp: string
  signature: string
}

/** The subaccounts that a key may read, or why it may not. */
export type DeriveVerdict =
  | { is: 'known'; accounts: readonly DeriveAccount[] }
  | { is: 'unknown_wallet' | 'bad_signature' | 'unknown_key' | 'stale' }

/** For signatures of the wallet itself. A session key's are good at any time; how long these are is not published. */
const FRESH_MS = 60_000

export function createDeriveAuth(deps: { accounts: readonly DeriveAccount[]; venueNow: () => number }) {
  return ({ wallet, timestamp, signature }: DeriveClaim): DeriveVerdict => {
    const owner = wallet.toLowerCase()
    const ofWallet = deps.accounts.filter((account) => account.wallet.toLowerCase() === owner)
    if (ofWallet.length === 0) return { is: 'unknown_wallet' }
    const signer = /^\d{1,15}$/.test(timestamp) ? signerOf(timestamp, signature) : null
    if (signer === null) return { is: 'bad_signature' }
    if (signer === owner) {
      const isFresh = Math.abs(Number(timestamp) - deps.venueNow()) <= FRESH_MS
      return isFresh ? { is: 'known', accounts: ofWallet } : { is: 'stale' }
    }
    const readable = ofWallet.filter((account) => account.signer === signer)
    return readable.length === 0 ? { is: 'unknown_key' } : { is: 'known', accounts: readable }
  }
}
