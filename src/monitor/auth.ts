/** Owns who may look: the configured token as a Bearer, or a browser's session that was opened with it. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../core/clock.ts'

/** After this a browser has to state the token again. */
export const SESSION_MS = 12 * 60 * 60 * 1_000

/** Unpredictable bytes, as many as asked for: the real ones are `crypto.randomBytes`. */
export type Entropy = (bytes: number) => Uint8Array

export interface Auth {
  /** An `Authorization` header that carries the token. */
  bears(authorization: string | undefined): boolean
  /** A `Cookie` header that carries a session of this process. */
  hasSession(cookie: string | undefined): boolean
  /** A `Set-Cookie` value if this is the token, else null. */
  open(token: string): string | null
}

/**
 * A session is its own expiry under a MAC whose key lives in this process alone: nothing is kept per session, so that
 * opening many costs nothing, and a restart ends them all. `port` names the cookie, since browsers share cookies between
 * the ports of a host.
 */
export function createAuth(deps: { token: string; port: number; clock: Clock; entropy: Entropy }): Auth {
  const { token, clock } = deps
  const key = deps.entropy(32)
  const name = `ordersync_session_${deps.port}`
  const isToken = (text: string) => timingSafeEqual(digest(text), digest(token))
  const seal = (expires: string) => createHmac('sha256', key).update(expires).digest('base64url')
  return {
    bears(authorization) {
      const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
      return given !== undefined && isToken(given)
    },
    hasSession(cookie) {
      const [, expires, mac] = /^(\d{1,15})\.([\w-]{43})$/.exec(cookieValue(cookie ?? '', name)) ?? []
      if (expires === undefined || mac === undefined) return false
      return timingSafeEqual(digest(mac), digest(seal(expires))) && Number(expires) > clock.monotonic()
    },
    open(given) {
      if (!isToken(given)) return null
      const expires = String(Math.trunc(clock.monotonic() + SESSION_MS))
      return `${name}=${expires}.${seal(expires)}; Path=/; Max-Age=${SESSION_MS / 1_000}; HttpOnly; SameSite=Strict`
    },
  }
}

/** Of equal length whatever goes in, so that the comparison tells nothing about the length either. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function cookieValue(header: string, name: string): string {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return ''
}
