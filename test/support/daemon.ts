/** Owns the world of a daemon in tests: a sandbox in a process of its own, a directory, and daemons that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFailed, onTestFinished } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const SELF = [process.execPath, '--import', import.meta.resolve('tsx'), MAIN] as const
/** Of the sandbox's accounts those whose truth a mirror can find out order by order. */
const MIRRORED: readonly string[] = ['qfex-main', 'revx', 'revx-seed']
const LOOK_EVERY_MS = 50
const DEFAULT_LIMIT_MS = 60_000

const accountSettings = z.looseObject({ id: z.string() })
const settings = z.looseObject({ database: z.string(), accounts: z.array(accountSettings) })
/** An `ordersync.yaml` as it is written. */
export type Settings = z.output<typeof settings>

const state = z.looseObject({ status: z.enum(['open', 'filled', 'cancelled', 'rejected']), filled: z.string() })
const trueOrder = z.looseObject({
  account: z.string(),
  venue: z.string(),
  kind: z.string(),
  id: z.string(),
  /** Microseconds since the epoch. */
  endedUs: z.number().nullable(),
  states: z.array(state).min(1),
})
/** What of the sandbox's truth these tests compare with. */
export type ToldTruth = z.output<typeof trueOrder>

const logEntry = z.looseObject({ msg: z.string().default('') })
export type LogEntry = z.output<typeof logEntry>

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Daemon {
  readonly pid: number
  readonly log: readonly LogEntry[]
  /** The first entry with this message from the `from`th entry on; fails the test if the process ends without it. */
  said(msg: string, from?: number): Promise<LogEntry>
  /** Where it answers over HTTP; resolves once it runs. */
  url(): Promise<string>
  signal(signal: NodeJS.Signals): void
  /** Everything it wrote, once it has ended. */
  readonly ended: Promise<Ended>
}

export interface Place {
  readonly dir: string
  readonly database: string
  readonly config: string
  /** Changes the configuration file; a running daemon reads it at its next hangup. */
  configure(change: (settings: Settings) => void): void
  /** A request at the sandbox's control port; POST where there is a body. */
  control(path: string, body?: unknown): Promise<unknown>
  /** All orders of the accounts that are in the configuration or were. */
  truth(): Promise<ToldTruth[]>
  /** `ordersync start`; resolves as soon as the process exists. */
  start(...flags: string[]): Daemon
  /** Any other command to its end. */
  run(...args: string[]): Promise<Ended>
  /** What of a private Redis is left: pids of servers with their socket in this directory. */
  servers(): number[]
}

export interface PlaceOptions {
  seed: string
  /** Moves of the market a second, from the start. */
  rate?: number
}

/** A sandbox that trades, and the configuration to mirror it. All of it is gone after the test; a failure says how to replay. */
export async function openPlace({ seed, rate = 0 }: PlaceOptions): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), 'ordersync-app-'))
  const children: ChildProcess[] = []
  const daemons: Daemon[] = []
  onTestFailed(({ task }) => {
    console.error(`seed ${seed}; replay: npx vitest run ${task.file.name} -t ${JSON.stringify(task.name)}`)
    for (const { pid, log } of daemons) console.error(`daemon ${pid}`, log.slice(-20))
  })
  onTestFinished(async () => {
    await Promise.all(children.map(end))
    for (const pid of serversIn(dir)) process.kill(pid, 'SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })
  const launch = (...args: string[]) => {
    const child = spawn(SELF[0], [...SELF.slice(1), ...args], {
      cwd: dir,
      env: { PATH: process.env.PATH, NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    children.push(child)
    return child
  }

  const sandbox = launch('sandbox', dir, '--seed', seed, '--rate', '0', '--json', '--leash')
  const [line] = await Promise.race([once(createInterface({ input: sandbox.stdout }), 'line'), refusal(sandbox)])
  const ready = z.object({ config: z.string(), control: z.string() }).parse(JSON.parse(String(line)))
  const config = join(dir, 'daemon.yaml')
  const configure = (from: string, change: (settings: Settings) => void) => {
    const changed = settings.parse(parse(readFileSync(from, 'utf8')))
    change(changed)
    writeFileSync(config, stringify(changed, { aliasDuplicateObjects: false }), { mode: 0o600 })
  }
  configure(ready.config, (given) => {
    given.accounts = given.accounts.filter(({ id }) => MIRRORED.includes(id))
    given.http = { listen: '127.0.0.1:0' }
  })

  const control = async (path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const answer = await fetch(`${ready.control}${path}`, init)
    const told: unknown = await answer.json()
    if (!answer.ok) throw new Error(`the sandbox refused ${path}: ${JSON.stringify(told)}`)
    return told
  }
  if (rate > 0) await control('/autopilot', { running: true, ratePerSecond: rate })

  return {
    dir,
    database: join(dir, 'orders.db'),
    config,
    configure: (change) => configure(config, change),
    control,
    async truth() {
      const told = z.array(trueOrder).parse(await control('/truth'))
      return told.filter(({ account }) => MIRRORED.includes(account))
    },
    start(...flags) {
      const daemon = watch(launch('start', '--config', config, ...flags))
      daemons.push(daemon)
      return daemon
    },
    run: (...args) => collect(launch(...args, '--config', config)),
    servers: () => serversIn(dir),
  }
}

/** Asks until it holds. Throws after the limit, and with whatever asking throws. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = DEFAULT_LIMIT_MS,
): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`)
    await pause(LOOK_EVERY_MS)
  }
}

/** Whether the process runs, as far as anyone can tell. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function watch(child: ChildProcess): Daemon {
  const log: LogEntry[] = []
  const looking = new Set<() => void>()
  const { stderr } = child
  if (stderr === null) throw new TypeError('a daemon without stderr')
  createInterface({ input: stderr }).on('line', (line) => {
    log.push(line.startsWith('{') ? logEntry.parse(JSON.parse(line)) : { msg: line })
    for (const look of [...looking]) look()
  })
  const ended = collect(child)
  const said = (msg: string, from = 0): Promise<LogEntry> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const entry = log.find((candidate, at) => at >= from && candidate.msg === msg)
        if (entry === undefined) return
        looking.delete(look)
        resolve(entry)
      }
      looking.add(look)
      look()
      void ended.then(({ code, stderr }) =>
        reject(new Error(`ended (${code}) without "${msg}": ${stderr.slice(-2000)}`)),
      )
    })
  return {
    pid: child.pid ?? -1,
    log,
    said,
    url: async () => z.string().parse((await said('running')).http),
    signal: (signal) => void child.kill(signal),
    ended,
  }
}

async function collect(child: ChildProcess): Promise<Ended> {
  const told = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    told.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    told.stderr += text
  })
  const [code, signal] = await once(child, 'close')
  return { code, signal, ...told }
}

async function refusal(child: ChildProcess): Promise<never> {
  const { stderr } = await collect(child)
  throw new Error(`the sandbox ended: ${stderr}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

/** A Redis on a unix socket puts the socket's path into its title, so that no stranger's pid is taken for one. */
function serversIn(dir: string): number[] {
  const homes = readdirSync(dir).filter((name) => name.startsWith('queue-'))
  return homes.flatMap((home) => {
    try {
      const pid = Number(readFileSync(join(dir, home, 'redis.pid'), 'utf8'))
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir) ? [pid] : []
    } catch {
      return []
    }
  })
}
