/** Owns what a command may touch of the process it runs in; `main.ts` fills it in from the real one. */
import type { FileReader } from '../config/secret-files.ts'
import type { Environment } from '../config/substitute.ts'
import type { Chance, Clock } from '../core/clock.ts'

/** A stream for people or programs to read. Writing to a closed one does nothing. */
export interface Output {
  write(text: string): void
  readonly terminal: boolean
}

export type ProcessSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface World {
  /** Without the interpreter and the script. */
  argv: readonly string[]
  env: Environment
  cwd: string
  /** A new id that was never used before. */
  newId(): string
  pid: number
  host: string
  version: string
  stdout: Output
  stderr: Output
  /** Aborted when nobody reads stdout any more: whoever prints for ever stops. */
  unread: AbortSignal
  clock: Clock
  chance: Chance
  readFile: FileReader
  /** The interpreter with its arguments and this program, to start it once more. */
  self: readonly [string, ...string[]]
  /** Reads stdin to its end, whatever it says. */
  onStdinEnd(handler: () => void): void
  /** A handler replaces the default of all three signals until it is disposed. */
  onSignal(handler: (signal: ProcessSignal) => void): Disposable
  /** Ends the process without any further work. */
  exit(code: number): void
}
