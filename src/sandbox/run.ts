/** Owns a run of the sandbox as a process: its directory, its servers, the story it tells, and how it ends. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { type Autopilot, createAutopilot } from './autopilot.ts'
import { accountConfig, keyFile, sandboxConfig, type VenueUrls } from './config.ts'
import { createControl } from './control.ts'
import { DEMO_MS, demoScript } from './demo-script.ts'
import { openJournal } from './persist.ts'
import { byVenue, createSandbox, defaultAccounts, type Sandbox, VENUES } from './sandbox.ts'
import { runScript, type ScriptRun } from './script.ts'
import { type Ports, serve, urlOf } from './serve.ts'

export interface RunSandboxOptions {
  /** Holds the truth, the keys and the configuration; made if it is not there. */
  directory: string
  /** A directory that was used before keeps its own. */
  seed: string
  clock: Clock
  /** The run ends when it aborts. */
  signal: AbortSignal
  /** Forgets what the directory held of an earlier run. */
  reset?: boolean
  /** Ports that must be taken; those of the run before, or free ones, if not given. */
  ports?: Partial<Ports>
  /** Moves a second of the autopilot; 1 if not given, 0 leaves it paused. */
  ratePerSecond?: number
  /** `demo`: the half minute of {@link demoScript}, over and over, from the first request on. */
  story?: 'demo' | 'none'
  onReady: (ready: SandboxReady) => void
}

export interface SandboxReady {
  /** The path of a configuration for `ordersync start`. */
  config: string
  seed: string
  control: string
  venues: VenueUrls
  accounts: readonly string[]
}

/** The directory cannot be continued; the message says what to do. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
}

/** After the first request the story waits this long, so that the first complete read is over. */
const PRELUDE_MS = 2_000
const LOOK_EVERY_MS = 100
const NO_PORTS: Ports = { ...byVenue(() => 0), control: 0 }
/** A trader of the story would find orders of the autopilot in the way of what it tells. */
const DEFAULT_RATE = 1

/** A directory of an earlier version knows fewer venues: the others get ports of their own. */
const port = z.int().default(0)
const kept = z.object({ seed: z.string(), ports: z.object({ ...byVenue(() => port), control: port }) })

/** Serves until the signal aborts, then closes everything. Throws SandboxError where a port is taken. */
export async function runSandbox(options: RunSandboxOptions): Promise<void> {
  const { directory, clock, signal } = options
  const paths = pathsIn(directory)
  if (options.reset === true) for (const path of [paths.truth, paths.kept]) rmSync(path, { force: true })
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const before = existsSync(paths.kept) ? kept.parse(JSON.parse(readFileSync(paths.kept, 'utf8'))) : null
  const seed = before?.seed ?? options.seed

  using journal = openJournal(paths.truth)
  const sandbox = createSandbox({ clock, seed, journal, accounts: defaultAccounts(seed) })
  using autopilot = createAutopilot(sandbox, { ratePerSecond: options.ratePerSecond || DEFAULT_RATE })
  const urls: { current: VenueUrls | null } = { current: null }
  const configOf = (account: Sandbox['accounts'][number]) => {
    if (urls.current === null) throw new RangeError('not serving yet')
    return { ...accountConfig(account, urls.current), key: keyFile(account).text }
  }
  using control = createControl({ sandbox, autopilot, configOf })
  const edges = byVenue(sandbox.edge)
  const ports = { ...NO_PORTS, ...before?.ports, ...options.ports }
  await using served = await serve({ edges, control, clock, ports }).catch(portTaken)
  urls.current = venueUrls(served.ports)

  writeFileSync(paths.kept, `${JSON.stringify({ seed, ports: served.ports })}\n`)
  writeConfig(directory, sandbox, urls.current)
  if (options.ratePerSecond !== 0) autopilot.start()
  using _story = options.story === 'demo' ? tellStory(sandbox, autopilot) : null
  options.onReady({
    config: paths.config,
    seed,
    control: urlOf('http', served.ports.control),
    venues: urls.current,
    accounts: sandbox.accounts.map(({ id }) => id),
  })
  await aborted(signal)
}

const pathsIn = (directory: string) => ({
  config: join(directory, 'ordersync.yaml'),
  truth: join(directory, 'truth.jsonl'),
  kept: join(directory, 'sandbox.json'),
})

function writeConfig(directory: string, sandbox: Sandbox, urls: VenueUrls): void {
  for (const { name, text } of sandbox.accounts.map(keyFile)) {
    writeFileSync(join(directory, name), text, { mode: 0o600 })
    // The mode above is for a new file only.
    chmodSync(join(directory, name), 0o600)
  }
  writeFileSync(pathsIn(directory).config, sandboxConfig(sandbox.accounts, urls), { mode: 0o600 })
}

const venueUrls = (ports: Ports): VenueUrls =>
  byVenue((venue) => ({ rest: urlOf('http', ports[venue]), ws: urlOf('ws', ports[venue]) }))

/** An account is known by its host, so a continued run needs the ports it had. */
function portTaken(cause: unknown): never {
  const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
  if (!isTaken) throw cause
  const remedy = 'end the sandbox that runs there, or start afresh with --reset'
  throw new SandboxError(`a port of the sandbox is taken; ${remedy}`, { cause })
}

/** Begins when somebody has asked for something: a story told to nobody proves nothing. */
function tellStory(sandbox: Sandbox, autopilot: Autopilot): Disposable {
  const { clock } = sandbox
  let timer: Disposable | null = null
  let run: ScriptRun | null = null
  const isHeard = () => VENUES.some((venue) => sandbox.edge(venue).requests() > 0)
  const tell = () => {
    run = runScript(sandbox, demoScript())
    timer = clock.after(DEMO_MS, tell)
  }
  const wait = () => {
    timer = isHeard() ? clock.after(PRELUDE_MS, tell) : clock.after(LOOK_EVERY_MS, wait)
  }
  // Some orders are there before anybody looks.
  for (let moves = 0; moves < 6; moves++) autopilot.step()
  wait()
  return {
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]()
      run?.[Symbol.dispose]()
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
