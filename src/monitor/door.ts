/** Owns who gets in: every request is judged here, by its head alone, before anything is routed or read. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Auth } from './auth.ts'
import { type Refusal, refusal } from './refusal.ts'

/** Open without a token: they tell counts, never an account. */
const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz'])
export const SESSION_PATH = '/session'

export interface Door {
  /** Names under which this server may be addressed beside `localhost` and any IP address. Lower case. */
  hosts: ReadonlySet<string>
  /** Null: no token is set, which only loopback may have. */
  auth: Auth | null
}

/** Null lets it in. In this order: Host, Origin, method, token; a stranger learns nothing about what exists. */
export function judge(door: Door, request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): Refusal | null {
  const { method = '', url = '', headers } = request
  if (!url.startsWith('/')) return refusal(400, 'bad request')
  const [path = ''] = url.split('?', 1)
  // No page can be made to send a token it does not know, so its bearer is not a browser under a rebound name.
  const bears = door.auth?.bears(headers.authorization) ?? false
  if (!bears && !isOurHost(headers.host, door.hosts)) return refusal(421, 'this host name is not served here')
  if (headers.origin !== undefined && !isSameOrigin(headers.origin, headers.host)) {
    return refusal(403, 'another origin may not ask here')
  }
  const isSession = path === SESSION_PATH
  if (isSession ? method !== 'POST' : method !== 'GET' && method !== 'HEAD') {
    return refusal(405, 'read-only', { allow: isSession ? 'POST' : 'GET, HEAD' })
  }
  if (door.auth === null || isSession || HEALTH_PATHS.has(path)) return null
  if (bears || door.auth.hasSession(headers.cookie)) return null
  return refusal(401, 'a token is needed', { 'www-authenticate': 'Bearer realm="ordersync"' })
}

/**
 * Against DNS rebinding: a name that somebody else's DNS points here is not ours. An IP address is always safe, since
 * what a browser has loaded from one has its origin there.
 */
function isOurHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  if (bracketed !== undefined) return isIP(bracketed) === 6
  const name = plain?.toLowerCase()
  return name !== undefined && (isIP(name) === 4 || name === 'localhost' || names.has(name))
}

/** Either scheme: a proxy may have ended the TLS. A page without an origin (`null`) is not ours. */
const isSameOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase() === host.toLowerCase()
