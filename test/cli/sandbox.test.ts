/** The sandbox as a process: what the demo starts, and what happens when one of the two is gone. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startSandboxProcess } from '../../src/cli/sandbox-child.ts'
import { loadConfig } from '../../src/config.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const SELF = [process.execPath, '--import', import.meta.resolve('tsx'), MAIN] as const

let terminal: Terminal
beforeEach(() => {
  terminal = openTerminal()
})
afterEach(() => terminal[Symbol.dispose]())

describe('the sandbox process', () => {
  it('comes up with a configuration that is right as it stands, and ends when it is told to', async () => {
    const world = { ...terminal.world, self: SELF }
    const sandbox = await startSandboxProcess(world, [terminal.cwd, '--seed', '7'])
    expect(sandbox.ready.seed).toBe('7')
    const config = loadConfig({ path: sandbox.ready.config, env: {}, readFile: world.readFile })
    expect(config.accounts.map(({ id }) => id)).toEqual([
      'qfex-main',
      'revx',
      'revx-seed',
      'derive-main',
      'derive-alt',
      'derive-v2',
      'vela',
    ])
    expect(config.warnings).toEqual([])
    const truth = await fetch(`${sandbox.ready.control}/truth`)
    expect(truth.status).toBe(200)
    await sandbox[Symbol.asyncDispose]()
    await expect(fetch(`${sandbox.ready.control}/truth`)).rejects.toThrow()
    await expect(Promise.race([sandbox.died, 'quiet'])).resolves.toBe('quiet')
  })

  it('says what the sandbox said when it does not come up', async () => {
    const world = { ...terminal.world, self: SELF }
    await expect(startSandboxProcess(world, [terminal.cwd, '--rate', 'x'])).rejects.toThrow(
      'the sandbox ended by itself (code 2): ordersync: --rate takes a number from 0 to 1000',
    )
    await expect(startSandboxProcess({ ...world, self: ['/nowhere/node'] }, [terminal.cwd])).rejects.toThrow(
      'the sandbox could not be started',
    )
  })

  it('ends with whoever started it, however that one ended', async () => {
    const child = spawn(SELF[0], [...SELF.slice(1), 'sandbox', terminal.cwd, '--json', '--leash'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.stdin.destroy()
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
  })
})
