/** Owns the signature that Derive knows a key by: EIP-191 of a timestamp, made with a session key. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { VenueError } from '../errors.ts'

/** A timestamp as it is signed and sent, digit for digit. */
export interface Signed {
  /** Milliseconds since the epoch as decimal text. */
  timestamp: string
  /** 65 bytes as `0x` and hex. */
  signature: string
}

/** Signs the time now. */
export type Sign = () => Signed

/** Throws a VenueError `misused` that quotes nothing where the key is none. */
export function createSigner(sessionKey: string, now: () => number): Sign {
  const secret = secretOf(sessionKey)
  return () => {
    const timestamp = String(Math.trunc(now()))
    return { timestamp, signature: personalSign(timestamp, secret) }
  }
}

/** The session key's own address, lower case: what tells two keys of a wallet apart and may be shown. Throws likewise. */
export const keyAddress = (sessionKey: string): string => addressOf(secp256k1.getPublicKey(secretOf(sessionKey), false))

/** https://eips.ethereum.org/EIPS/eip-191, version 0x45: what a wallet calls `personal_sign`. */
export const personalHash = (text: string): Uint8Array => {
  const message = utf8ToBytes(text)
  return keccak_256(Buffer.concat([utf8ToBytes(`\x19Ethereum Signed Message:\n${message.length}`), message]))
}

/** The address of an uncompressed public key: the last 20 bytes of its hash, without the prefix byte in it. */
export const addressOf = (publicKey: Uint8Array): string =>
  `0x${bytesToHex(keccak_256(publicKey.subarray(1)).subarray(-20))}`

/** Ethereum puts the recovery bit last and counts it from 27. */
const FIRST_RECOVERY = 27

function personalSign(text: string, secret: Uint8Array): string {
  const recovered = secp256k1.sign(personalHash(text), secret, { prehash: false, format: 'recovered' })
  const [bit = 0] = recovered
  return `0x${bytesToHex(recovered.subarray(1))}${(FIRST_RECOVERY + bit).toString(16)}`
}

function secretOf(sessionKey: string): Uint8Array {
  const [, digits] = /^(?:0x)?([0-9a-f]{64})$/i.exec(sessionKey.trim()) ?? []
  const secret = digits === undefined ? null : hexToBytes(digits)
  if (secret === null || !secp256k1.utils.isValidSecretKey(secret)) {
    throw new VenueError('misused', 'the session key is not a private key')
  }
  return secret
}
