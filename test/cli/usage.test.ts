import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TEMPLATE } from '../../src/cli/init.ts'
import { ED25519_PEM, load, SESSION_KEY, WALLET } from '../config/world.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const COMMANDS = [
  'start',
  'monitor',
  'demo',
  'sandbox',
  'init',
  'status',
  'orders',
  'events',
  'explain',
  'verify',
  'migrate',
  'backup',
]

let terminal: Terminal
beforeEach(() => {
  terminal = openTerminal()
})
afterEach(() => terminal[Symbol.dispose]())

describe('the command line', () => {
  it('lists every command in its help', async () => {
    const { code, stdout, stderr } = await terminal.run('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
  })

  it.each(COMMANDS)('has help with an example for %s', async (command) => {
    const { code, stdout } = await terminal.run(command, '--help')
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: ordersync ${command}`)
    expect(stdout).toMatch(new RegExp(`Example:\n  ordersync ${command}\\b`))
    expect(stdout).toContain('--config')
  })

  it.each([
    [['statsu'], "ordersync: unknown command 'statsu' (Did you mean status?)\n"],
    [['frobnicate'], "ordersync: unknown command 'frobnicate'; see ordersync --help\n"],
    [['events', '--folow'], "ordersync: unknown option '--folow' (Did you mean --follow?)\n"],
    [['explain'], "ordersync: missing required argument 'order'; see ordersync --help\n"],
    [
      ['verify', 'now'],
      "ordersync: too many arguments for 'verify'. Expected 0 arguments but got 1; see ordersync --help\n",
    ],
    [['orders', '--status', 'opne'], 'ordersync: --status takes one of open, filled, cancelled, unknown, all\n'],
    [['orders', '--limit', '0'], 'ordersync: --limit takes a whole number from 1 to 1000000000\n'],
    [['demo', '--for', '30'], 'ordersync: --for takes a duration such as 500ms, 30s, 10m, 4h or 90d\n'],
    [['sandbox', '--rate', '-1'], 'ordersync: --rate takes a number from 0 to 1000\n'],
    [
      ['events', '--since', 'x'],
      'ordersync: --since takes a date such as 2026-01-31T00:00:00Z, or how long ago, such as 2h\n',
    ],
    [
      ['events', '--after', 'log-a'],
      'ordersync: --after: "log-a" is no cursor: give the `cursor` of an event, or now\n',
    ],
    [['events', '--since', '1h', '--after', 'now'], 'ordersync: give --after or --since, not both\n'],
  ])('answers %j with one line that says what to do, and exit code 2', async (argv, stderr) => {
    expect(await terminal.run(...argv)).toEqual({ code: 2, stdout: '', stderr })
  })

  it.each([[['help']], [['help', 'help']]])('prints its general help for %j', async (argv) => {
    const { code, stdout, stderr } = await terminal.run(...argv)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe((await terminal.run('--help')).stdout)
  })

  it('shows its help where no command is given, as wrong usage', async () => {
    const { code, stdout, stderr } = await terminal.run()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: ordersync')
  })

  it('knows its version', async () => {
    expect(await terminal.run('--version')).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' })
  })

  it('takes the common options before the command as well', async () => {
    const { code, stderr } = await terminal.run('--config', 'other.yaml', '--json', 'status')
    expect(code).toBe(2)
    expect(stderr).toContain('other.yaml: does not exist')
  })

  it('takes the configuration from the environment, and an option over it', async () => {
    using other = openTerminal({ cwd: terminal.cwd, env: { ORDERSYNC_CONFIG: 'env.yaml' } })
    expect((await other.run('status')).stderr).toContain('env.yaml: does not exist')
    expect((await other.run('status', '--config', 'opt.yaml')).stderr).toContain('opt.yaml: does not exist')
  })

  it('names every mistake of a configuration, a line each, with exit code 2', async () => {
    writeFileSync(join(terminal.cwd, 'ordersync.yaml'), 'queue: x\naccounts:\n  - { id: A, venue: qfx }\n')
    const { code, stdout, stderr } = await terminal.run('start')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const path = join(terminal.cwd, 'ordersync.yaml')
    expect(stderr.split('\n')).toEqual([
      `${path}:1: queue is not a queue; write auto, embedded or a redis:// URL`,
      `${path}:3: accounts[0].venue is not a known venue; did you mean qfex?`,
      '',
    ])
  })

  it('shows a stack only with --debug', async () => {
    writeFileSync(join(terminal.cwd, 'ordersync.yaml'), 'database: gone.db\n')
    const short = await terminal.run('verify')
    expect(short.code).toBe(1)
    expect(short.stderr.trim().split('\n')).toHaveLength(1)
    const long = await terminal.run('verify', '--debug')
    expect(long.code).toBe(1)
    expect(long.stderr).toMatch(/\n {4}at /)
  })
})

describe('init', () => {
  it('writes a configuration that only its owner can read, and never over one', async () => {
    const path = join(terminal.cwd, 'ordersync.yaml')
    const first = await terminal.run('init')
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    writeFileSync(path, 'mine')
    const second = await terminal.run('init')
    expect(second).toEqual({
      code: 1,
      stdout: '',
      stderr: `ordersync: ${path} is there already: edit it, or name another place with --config\n`,
    })
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  it('writes where --config says, and prints where as JSON', async () => {
    const { stdout } = await terminal.run('init', '--config', 'a.yaml', '--json')
    expect(JSON.parse(stdout)).toEqual({ config: join(terminal.cwd, 'a.yaml') })
    expect(existsSync(join(terminal.cwd, 'a.yaml'))).toBe(true)
  })

  it('writes a configuration that needs nothing but its accounts uncommented', () => {
    const uncommented = TEMPLATE.replaceAll(/^#( {2}[- ] )/gm, '$1')
    const config = load(uncommented, {
      env: {
        QFEX_PUBLIC_KEY: 'pub',
        QFEX_SECRET_KEY: 'sec',
        DERIVE_WALLET: WALLET,
        DERIVE_SESSION_KEY: SESSION_KEY,
        DERIVE_SUBACCOUNT: '7',
        REVX_API_KEY: 'k',
        VELA_API_KEY: 'k',
        VELA_ADDRESS: WALLET,
      },
      files: { '/etc/ordersync/revx.pem': { text: ED25519_PEM } },
    })
    expect(config.accounts.map((account) => account.venue)).toEqual(['qfex', 'derive', 'revolut-x', 'dexpal'])
  })

  it('prints the JSON Schema', async () => {
    const { stdout, code } = await terminal.run('init', '--print-schema')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { accounts: { type: 'array' } } })
    expect(existsSync(join(terminal.cwd, 'ordersync.yaml'))).toBe(false)
  })
})
