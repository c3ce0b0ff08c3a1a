/** The daemon as a user runs it: on the sandbox, as a process, with its signals, its lock and its reload. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SandboxProcess, startSandboxProcess } from '../../src/cli/sandbox-child.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const SELF = [process.execPath, '--import', import.meta.resolve('tsx'), MAIN] as const

let terminal: Terminal
let sandbox: SandboxProcess
const running: ChildProcess[] = []
beforeEach(async () => {
  terminal = openTerminal()
  sandbox = await startSandboxProcess({ ...terminal.world, self: SELF }, [terminal.cwd])
  appendFileSync(sandbox.ready.config, 'http: { listen: "127.0.0.1:0" }\n')
})
afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await sandbox[Symbol.asyncDispose]()
  terminal[Symbol.dispose]()
})

interface Entry {
  level: string
  msg: string
  [field: string]: unknown
}

/** A daemon on the sandbox, and its log as it is written. */
function startDaemon() {
  const child = spawn(SELF[0], [...SELF.slice(1), 'start', '--config', sandbox.ready.config], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  const entries: Entry[] = []
  const looking = new Set<() => void>()
  createInterface({ input: child.stderr }).on('line', (line) => {
    entries.push(line.startsWith('{') ? JSON.parse(line) : { level: 'plain', msg: line })
    for (const look of [...looking]) look()
  })
  const said = (msg: string) =>
    new Promise<Entry>((resolve) => {
      const look = () => {
        const entry = entries.find((candidate) => candidate.msg === msg)
        if (entry === undefined) return
        looking.delete(look)
        resolve(entry)
      }
      looking.add(look)
      look()
    })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, entries }))
  return { child, said, ended, entries }
}

describe('start', () => {
  it('runs until it is told to stop, and leaves nothing behind', async () => {
    const daemon = startDaemon()
    const { http } = await daemon.said('running')
    expect((await fetch(`${http}/healthz`)).status).toBe(200)
    const database = join(terminal.cwd, 'orders.db')
    expect(statSync(`${database}.queue`).mode & 0o777).toBe(0o600)

    const status = await terminal.run('status', '--json', '--config', sandbox.ready.config)
    expect(JSON.parse(status.stdout)).toMatchObject({ daemon: { pid: daemon.child.pid }, queue: expect.any(String) })

    const second = await startDaemon().ended
    expect(second.code).toBe(1)
    expect(second.entries.at(-1)?.msg).toContain(`is owned by process ${daemon.child.pid} on`)

    daemon.child.kill('SIGTERM')
    expect(await daemon.ended).toMatchObject({ code: 0, signal: null })
    expect(existsSync(`${database}.queue`)).toBe(false)
    await expect(fetch(`${http}/healthz`)).rejects.toThrow()
    expect(await terminal.run('verify', '--config', sandbox.ready.config)).toMatchObject({ code: 0 })
  })

  it('reads its configuration again at a hangup, and goes on as before where that is wrong', async () => {
    const daemon = startDaemon()
    await daemon.said('running')
    const good = readFileSync(sandbox.ready.config, 'utf8')
    writeFileSync(sandbox.ready.config, `${good}databse: x\n`)
    daemon.child.kill('SIGHUP')
    const refused = await daemon.said('configuration not taken over')
    expect(refused).toMatchObject({ level: 'error', problem: expect.stringContaining('did you mean database?') })
    writeFileSync(sandbox.ready.config, good.replaceAll('every: 1s', 'every: 2s'))
    daemon.child.kill('SIGHUP')
    expect(await daemon.said('configuration read again')).toMatchObject({ accounts: 7 })
    daemon.child.kill('SIGINT')
    expect(await daemon.ended).toMatchObject({ code: 0 })
  })

  it('writes none of its keys into the log', async () => {
    const daemon = startDaemon()
    await daemon.said('running')
    daemon.child.kill('SIGTERM')
    const { entries } = await daemon.ended
    const secret = readFileSync(join(terminal.cwd, 'qfex-main.secret'), 'utf8').trim()
    const [, pem = ''] = readFileSync(join(terminal.cwd, 'revx.pem'), 'utf8').split('\n')
    expect(secret.length).toBeGreaterThan(8)
    const written = JSON.stringify(entries)
    expect(written).not.toContain(secret)
    expect(written).not.toContain(pem)
  })
})
