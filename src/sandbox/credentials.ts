/** Owns the keys of the sandbox's accounts: drawn from the seed, worth nothing anywhere else. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { hexOf, uuidOf } from './chance.ts'

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

export type SandboxAccount = QfexAccount | RevolutXAccount

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
