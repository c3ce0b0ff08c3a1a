/** Owns a Redis of our own: a child process on a unix socket, restarted when it dies, ended when we end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { access, constants, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Logger } from 'pino'
import { type Clock, sleep } from '../../core/clock.ts'
import { within } from '../deadline.ts'
import type { Engine } from './engine.ts'
import { endLeftover, LOG_FILE, PID_FILE, ping, SOCKET } from './leftover.ts'
import { openRedis } from './redis.ts'
import { findSockets, makeHome, removeHome } from './socket-directory.ts'

const SERVERS = ['redis-server', 'valkey-server']
/** It is ready in 20 ms; on a loaded machine in a few hundred. */
const START_LIMIT_MS = 5_000
const LOOK_EVERY_MS = 20
/** A polite end takes a few ms; a frozen process never ends by itself. */
const END_LIMIT_MS = 500
const FIRST_RESTART_MS = 100
const LONGEST_RESTART_MS = 5_000

/** The first Redis or Valkey server on `searchPath`, the value of PATH; null if there is none. */
export async function findServer(searchPath: string): Promise<string | null> {
  for (const directory of searchPath.split(delimiter)) {
    for (const name of SERVERS) {
      const path = join(directory, name)
      if (await access(path, constants.X_OK).then(yes, no)) return path
    }
  }
  return null
}

export interface PrivateRedisDeps {
  program: string
  /** A directory of its own: made and removed here. */
  home: string
  clock: Clock
  log: Logger
}

/** Ends what a killed daemon left in `home`, then starts a server. Rejects if it does not come up. */
export async function startPrivateRedis({ program, home, clock, log }: PrivateRedisDeps): Promise<Engine> {
  await endLeftover(home, await findSockets(home), clock)
  const sockets = await makeHome(home, SOCKET)
  const socket = join(sockets, SOCKET)
  const closing = new AbortController()
  let child: ChildProcess

  const launch = async () => {
    child = spawnServer(program, home, socket)
    await ready(child, socket, home, clock, closing.signal)
    child.once('exit', (code, signal) => {
      if (closing.signal.aborted) return
      log.warn({ code, signal }, 'the private Redis ended, starting another')
      void relaunch(FIRST_RESTART_MS)
    })
    // It may have gone between its answer and now.
    if (hasEnded(child)) child.emit('exit', child.exitCode, child.signalCode)
  }
  const relaunch = async (delayMs: number): Promise<void> => {
    try {
      await sleep(clock, delayMs, closing.signal)
      await launch()
      log.info('the private Redis is back')
    } catch (error) {
      if (closing.signal.aborted) return
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'the private Redis did not start')
      await relaunch(Math.min(delayMs * 2, LONGEST_RESTART_MS))
    }
  }

  try {
    await launch()
  } catch (error) {
    await removeHome(home)
    throw error
  }
  const redis = openRedis({ engine: 'private redis', socket }, log)
  return {
    ...redis,
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('closing'))
      await redis[Symbol.asyncDispose]()
      await end(child, clock)
      await removeHome(home)
    },
  }
}

function spawnServer(program: string, home: string, socket: string): ChildProcess {
  const flags = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
    dir: home,
    pidfile: join(home, PID_FILE),
    logfile: join(home, LOG_FILE),
  }
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  // A session of its own: a terminal's Ctrl-C must not take the queue from a daemon that is still draining.
  // An empty environment: the daemon's holds keys.
  const child = spawn(program, args, { detached: true, stdio: 'ignore', env: {} })
  child.on('error', () => {})
  child.unref()
  return child
}

async function ready(
  child: ChildProcess,
  socket: string,
  home: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + START_LIMIT_MS
  while (!(await ping(socket, clock))) {
    const isLate = clock.monotonic() > deadline
    if (hasEnded(child) || child.pid === undefined || isLate) {
      child.kill('SIGKILL')
      const said = await readFile(join(home, LOG_FILE), 'utf8').catch(() => '')
      throw new Error(`the server ${isLate ? 'does not answer' : 'ended'}: ${said.trim().split('\n').at(-1) ?? ''}`)
    }
    await sleep(clock, LOOK_EVERY_MS, signal)
  }
}

async function end(child: ChildProcess, clock: Clock): Promise<void> {
  if (hasEnded(child)) return
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  if ((await within(clock, END_LIMIT_MS, exit)) !== 'late') return
  child.kill('SIGKILL')
  await within(clock, END_LIMIT_MS, exit)
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null
const yes = () => true
const no = () => false
