/** Owns the signature of a request: Ed25519 over the very bytes that leave, with the very timestamp that goes beside it. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { VenueError } from '../errors.ts'

/** What is signed. `query` is without `?`, encoded as it goes out. */
export interface Signable {
  /** ms since the epoch. */
  timestamp: number
  method: 'GET'
  /** From the root of the host: `/api/1.0/…`. */
  path: string
  query: string
}

export type Signer = (request: Signable) => Record<string, string>

/**
 * Makes the three headers of every request. `privateKey` is Ed25519 in PKCS#8 PEM; it stays in the key object and its
 * text is kept nowhere. Throws a VenueError `misused` where it is anything else.
 */
export function createSigner(apiKey: string, privateKey: string): Signer {
  const key = readKey(privateKey)
  return ({ timestamp, method, path, query }) => ({
    'X-Revx-API-Key': apiKey,
    'X-Revx-Timestamp': String(timestamp),
    'X-Revx-Signature': sign(null, Buffer.from(`${timestamp}${method}${path}${query}`), key).toString('base64'),
  })
}

function readKey(pem: string): KeyObject {
  const key = parseKey(pem)
  if (key?.asymmetricKeyType === 'ed25519') return key
  throw new VenueError('misused', 'the private key is not an Ed25519 key in PKCS#8 PEM')
}

function parseKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    // The library's words are about encodings and may quote the text; ours say what is needed.
    return null
  }
}
