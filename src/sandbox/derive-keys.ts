/** Owns the arithmetic of Ethereum's keys: whose address a key has, and who signed a text. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** https://eips.ethereum.org/EIPS/eip-191, version 0x45. */
export function personalHash(text: string): Uint8Array {
  const message = utf8ToBytes(text)
  const prefix = utf8ToBytes(`\x19Ethereum Signed Message:\n${message.length}`)
  return keccak_256(Uint8Array.of(...prefix, ...message))
}

/** Lower case. */
export function addressOfKey(privateKey: string): string {
  return addressOfPoint(secp256k1.getPublicKey(hexToBytes(privateKey.replace(/^0x/, '')), false))
}

/** Who signed the text, in lower case; null where the signature is none. */
export function signerOf(text: string, signature: string): string | null {
  const [, digits, last] = /^0x([0-9a-f]{128})([0-9a-f]{2})$/i.exec(signature) ?? []
  if (digits === undefined || last === undefined) return null
  // Ethereum puts the recovery bit last and counts it from 27; both ways of counting are in use.
  const bit = Number.parseInt(last, 16) % 27
  if (bit > 1) return null
  try {
    const bytes = Uint8Array.of(bit, ...hexToBytes(digits))
    const point = secp256k1.recoverPublicKey(bytes, personalHash(text), { prehash: false })
    return addressOfPoint(secp256k1.Point.fromBytes(point).toBytes(false))
  } catch {
    return null
  }
}

const addressOfPoint = (uncompressed: Uint8Array): string =>
  `0x${bytesToHex(keccak_256(uncompressed.subarray(1)).subarray(-20))}`
