/** A world for commands that run in this process: what they print, what they read, and the signals they get. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../../src/cli/program.ts'
import type { ProcessSignal, World } from '../../src/cli/world.ts'
import { newId, realClock } from '../../src/clock.ts'
import type { Clock } from '../../src/core/clock.ts'

export interface Terminal extends Disposable {
  cwd: string
  /** Runs one command line to its end. */
  run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** To the command that is running. */
  signal(signal: ProcessSignal): void
  exits: number[]
  /** Resolves with the match as soon as the running command has written it. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
  world: World
}

export interface TerminalOptions {
  cwd?: string
  env?: Record<string, string>
  terminal?: boolean
  clock?: Clock
  self?: World['self']
}

export function openTerminal(options: TerminalOptions = {}): Terminal {
  const cwd = options.cwd ?? mkdtempSync(join(tmpdir(), 'ordersync-cli-'))
  const printed = { stdout: '', stderr: '' }
  const handlers = new Set<(signal: ProcessSignal) => void>()
  const exits: number[] = []
  const looking = new Set<() => void>()
  const output = (name: 'stdout' | 'stderr') => ({
    terminal: options.terminal ?? false,
    write: (text: string) => {
      printed[name] += text
      for (const look of [...looking]) look()
    },
  })
  const world: World = {
    argv: [],
    env: options.env ?? {},
    cwd,
    newId,
    pid: 4243,
    host: 'here',
    version: '1.2.3',
    stdout: output('stdout'),
    stderr: output('stderr'),
    unread: new AbortController().signal,
    clock: options.clock ?? realClock,
    chance: () => 0.5,
    readFile: (path) => ({ text: readFileSync(path, 'utf8'), mode: statSync(path).mode }),
    self: options.self ?? ['false'],
    onStdinEnd() {},
    onSignal(handler) {
      handlers.add(handler)
      return { [Symbol.dispose]: () => void handlers.delete(handler) }
    },
    exit: (code) => exits.push(code),
  }
  return {
    cwd,
    world,
    exits,
    async run(...argv) {
      printed.stdout = ''
      printed.stderr = ''
      const code = await runCli({ ...world, argv })
      return { code, ...printed }
    },
    waitFor: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          const match = pattern.exec(printed.stdout + printed.stderr)
          if (match === null) return
          looking.delete(look)
          resolve(match)
        }
        looking.add(look)
        look()
      }),
    signal(signal) {
      for (const handler of handlers) handler(signal)
    },
    [Symbol.dispose]() {
      rmSync(cwd, { recursive: true, force: true })
    },
  }
}
