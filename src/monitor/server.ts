/** Owns the HTTP server: read-only, bounded, and closed with everything on it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BlockList, isIP, isIPv6, type Socket } from 'node:net'
import type { Queue } from 'bullmq'
import { type FastifyError, type FastifyInstance, type FastifyServerFactory, fastify } from 'fastify'
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import { createAuth, type Entropy } from './auth.ts'
import { type Door, judge } from './door.ts'
import { SAFE_HEADERS, setSafeHeaders } from './headers.ts'
import { addHealthRoutes, type Health } from './health.ts'
import { MONITOR_LIMITS, type MonitorLimits } from './limits.ts'
import { addMetricsRoute, type MetricsSource } from './metrics.ts'
import { addPageRoute, loginPage, PAGE_HEADERS } from './page.ts'
import { createDepthGauge } from './queue-depth.ts'
import { addQueueRoutes } from './queues.ts'
import { errorBody, type Refusal, refusal, wordsOf } from './refusal.ts'
import { addSessionRoute } from './session.ts'

export interface MonitorOptions {
  /** Port 0 takes a free one. */
  listen: { host: string; port: number }
  /** Null only on loopback. */
  token: string | null
  /** Further names under which this server is addressed. A request with the token as a Bearer may use any. */
  allowedHosts?: readonly string[]
  /** Throws nothing; asked at every request that needs it. */
  health: () => Health
  /** Asked anew each time, so that an engine may be replaced while this runs. */
  queues: () => readonly Queue[]
  metrics: MetricsSource
  clock: Clock
  entropy: Entropy
  log: Logger
  limits?: Partial<MonitorLimits>
}

export interface Monitor extends AsyncDisposable {
  url: string
}

/** The address cannot be listened on, or must not be without a token. The message says what to do. */
export class MonitorListenError extends Error {
  override readonly name = 'MonitorListenError'
  readonly retry = 'never'
}

export async function startMonitor(options: MonitorOptions): Promise<Monitor> {
  const { listen, token, log } = options
  if (token === null && !isLoopback(listen.host)) {
    throw new MonitorListenError(
      `a token is needed to listen on ${listen.host}: set http.token, or listen on 127.0.0.1`,
    )
  }
  const limits = { ...MONITOR_LIMITS, ...options.limits }
  const auth = token === null ? null : createAuth({ ...options, token, port: listen.port })
  const hosts = new Set([listen.host, ...(options.allowedHosts ?? [])].map((host) => host.toLowerCase()))
  const app = createApp({ hosts, auth }, limits, log)
  addHealthRoutes(app, options.health)
  addSessionRoute(app, auth)
  addPageRoute(app, options.health)
  addMetricsRoute(app, {
    source: options.metrics,
    health: options.health,
    depths: createDepthGauge(options.queues, options.clock),
  })
  try {
    await addQueueRoutes(app, options)
    await app.listen(listen)
  } catch (error) {
    await app.close()
    throw listenFailure(error, listen)
  }
  const url = urlOf(app, listen.host)
  log.info({ url }, 'http listening')
  return { url, [Symbol.asyncDispose]: () => app.close() }
}

function createApp(door: Door, limits: MonitorLimits, log: Logger): FastifyInstance {
  const app = fastify({
    serverFactory: guardedServer(door, limits),
    bodyLimit: limits.bodyBytes,
    handlerTimeout: limits.handlerTimeoutMs,
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => {
      const status = error.statusCode ?? 400
      refuse(request.raw, reply.raw, refusal(status, wordsOf(status)))
    },
    clientErrorHandler: answerBrokenRequest,
  })
  // Bull Board's static files say that they may be kept.
  app.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('cache-control', 'no-store')
    done(null, payload)
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }))
  app.setErrorHandler((err: FastifyError, request, reply) => {
    const status = err.statusCode ?? 500
    if (status >= 500) log.error({ err, route: request.routeOptions.url }, 'request failed')
    return reply.code(status).send({ error: wordsOf(status) })
  })
  return app
}

/** Judges each request before the router sees it, so that no route, and no way around the router, can forget to. */
function guardedServer(door: Door, limits: MonitorLimits): FastifyServerFactory<Server> {
  return (handler) => {
    const bounds = {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.sweepEveryMs,
    }
    const server = createServer(bounds, (request, response) => {
      setSafeHeaders(response)
      const refused = judge(door, request)
      if (refused === null) handler(request, response)
      else refuse(request, response, refused)
    })
    server.maxConnections = limits.connections
    return server.setTimeout(limits.idleTimeoutMs)
  }
}

/** The connection ends with it: what follows of the request is not read. */
function refuse(request: IncomingMessage, response: ServerResponse, { status, error, headers }: Refusal): void {
  const wantsPage = status === 401 && request.headers.accept?.includes('text/html') === true
  const type = wantsPage ? PAGE_HEADERS : { 'content-type': 'application/json; charset=utf-8' }
  response.writeHead(status, { ...headers, ...type, connection: 'close' })
  response.end(request.method === 'HEAD' ? undefined : wantsPage ? loginPage(false) : errorBody(error))
}

const BROKEN: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

/** What the parser gave up on never became a request. */
function answerBrokenRequest(error: { code: string }, socket: Socket): void {
  if (socket.destroyed || !socket.writable) return
  const status = BROKEN[error.code] ?? 400
  const body = errorBody(wordsOf(status))
  const headers = { ...SAFE_HEADERS, 'content-type': 'application/json; charset=utf-8', connection: 'close' }
  const head = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body) }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.end([`HTTP/1.1 ${status} ${wordsOf(status)}`, ...head, '', body].join('\r\n'), () => socket.destroy())
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIP(host) !== 0 && loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'))

function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

function listenFailure(error: unknown, { host, port }: { host: string; port: number }): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const why =
    error.code === 'EADDRINUSE'
      ? 'something else listens there: choose another http.listen, or end it'
      : `it cannot be listened on (${error.code}): choose another http.listen`
  return new MonitorListenError(`${host}:${port}: ${why}`, { cause: error })
}
