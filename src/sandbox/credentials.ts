/** Owns the keys of the sandbox's accounts: drawn from the seed, worth nothing anywhere else. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { hexOf, uuidOf } from './chance.ts'
import { addressOfKey } from './derive-keys.ts'

export interface QfexAccount {
  venue: 'qfex'
  id: string
  userId: string
  publicKey: string
  secretKey: string
  /** Null: the primary account of the key. */
  subaccount: string | null
}

export interface RevolutXAccount {
  venue: 'revolut-x'
  id: string
  protocol: 'orders-active' | 'orders'
  apiKey: string
  /** PKCS#8 PEM, Ed25519. */
  privateKey: string
  publicKey: KeyObject
}

/** A subaccount; those of one wallet share its session key. */
export interface DeriveAccount {
  venue: 'derive'
  id: string
  protocol: 'v3' | 'v2'
  wallet: string
  /** A private key in hex; {@link signer} is its address. */
  sessionKey: string
  signer: string
  subaccountId: number
}

export interface DexpalAccount {
  venue: 'dexpal'
  id: string
  apiKey: string
  /** As a user writes them: in any case. */
  addresses: readonly string[]
}

export type SandboxAccount = QfexAccount | RevolutXAccount | DeriveAccount | DexpalAccount

/** The PKCS#8 frame around an Ed25519 seed (RFC 8410). */
const PKCS8_PREFIX = '302e020100300506032b657004220420'

export function qfexAccount(seed: string, id: string): QfexAccount {
  return {
    venue: 'qfex',
    id,
    userId: uuidOf(`${seed}/${id}/user`, 0),
    publicKey: `qfex_pub_${hexOf(`${seed}/${id}/public`, 24)}`,
    secretKey: `qfex_secret_${hexOf(`${seed}/${id}/secret`, 40)}`,
    subaccount: null,
  }
}

export function revolutXAccount(seed: string, id: string, protocol: RevolutXAccount['protocol']): RevolutXAccount {
  const der = Buffer.from(PKCS8_PREFIX + hexOf(`${seed}/${id}/ed25519`, 64), 'hex')
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return {
    venue: 'revolut-x',
    id,
    protocol,
    apiKey: hexOf(`${seed}/${id}/api-key`, 64),
    privateKey: `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`,
    publicKey: createPublicKey(key),
  }
}

/** Accounts of the same `wallet` name are subaccounts of one wallet. */
export function deriveAccount(
  seed: string,
  id: string,
  { wallet, protocol, subaccountId }: { wallet: string; protocol: DeriveAccount['protocol']; subaccountId: number },
): DeriveAccount {
  const sessionKey = `0x${hexOf(`${seed}/${wallet}/session-key`, 64)}`
  const signer = addressOfKey(sessionKey)
  const address = mixedCase(hexOf(`${seed}/${wallet}/wallet`, 40))
  return { venue: 'derive', id, protocol, wallet: address, sessionKey, signer, subaccountId }
}

export function dexpalAccount(seed: string, id: string, addresses: number): DexpalAccount {
  const addressAt = (n: number) => mixedCase(hexOf(`${seed}/${id}/address/${n}`, 40))
  const apiKey = `dxp_${hexOf(`${seed}/${id}/api-key`, 40)}`
  return { venue: 'dexpal', id, apiKey, addresses: Array.from({ length: addresses }, (_, n) => addressAt(n)) }
}

/** Addresses are written with capitals among their digits, which mean nothing to whoever compares them rightly. */
const mixedCase = (digits: string): string =>
  `0x${digits.replace(/[a-f]/g, (digit, at: number) => (at % 3 === 0 ? digit.toUpperCase() : digit))}`
