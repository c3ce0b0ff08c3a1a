/** Owns the real HTTP transport: undici, with every time-out and size set, one pool of connections an origin. */
import { Agent, type Dispatcher } from 'undici'
import type { Clock } from '../core/clock.ts'
import { VenueError } from './errors.ts'
import type { HttpTransport, WireLimits, WireRequest, WireResponse } from './http.ts'

export interface UndiciOptions {
  clock: Clock
  connectTimeoutMs?: number
  /** How long an idle connection is kept: the slower polls should still find one. */
  keepAliveMs?: number
  connectionsPerOrigin?: number
}

/** More origins than any configuration names: a request to one more is a bug. */
export const MAX_ORIGINS = 64
export const MAX_HEADER_BYTES = 64_000

export function createUndiciTransport(options: UndiciOptions): HttpTransport & AsyncDisposable {
  const agents = new Map<string, Agent>()
  const agentOf = (origin: string): Agent => {
    const known = agents.get(origin)
    if (known !== undefined) return known
    if (agents.size >= MAX_ORIGINS) throw new VenueError('misused', `more than ${MAX_ORIGINS} hosts`)
    const agent = createAgent(options)
    agents.set(origin, agent)
    return agent
  }

  const transport: HttpTransport = async (request, limits, signal) => {
    const deadline = new AbortController()
    const timer = options.clock.after(limits.timeoutMs, () => deadline.abort())
    try {
      const both = AbortSignal.any([signal, deadline.signal])
      const { origin } = new URL(request.url)
      const response = await agentOf(origin).request(dispatchOf(request, limits, both))
      return await wholeResponse(response, limits)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof VenueError) throw error
      if (deadline.signal.aborted) throw new VenueError('later', `no answer within ${limits.timeoutMs} ms`)
      throw new VenueError('later', `could not be reached: ${codeOf(error)}`)
    } finally {
      timer[Symbol.dispose]()
    }
  }
  return Object.assign(transport, {
    async [Symbol.asyncDispose]() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
      agents.clear()
    },
  })
}

function createAgent(options: UndiciOptions): Agent {
  const keepAliveMs = options.keepAliveMs ?? 30_000
  return new Agent({
    connect: { timeout: options.connectTimeoutMs ?? 10_000 },
    connections: options.connectionsPerOrigin ?? 4,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    // One request a connection at a time: a slow answer must not hold up the one behind it.
    pipelining: 1,
  })
}

// No redirect is followed: undici does so only through an interceptor, and there is none.
function dispatchOf(request: WireRequest, limits: WireLimits, signal: AbortSignal): Dispatcher.RequestOptions {
  const url = new URL(request.url)
  return {
    origin: url.origin,
    // Sliced and not rebuilt, so that what was signed goes out byte for byte.
    path: request.url.slice(request.url.indexOf('/', url.protocol.length + 2)),
    method: request.method,
    headers: request.headers,
    body: request.body,
    signal,
    headersTimeout: limits.timeoutMs,
    bodyTimeout: limits.timeoutMs,
  }
}

async function wholeResponse(response: Dispatcher.ResponseData, limits: WireLimits): Promise<WireResponse> {
  const { body } = response
  const headers = flatten(response.headers)
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw refused(body, 'the answer is compressed, which was not asked for')
  const tooLong = `the answer is longer than ${limits.maxBodyBytes} bytes`
  if (Number(headers['content-length'] ?? '0') > limits.maxBodyBytes) throw refused(body, tooLong)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > limits.maxBodyBytes) throw refused(body, tooLong)
    chunks.push(chunk)
  }
  return { status: response.statusCode, headers, body: decode(chunks) }
}

function refused(body: Dispatcher.ResponseData['body'], why: string): VenueError {
  // Destroying closes the connection: reading the rest to keep it would be the very thing the limit forbids.
  body.on('error', () => {})
  body.destroy()
  return new VenueError('broken', why)
}

function decode(chunks: readonly Uint8Array[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new VenueError('broken', 'the answer is not UTF-8')
  }
}

function flatten(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

/** The code alone: messages of the network stack may quote the request. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[\w-]{1,60}$/.test(code) ? code : 'no code'
}
