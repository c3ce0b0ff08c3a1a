/** The demo from end to end: a sandbox in a process of its own, the daemon in this one, and what is printed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTerminal, type Terminal } from './terminal.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const SELF = [process.execPath, '--import', import.meta.resolve('tsx'), MAIN] as const

let terminal: Terminal
beforeEach(() => {
  terminal = openTerminal({ self: SELF, env: { PATH: process.env.PATH ?? '' } })
})
afterEach(() => terminal[Symbol.dispose]())

const objects = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('demo', () => {
  it('prints each event as it is committed, sums up, and goes on where it was ended', async () => {
    const first = terminal.run('demo', '--json', '--seed', '3')
    await terminal.waitFor(/"seq":4,/)
    terminal.signal('SIGINT')
    const { code, stdout } = await first
    expect(code).toBe(0)
    const printed = objects(stdout)
    const summary = printed.at(-1)
    expect(summary).toMatchObject({ sound: true, events: printed.length - 1 })
    expect(printed.slice(0, -1).map(({ seq }) => seq)).toEqual(printed.slice(0, -1).map((_, index) => index + 1))

    const config = join(terminal.cwd, 'demo', 'ordersync.yaml')
    const kept = await terminal.run('events', '--json', '--config', config)
    expect(kept).toMatchObject({ code: 0, stderr: '' })
    expect(objects(kept.stdout)).toEqual(printed.slice(0, -1))

    const second = await terminal.run('demo', '--json', '--for', '1s')
    expect(second.code).toBe(0)
    const more = objects(second.stdout)
    expect(more.at(-1)).toMatchObject({ sound: true })
    if (more.length > 1) expect(more[0].seq).toBe(summary.events + 1)
  })

  it('removes with --reset only what an earlier demo left', async () => {
    const directory = join(terminal.cwd, 'mine')
    mkdirSync(directory)
    writeFileSync(join(directory, 'precious'), '')
    const { code, stderr } = await terminal.run('demo', directory, '--reset')
    expect(code).toBe(2)
    expect(stderr).toContain('is not the directory of a demo')
    expect(existsSync(join(directory, 'precious'))).toBe(true)
  })

  it('says so when the sandbox dies', async () => {
    const running = terminal.run('demo', '--json')
    await terminal.waitFor(/"seq":1,/)
    const { pid } = await sandboxOf(terminal)
    process.kill(pid, 'SIGKILL')
    const { code, stderr } = await running
    expect(code).toBe(1)
    expect(stderr).toContain('the sandbox ended by itself (SIGKILL)')
  })
})

/** The demo names its sandbox's process in what it notes at the start. */
async function sandboxOf({ waitFor }: Terminal): Promise<{ pid: number }> {
  const [, pid] = await waitFor(/process (\d+)/)
  return { pid: Number(pid) }
}
