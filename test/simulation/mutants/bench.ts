/** Owns copies of the project in which one rule is missing, and the runs of the simulation on them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Mutation } from './mutations.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const PROJECT = join(HERE, '..', '..', '..')
/** All that a run of the simulation reads. */
const PARTS = ['src', 'test/simulation', 'test/support', 'drizzle', 'package.json', 'tsconfig.json']
/** More at once would only wait for each other on a machine with two cores. */
const RUNS_AT_ONCE = 2
/** Where a rule is missing a run may never end; a healthy seed takes a second or two of one core. */
const LONGEST_SEED_MS = 60_000
/** What is missing may fill the memory too. */
const HEAP = '--max-old-space-size=512'
/** So much of what a run that broke off had to say is told. */
const MAX_COMPLAINT_CHARS = 2_000

export interface Bench extends AsyncDisposable {
  /** The project as it is, or without one rule. Throws where the text to replace is not there exactly once. */
  copy(mutation: Mutation | null): Promise<Copy>
}

export interface Copy {
  /** Runs the seeds in their order up to the first that fails. Throws where a run neither fails nor finishes. */
  firstFailing(from: number, to: number): Promise<Failure | null>
}

export interface Failure {
  seed: number
  /** The first of the promises that it broke, as the simulation put it. */
  said: string
}

/** One temporary directory; disposing it ends what runs there and removes it. */
export async function openBench(): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), 'mutants-'))
  const original = join(root, 'original')
  await mkdir(original)
  for (const part of PARTS) await cp(join(PROJECT, part), join(original, part), { recursive: true, filter: isNotOurs })
  // One level up is found as well, and is not copied along.
  await symlink(join(PROJECT, 'node_modules'), join(root, 'node_modules'))
  const closing = new AbortController()
  const inTurn = createTurns()
  let copies = 0
  return {
    async copy(mutation) {
      const directory = join(root, `copy-${copies++}`)
      await cp(original, directory, { recursive: true })
      if (mutation !== null) await mutate(directory, mutation)
      return { firstFailing: (from, to) => inTurn(() => runSeeds(directory, from, to, closing.signal)) }
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

const isNotOurs = (path: string): boolean => path !== HERE && !path.startsWith(HERE + sep)

async function mutate(directory: string, { name, file, find, replace }: Mutation): Promise<void> {
  const path = join(directory, file)
  const parts = (await readFile(path, 'utf8')).split(find)
  const times = parts.length - 1
  if (times !== 1) throw new Error(`the mutant “${name}” has rotted: its text is in ${file} ${times} times, not once`)
  await writeFile(path, parts.join(replace))
}

function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= RUNS_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      // A turn is handed on, not given back, so that nobody slips in between.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

async function runSeeds(directory: string, from: number, to: number, closing: AbortSignal): Promise<Failure | null> {
  const args = [HEAP, '--import', 'tsx', 'test/simulation/main.ts', '--seeds', `${from}-${to}`]
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const kill = () => void child.kill('SIGKILL')
  const cut = AbortSignal.any([closing, AbortSignal.timeout(LONGEST_SEED_MS * (to - from + 1))])
  cut.addEventListener('abort', kill, { once: true })
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-MAX_COMPLAINT_CHARS)
  })
  let failure: Failure | null = null
  let isFinished = false
  for await (const line of createInterface(child.stdout)) {
    if (failure !== null) {
      failure.said = line.trim()
      break
    }
    const seed = /^seed (\d+): /.exec(line)?.[1]
    if (seed !== undefined) failure = { seed: Number(seed), said: line }
    isFinished ||= /^\d+ seeds, /.test(line)
  }
  if (failure !== null || cut.aborted) kill()
  await ended
  cut.removeEventListener('abort', kill)
  if (failure === null && !isFinished) throw new Error(`seeds ${from} to ${to} broke off: ${complaint}`)
  return failure
}
