import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/commit.ts'
import { createLogFile, type LogFile } from '../feed/log-file.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { openTerminal, type Terminal } from './terminal.ts'

let log: LogFile
let terminal: Terminal
beforeEach(() => {
  log = createLogFile()
  terminal = openTerminal({ cwd: log.dir })
  writeFileSync(join(log.dir, 'ordersync.yaml'), 'database: ./orders.db\nhttp: { listen: 127.0.0.1:0 }\n')
})
afterEach(() => log[Symbol.dispose]())

describe('monitor', () => {
  it('serves the health of the daemon beside it, and ends when it is told to', async () => {
    log.store.transact((tx) => tx.patchAccount('main', { state: 'ok', lastPollAt: 1 }))
    const running = terminal.run('monitor')
    const [, url] = await terminal.waitFor(/"url":"([^"]+)"/)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/ordersync_last_seq 0\n/)
    log.close()
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    terminal.signal('SIGTERM')
    expect(await running).toMatchObject({ code: 0, stdout: '' })
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  it('waits, saying so once, for the daemon that makes the database', async () => {
    const clock = createFakeClock()
    const early = openTerminal({ cwd: log.dir, clock })
    log.close()
    rmSync(log.database)
    const running = early.run('monitor')
    await early.waitFor(/waiting for the daemon to make the database/)
    writeFileSync(log.database, '')
    await clock.advance(5_000)
    const owner = { pid: 4242, host: 'here' }
    using _daemon = openStore({ path: log.database, clock, owner, newLogId: () => 'log-late' })
    await clock.advance(1_000)
    const [, url] = await early.waitFor(/"url":"([^"]+)"/)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    early.signal('SIGTERM')
    const { code, stderr } = await running
    expect(code).toBe(0)
    expect(stderr.match(/waiting for/g)).toHaveLength(1)
  })

  it('can be told to end while it waits', async () => {
    log.close()
    rmSync(log.database)
    const running = terminal.run('monitor')
    await terminal.waitFor(/waiting for the daemon/)
    terminal.signal('SIGTERM')
    expect(await running).toMatchObject({ code: 0, stdout: '' })
  })

  it.each([
    [
      ['--listen', '0.0.0.0:0'],
      'ordersync: --listen is reachable from other machines: set http.token in the configuration first\n',
    ],
    [['--listen', 'here'], 'ordersync: --listen takes an address such as 127.0.0.1:8080\n'],
  ])('refuses %j', async (argv, stderr) => {
    expect(await terminal.run('monitor', ...argv)).toEqual({ code: 2, stdout: '', stderr })
  })

  it('asks where to listen if the configuration has HTTP off', async () => {
    writeFileSync(join(log.dir, 'ordersync.yaml'), 'database: ./orders.db\nhttp: false\n')
    const { code, stderr } = await terminal.run('monitor')
    expect(code).toBe(2)
    expect(stderr).toContain('say where to listen with --listen 127.0.0.1:8080')
  })
})
