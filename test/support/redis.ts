/** Owns real Redis servers for tests: each its own process on a unix socket in a directory that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Redis as Client, Redis } from 'ioredis'

const SERVERS = ['redis-server', 'valkey-server']
const START_LIMIT_MS = 5_000

const binary = findBinary()

/**
 * Whether a server is on PATH. Tests that need one skip aloud without it; with `ORDERSYNC_REQUIRE_REDIS=1` its absence
 * is a failure instead, so that a build machine cannot pass by missing it.
 */
export const hasRedis = binary !== null
if (binary === null) {
  if (process.env.ORDERSYNC_REQUIRE_REDIS === '1') throw new Error('no redis-server or valkey-server on PATH')
  console.warn('no redis-server or valkey-server on PATH: the tests that need one are skipped')
}

export interface TestRedis extends AsyncDisposable {
  /** The unix socket: `new Redis(socket)`. */
  socket: string
  /** The same server over TCP, as the configuration would name it. */
  url: string
  pid(): number
  /** A client of the test's own; closed with the server. */
  client(): Client
  /** SIGKILL: no good-bye, the socket file stays behind. */
  kill(): Promise<void>
  /** Freezes and thaws the process: connections stay up and nothing answers. */
  freeze(): void
  thaw(): void
  /** A new, empty server at the same socket. */
  restart(): Promise<void>
}

/** Starts an empty server; `flags` go to its command line (`'--maxmemory', '3mb'`). */
export async function startRedis(flags: readonly string[] = []): Promise<TestRedis> {
  if (binary === null) throw new Error('no redis-server on PATH: guard the suite with hasRedis')
  const program = binary
  const dir = await mkdtemp(join(tmpdir(), 'ordersync-redis-'))
  const socket = join(dir, 'redis.sock')
  const clients: Client[] = []
  const port = await freePort()
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--unixsocket', socket, '--dir', dir]
  const launch = () => start(program, [...where, ...flags], socket)
  let child = await launch()
  const kill = async () => {
    child.kill('SIGKILL')
    await exited(child)
  }
  return {
    socket,
    url: `redis://127.0.0.1:${port}`,
    pid: () => child.pid ?? -1,
    client() {
      const client = new Redis(socket, { maxRetriesPerRequest: null })
      client.on('error', () => {})
      clients.push(client)
      return client
    },
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async restart() {
      await kill()
      child = await launch()
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.disconnect()
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function start(program: string, where: readonly string[], socket: string): Promise<ChildProcess> {
  const always = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction']
  const child = spawn(program, [...always, ...where], { stdio: 'ignore' })
  const deadline = performance.now() + START_LIMIT_MS
  while (!(await answers(socket))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('the test Redis did not start')
    await pause(10)
  }
  return child
}

const answers = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = createConnection(socket)
    connection.once('connect', () => connection.write('PING\r\n'))
    connection.once('data', (reply) => {
      connection.destroy()
      resolve(reply.toString().startsWith('+PONG'))
    })
    connection.once('error', () => resolve(false))
  })

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
  })

function findBinary(): string | null {
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of SERVERS) {
      const path = join(dir, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {}
    }
  }
  return null
}
