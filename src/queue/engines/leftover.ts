/** Owns what a killed daemon left behind: its private Redis is recognised by its socket and ended, nothing else is. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { kill } from 'node:process'
import { promisify } from 'node:util'
import { type Clock, sleep } from '../../core/clock.ts'

export const SOCKET = 'redis.sock'
export const PID_FILE = 'redis.pid'
export const LOG_FILE = 'redis.log'

const ANSWER_LIMIT_MS = 500
const LOOK_EVERY_MS = 20
/** Looks at a server that was asked to end, before it is killed, and after. */
const MOST_LOOKS = 50

/**
 * Ends the Redis whose pid file lies in `home`, if the process of that number is still that Redis. Its data is of no
 * worth, so a fresh one, whose end we are told of, is better than the old.
 */
export async function endLeftover(home: string, sockets: string, clock: Clock): Promise<void> {
  const pid = Number.parseInt(await readFile(join(home, PID_FILE), 'utf8').catch(() => ''), 10)
  if (!(pid > 1)) return
  const socket = join(sockets, SOCKET)
  if (!(await isServerOf(pid, socket, clock))) return
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!send(pid, signal)) return
    for (let look = 0; look < MOST_LOOKS && send(pid, 0); look++) await sleep(clock, LOOK_EVERY_MS)
  }
}

/** Whether a server answers at the socket. */
export const ping = async (socket: string, clock: Clock): Promise<boolean> =>
  (await ask(socket, 'PING', clock)).startsWith('+PONG')

/** Pids are used again: the process has to answer at our socket under this pid, or name the socket in its title. */
async function isServerOf(pid: number, socket: string, clock: Clock): Promise<boolean> {
  const info = await ask(socket, 'INFO server', clock)
  return new RegExp(`^process_id:${pid}\\s*$`, 'm').test(info) || (await titleOf(pid)).includes(socket)
}

/** The command line of a process; a Redis on a unix socket puts the socket's path there. */
async function titleOf(pid: number): Promise<string> {
  const fromKernel = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null)
  if (fromKernel !== null) return fromKernel
  const listed = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => null)
  return listed?.stdout ?? ''
}

/** The first packet of the answer; empty if there is none in time. */
function ask(socket: string, command: string, clock: Clock): Promise<string> {
  return new Promise((resolve) => {
    const connection = createConnection(socket)
    const finish = (answer: string) => {
      timer[Symbol.dispose]()
      connection.destroy()
      resolve(answer)
    }
    const timer = clock.after(ANSWER_LIMIT_MS, () => finish(''))
    connection.once('connect', () => connection.write(`${command}\r\n`))
    connection.once('data', (answer) => finish(answer.toString()))
    connection.once('error', () => finish(''))
  })
}

/** False if there is no such process of ours; signal 0 only asks. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return kill(pid, signal)
  } catch {
    return false
  }
}
