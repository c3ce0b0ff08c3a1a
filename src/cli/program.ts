/** Owns the command line as a whole: which commands there are, and what a run of one ends with. */
import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config/problems.ts'
import { addBackup } from './backup.ts'
import { type Act, createRun, NegativeResult, type Scrub, UsageError } from './command.ts'
import { addDemo } from './demo.ts'
import { addEvents } from './events.ts'
import { addExplain } from './explain.ts'
import { addInit } from './init.ts'
import { addMigrate } from './migrate.ts'
import { addMonitor } from './monitor.ts'
import { addOrders } from './orders.ts'
import { addSandbox } from './sandbox.ts'
import { addStart } from './start.ts'
import { addStatus } from './status.ts'
import { addVerify } from './verify.ts'
import type { World } from './world.ts'

/** 0: done. 1: failed, or a check did not hold. 2: wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2

const COMMANDS = [
  addStart,
  addMonitor,
  addDemo,
  addSandbox,
  addInit,
  addStatus,
  addOrders,
  addEvents,
  addExplain,
  addVerify,
  addMigrate,
  addBackup,
]

/** Runs one command line to its end. Never throws: an error is one line on stderr and a code. */
export async function runCli(world: World): Promise<ExitCode> {
  let scrub: Scrub = (text) => text
  const program = createProgram(world, (next) => {
    scrub = next
  })
  try {
    await program.parseAsync(generalHelp(commandFirst(world.argv)), { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof NegativeResult) {
      if (error.message !== '') world.stderr.write(`ordersync: ${oneLine(scrub(error.message))}\n`)
      return 1
    }
    const debug = world.argv.includes('--debug')
    world.stderr.write(`${scrub(describeFailure(error, debug))}\n`)
    return error instanceof ConfigError || error instanceof UsageError ? 2 : 1
  }
}

function createProgram(world: World, onScrub: (scrub: Scrub) => void): Command {
  const program = new Command('ordersync')
    .description('Keeps one SQLite database in step with your open orders, and writes down what became of each.')
    .version(world.version, '-V, --version', 'print the version')
    .helpCommand(true)
    .addHelpText(
      'after',
      '\nExample:\n  ordersync demo --for 30s\n\nExit codes: 0 done, 1 failed or a check did not hold, 2 wrong usage or configuration',
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      outputError: (text, write) => write(`${usageLine(text)}\n`),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  const act: Act = (work) => {
    return async (...given) => {
      const command = given.at(-1)
      if (!(command instanceof Command)) throw new TypeError('commander calls an action with its command')
      await work(createRun(world, command.opts(), onScrub), command.opts(), command.processedArgs.map(String))
    }
  }
  for (const add of COMMANDS) {
    const before = program.commands.length
    add(program, act)
    for (const command of program.commands.slice(before)) command.copyInheritedSettings(program)
  }
  return program
}

/** The options that every command takes may also stand before it. */
function commandFirst(argv: readonly string[]): string[] {
  let length = 0
  for (let flag = argv[length]; flag === '--config' || flag === '--json' || flag === '--debug'; flag = argv[length]) {
    length += flag === '--config' ? 2 : 1
  }
  return [...argv.slice(length), ...argv.slice(0, length)]
}

/** `help help` would ask for the help of a command that commander does not list, and print nothing. */
const generalHelp = (argv: string[]): string[] => (argv[0] === 'help' && argv[1] === 'help' ? ['help'] : argv)

function describeFailure(error: unknown, debug: boolean): string {
  if (error instanceof ConfigError) return error.message
  if (isBindingMissing(error) && !debug) return MISSING_BINDING
  if (!(error instanceof Error)) return `ordersync: ${oneLine(String(error))}`
  return debug && error.stack !== undefined ? error.stack : `ordersync: ${oneLine(error.message)}`
}

const MISSING_BINDING =
  'ordersync: the SQLite library was not built for this Node.js: run `npm rebuild better-sqlite3` where ordersync is installed'

/** Installed without install scripts, or by another version of Node.js. */
const isBindingMissing = (error: unknown): boolean =>
  error instanceof Error &&
  /Could not locate the bindings file|was compiled against a different Node\.js/.test(error.message)

/** Commander's complaint as one line that says what to do. */
function usageLine(text: string): string {
  const complaint = oneLine(text)
    .replace(/^error: /, 'ordersync: ')
    .replace(/\.$/, '')
  return complaint.includes('Did you mean') ? complaint : `${complaint}; see ordersync --help`
}

const oneLine = (text: string) => text.trim().replaceAll(/\s*\n\s*/g, ' ')
