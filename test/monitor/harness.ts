/** Owns a monitor on a free loopback port, and a client that can say what no browser would. */
import { randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { pino } from 'pino'
import type { Health } from '../../src/monitor/health.ts'
import type { MetricsSnapshot } from '../../src/monitor/metrics.ts'
import { type Monitor, type MonitorOptions, startMonitor } from '../../src/monitor/server.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

export interface Rig extends Monitor {
  port: number
  clock: FakeClock
  /** All that was logged, one line an entry. */
  logged: string[]
}

export const WELL: Health = {
  database: 'open',
  lock: 'held',
  accounts: [{ account: 'qfex-main', enabled: true, attempted: true, state: 'ok', lastCompleteAt: 1_000 }],
  engine: { name: 'redis', reachable: true },
}

export const NOTHING: MetricsSnapshot = { accounts: [], database: null, totals: null }

export async function startRig(options: Partial<MonitorOptions> = {}): Promise<Rig> {
  const clock = createFakeClock()
  const logged: string[] = []
  const monitor = await startMonitor({
    listen: { host: '127.0.0.1', port: 0 },
    token: null,
    health: () => WELL,
    queues: () => [],
    metrics: { snapshot: () => NOTHING },
    clock,
    entropy: randomBytes,
    log: pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }),
    ...options,
  })
  return { ...monitor, port: Number(new URL(monitor.url).port), clock, logged }
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** Sends `path` as it is: no normalising, any method, any Host. */
export const ask = (port: number, path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })

/** Writes bytes and gives back all that came until the server closed the connection. */
export const converse = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      heard += chunk.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })
