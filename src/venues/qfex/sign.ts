/** Owns QFEX's signature: HMAC-SHA256 over `nonce:unix_ts`, the same for the socket's first message and for REST. */
import { createHmac } from 'node:crypto'
import type { Chance } from '../../core/clock.ts'

export interface Signed {
  nonce: string
  /** Seconds since the epoch. */
  unixTs: number
  /** Hex. */
  signature: string
}

export type Sign = () => Signed

/**
 * A signer that uses no nonce twice: QFEX refuses one seen in the last 15 minutes, from any process with the same key.
 * `signingTime` is the venue's time in ms.
 */
export function createSigner(secretKey: string, signingTime: () => number, chance: Chance): Sign {
  let count = 0
  return () => {
    const nonce = `${hex32(chance())}${hex32(chance())}${hex32(chance())}${hex32((count++ % 2 ** 32) / 2 ** 32)}`
    const unixTs = Math.floor(signingTime() / 1000)
    return { nonce, unixTs, signature: signatureOf(secretKey, nonce, unixTs) }
  }
}

/** https://docs.qfex.com/websocket/channels/trade/authenticate: the key is the secret's text, not its decoded bytes. */
export const signatureOf = (secretKey: string, nonce: string, unixTs: number): string =>
  createHmac('sha256', secretKey).update(`${nonce}:${unixTs}`).digest('hex')

const hex32 = (uniform: number): string =>
  Math.floor(uniform * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
