/** Owns `demo`: the sandbox in a process of its own, the daemon on it in this one, and every event as it is committed. */
import { createWriteStream, existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import type { EventType } from '../core/event.ts'
import { openFollower } from '../feed/follower.ts'
import { createLog } from '../log.ts'
import { openReader } from '../store/read.ts'
import type { EventRecord } from '../store/records.ts'
import {
  type Act,
  type CommonOptions,
  describeCommand,
  NegativeResult,
  parseLength,
  type Run,
  UsageError,
} from './command.ts'
import { formatEvent } from './event-line.ts'
import { aborted, beginLifetime, drain, type Lifetime } from './lifetime.ts'
import { type SandboxProcess, startSandboxProcess } from './sandbox-child.ts'
import { welcome } from './start.ts'

interface DemoOptions extends CommonOptions {
  for?: string
  seed?: string
  reset?: boolean
}

/** What a directory of an earlier demo is known by: `--reset` removes no other. */
const MARK = 'sandbox.json'

export function addDemo(program: Command, act: Act): void {
  const command = program
    .command('demo')
    .description('watch the daemon mirror a market that trades by itself, on this machine and without a key')
    .argument('[directory]', 'holds the database and the market; a demo that was ended goes on from there', './demo')
    .option('--for <duration>', 'end after so long (default: when interrupted)')
    .option('--seed <text>', 'the same seed makes the same market', '1')
    .option('--reset', 'remove the directory of an earlier demo first')
  describeCommand(command, 'ordersync demo --for 30s').action(act<DemoOptions>(demo))
}

async function demo(run: Run, options: DemoOptions, [where = '']: readonly string[]): Promise<void> {
  const { world, print } = run
  const lengthMs = options.for === undefined ? null : parseLength(options.for, '--for')
  const directory = resolve(world.cwd, where)
  if (options.reset === true) reset(directory)
  using lifetime = beginLifetime(world, () => {})
  world.unread.addEventListener('abort', lifetime.end)
  await using sandbox = await startSandboxProcess(world, [directory, '--seed', options.seed ?? '1'])
  const config = configOf(run, sandbox)
  const logFile = join(directory, 'daemon.log')
  print.note(`the sandbox of seed ${sandbox.ready.seed} is process ${sandbox.pid}; the daemon's log is ${logFile}`)
  const diary = await watch(run, { config, logFile, lengthMs, sandbox, lifetime })
  summarise(run, config, diary)
}

function reset(directory: string): void {
  if (!existsSync(directory)) return
  if (!existsSync(join(directory, MARK))) {
    throw new UsageError(`${directory} is not the directory of a demo: remove it yourself, or name another`)
  }
  rmSync(directory, { recursive: true })
}

/** On a port of its own: the usual one may be in use. */
function configOf({ world }: Run, { ready }: SandboxProcess): Config {
  const config = loadConfig({ path: ready.config, env: world.env, readFile: world.readFile })
  return { ...config, http: { listen: { host: '127.0.0.1', port: 0 }, token: null } }
}

interface Diary {
  seconds: number
  counts: Map<EventType, number>
}

interface Watching {
  config: Config
  logFile: string
  lengthMs: number | null
  sandbox: SandboxProcess
  lifetime: Lifetime
}

/** Runs the daemon and prints what it commits, to the last event of the last moment. */
async function watch(run: Run, { config, logFile, lengthMs, sandbox, lifetime }: Watching): Promise<Diary> {
  const { world } = run
  const { clock } = world
  const began = clock.monotonic()
  const before = lastCursor(config.database)
  const file = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  const log = createLog({ write: (line) => file.write(line), level: 'info', format: 'json', wall: clock.wall })
  welcome(config, log)
  const { createApp } = await import('../app.ts')
  const app = await createApp(config, { ...world, log: log.logger })
  if (app.url !== null) run.print.note(`health, metrics and the queues are at ${app.url}`)
  const timer = lengthMs === null ? null : clock.after(lengthMs, lifetime.end)
  const narrator = narrate(run, config.database, before)
  try {
    await Promise.race([aborted(lifetime.over), sandbox.died, narrator.live(lifetime.over)])
  } finally {
    timer?.[Symbol.dispose]()
    lifetime.end()
    // The narrator's reader first: a database whose last connection only reads keeps its write-ahead log.
    await narrator.quiet()
    await drain(world, 'the daemon', app)
    await narrator.rest()
    file.end()
  }
  return { seconds: Math.round((clock.monotonic() - began) / 1_000), counts: narrator.counts }
}

/** Where the log of an earlier demo ended; null where this is the first. */
function lastCursor(database: string): string | null {
  if (!existsSync(database)) return null
  using reader = openReader(database)
  const { logId, lastSeq } = reader.meta()
  return `${logId}:${lastSeq}`
}

function narrate({ world, print }: Run, database: string, after: string | null) {
  const counts = new Map<EventType, number>()
  let position = after
  let reading: Promise<void> = Promise.resolve()
  const tell = (event: EventRecord) => {
    position = event.cursor
    counts.set(event.type, (counts.get(event.type) ?? 0) + 1)
    print.result(event, () => formatEvent(event, print.paint))
  }
  const read = async (live: boolean, signal: AbortSignal) => {
    using reader = openReader(database)
    using follower = openFollower({ database, reader, clock: world.clock })
    for await (const event of follower.follow({ after: position, live, signal })) tell(event)
  }
  return {
    counts,
    /** Until the signal aborts; its failure is that of the demo. */
    live: (signal: AbortSignal) => {
      reading = read(true, signal)
      return reading
    },
    /** Whatever ended it: a failure has been told by then. */
    quiet: () => reading.catch(() => {}),
    /** What was committed while the daemon drained. */
    rest: () => read(false, new AbortController().signal),
  }
}

function summarise({ print }: Run, config: Config, { seconds, counts }: Diary): void {
  using reader = openReader(config.database)
  const { problems, events, orders } = reader.verify()
  const total = Object.fromEntries(counts)
  const sound = problems.length === 0
  if (print.json) print.object({ seconds, counts: total, sound, orders, events, database: config.database })
  else {
    const told = [...counts].map(([type, count]) => `${count} ${type}`).join(', ')
    print.line('')
    print.line(`${seconds} s: ${told === '' ? 'no events' : told}`)
    print.line(
      sound ? `verified: ${events} events of ${orders} orders agree` : `verify found ${problems.length} problems`,
    )
    print.line(`the database is ${config.database}; look around: ordersync orders --config ${config.file}`)
  }
  if (!sound) throw new NegativeResult(`the demo broke a promise: ordersync verify --config ${config.file}`)
}
