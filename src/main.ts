#!/usr/bin/env node
/** Owns the process: its arguments, streams, signals and exit code. Nothing else touches `process`. */
import { readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'
import { runCli } from './cli/program.ts'
import type { Output, ProcessSignal, World } from './cli/world.ts'
import { newId, realChance, realClock } from './clock.ts'

const SIGNALS: readonly ProcessSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

const unread = new AbortController()

const output = (stream: NodeJS.WriteStream, onBroken: () => void): Output => {
  let broken = false
  // A pipe whose reader has left ends quietly, as in `ordersync events | head`.
  stream.on('error', () => {
    broken = true
    onBroken()
  })
  return {
    terminal: stream.isTTY === true,
    write(text) {
      if (!broken) stream.write(text)
    },
  }
}

const world: World = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  pid: process.pid,
  host: hostname(),
  version: readVersion(),
  stdout: output(process.stdout, () => unread.abort()),
  stderr: output(process.stderr, () => {}),
  unread: unread.signal,
  clock: realClock,
  chance: realChance,
  newId,
  readFile: (path) => ({ mode: statSync(path).mode, text: readFileSync(path, 'utf8') }),
  self: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
  onSignal(handler) {
    for (const signal of SIGNALS) process.on(signal, handler)
    return {
      [Symbol.dispose]: () => {
        for (const signal of SIGNALS) process.off(signal, handler)
      },
    }
  },
  onStdinEnd(handler) {
    process.stdin.on('end', handler).on('error', handler).resume()
  },
  exit: (code) => process.exit(code),
}

// What nobody caught leaves the program in a state that nobody thought of; the database is whole at every instant.
process.on('uncaughtException', (error) => {
  const debug = world.argv.includes('--debug')
  const message = error instanceof Error ? error.message : String(error)
  world.stderr.write(`ordersync: ${debug && error instanceof Error ? error.stack : message.replaceAll('\n', ' ')}\n`)
  process.exit(1)
})

const code = await runCli(world)
// Nothing that a command left running may keep the process: everything printed is written out by then.
process.stdout.write('', () => process.exit(code))

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
