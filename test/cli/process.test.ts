/** The program as a user starts it: a real process, its streams, signals and exit code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogFile, type LogFile } from '../feed/log-file.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

let log: LogFile
const running: ChildProcess[] = []
beforeEach(() => {
  log = createLogFile()
  writeFileSync(join(log.dir, 'ordersync.yaml'), 'database: ./orders.db\n')
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  log[Symbol.dispose]()
})

function start(...args: string[]) {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN, ...args], {
    cwd: log.dir,
    env: { PATH: process.env.PATH, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    printed.stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...printed }))
  return { child, ended, printed }
}

describe('the process', () => {
  it('prints results on stdout alone and ends with 0', async () => {
    log.open(2)
    const { stdout, stderr, code } = await start('events', '--json').ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).seq),
    ).toEqual([1, 2])
  })

  it('ends with 1 for a failure and with 2 for wrong usage, one line on stderr each', async () => {
    const [failed, misused] = await Promise.all([
      start('events', '--after', 'log-b:1').ended,
      start('status', '--config', 'gone.yaml').ended,
    ])
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toMatch(/^ordersync: cursor log-b:1 is of another log.*\n$/)
    expect(misused).toMatchObject({ code: 2, stdout: '' })
    expect(misused.stderr).toMatch(/gone\.yaml: does not exist; write one with `ordersync init`.*\n$/)
  })

  it('ends quietly when the reader of its output leaves', async () => {
    log.open(5_000)
    const { child, ended } = start('events', '--json', '--follow')
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const { code, stderr } = await ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('ends well when it is told to while it follows', async () => {
    log.open(1)
    const { child, ended } = start('events', '--follow')
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    const { code, signal, stderr, stdout } = await ended
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(stdout).not.toContain('\u001b')
  })
})
