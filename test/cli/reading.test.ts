import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import type { Stated } from '../../src/core/report.ts'
import { createLogFile, type LogFile } from '../feed/log-file.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { aFrame, aHistory, aSighting, ENDED, T0 } from '../support/orders.ts'
import { openTerminal, type Terminal } from './terminal.ts'

let log: LogFile
let terminal: Terminal
beforeEach(() => {
  log = createLogFile()
  terminal = openTerminal({ cwd: log.dir, clock: createFakeClock({ wall: T0 + 90_000 }) })
  writeFileSync(join(log.dir, 'ordersync.yaml'), 'database: ./orders.db\n')
})
afterEach(() => log[Symbol.dispose]())

const lines = (text: string) => text.split('\n').filter((line) => line !== '')
const objects = (text: string) => lines(text).map((line) => JSON.parse(line))

describe('orders', () => {
  beforeEach(() => {
    log.open(3)
    log.apply(aFrame([aSighting({ id: 'order-2', claim: ENDED('cancelled') })]))
  })

  it('prints the open ones as a table, without colour in a pipe', async () => {
    const { code, stdout, stderr } = await terminal.run('orders')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines(stdout)).toHaveLength(3)
    expect(stdout).toMatch(/^ACCOUNT +SYMBOL/)
    expect(stdout).toMatch(/main +BTC-USD +buy +limit +100 +10 +0 +open +stream +90s +order-1/)
    expect(stdout).not.toContain('\u001b')
  })

  it('fits 120 characters in a terminal: what explain tells is left out, then ids are cut', async () => {
    const widest = (text: string) => Math.max(...lines(text).map((line) => line.length))
    const stated: Partial<Stated> = { symbol: 'BTC-20261225-C', type: 'stop_limit', price: decimal('121500.25') }
    const uuid = 'cf0c18f6-60ff-44ee-aa2e-db078ac70799'
    log.apply(aFrame([aSighting({ id: uuid, stated })]))
    const wide = openTerminal({ cwd: log.dir, terminal: true, env: { NO_COLOR: '1' } })
    const { stdout } = await wide.run('orders')
    expect(widest(stdout)).toBeLessThanOrEqual(120)
    expect(stdout).toContain(uuid)
    const long = `vela:0x${'f0'.repeat(40)}:29`
    log.apply(aFrame([aSighting({ id: long, stated })]))
    const cut = await wide.run('orders')
    expect(widest(cut.stdout)).toBe(120)
    expect(cut.stdout).toMatch(/ {2}vela:0x[f0]+…[f0]+:29\n/)
    expect(cut.stdout).not.toMatch(/EVIDENCE|SEEN/)
    const piped = await terminal.run('orders')
    expect(piped.stdout).toContain(long)
    expect(piped.stdout).toContain('EVIDENCE')
  })

  it('is coloured in a terminal, unless NO_COLOR is set', async () => {
    const coloured = openTerminal({ cwd: log.dir, terminal: true })
    expect((await coloured.run('orders')).stdout).toContain('\u001b[36mopen')
    const plain = openTerminal({ cwd: log.dir, terminal: true, env: { NO_COLOR: '1' } })
    expect((await plain.run('orders')).stdout).not.toContain('\u001b')
  })

  it('prints one object a line, and nothing else, as JSON', async () => {
    const { stdout } = await terminal.run('orders', '--status', 'all', '--json')
    expect(objects(stdout).map((order) => [order.venue_order_id, order.status])).toEqual([
      ['order-1', 'open'],
      ['order-2', 'cancelled'],
      ['order-3', 'open'],
    ])
  })

  it('narrows by filters, and says when there is more', async () => {
    expect(objects((await terminal.run('orders', '--status', 'cancelled', '--json')).stdout)).toHaveLength(1)
    expect(objects((await terminal.run('orders', '--symbol', 'ETH-USD', '--json')).stdout)).toHaveLength(0)
    expect(
      objects((await terminal.run('orders', '--account', 'main', '--venue', 'qfex', '--json')).stdout),
    ).toHaveLength(2)
    const limited = await terminal.run('orders', '--limit', '1')
    expect(lines(limited.stdout)).toHaveLength(2)
    expect(limited.stderr).toBe('more than 1: raise --limit, or narrow the filters\n')
    expect(await terminal.run('orders', '--account', 'nobody')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'no such orders\n',
    })
  })

  it('reads more orders than fit a page', async () => {
    log.open(1_500)
    const { stdout } = await terminal.run('orders', '--json', '--limit', '1400')
    expect(objects(stdout)).toHaveLength(1_400)
  })

  it('lets no control character of a venue reach the terminal', async () => {
    log.apply(aFrame([aSighting({ id: 'evil\u001b[2J\u202e', stated: { symbol: 'A\nB' } })]))
    const { stdout } = await terminal.run('orders')
    expect(stdout).toContain('A\ufffdB')
    expect(stdout).toContain('evil\ufffd[2J\ufffd')
    expect(stdout).not.toContain('\u001b')
  })
})

describe('events', () => {
  it('prints the log from its beginning, or after a cursor, a hundred at a time', async () => {
    log.open(150)
    expect(objects((await terminal.run('events', '--json')).stdout)).toHaveLength(100)
    const rest = objects((await terminal.run('events', '--json', '--after', 'log-a:140')).stdout)
    expect(rest.map((event) => event.seq)).toEqual([141, 142, 143, 144, 145, 146, 147, 148, 149, 150])
    expect(rest[0]).toMatchObject({ type: 'opened', cursor: 'log-a:141', data: { v: 1 } })
    expect(objects((await terminal.run('events', '--json', '--after', 'now')).stdout)).toEqual([])
  })

  it('reads well on a line', async () => {
    log.open(1)
    const { stdout } = await terminal.run('events')
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} main +BTC-USD +buy limit +opened +10 @ 100 +stream\n$/)
  })

  it('refuses a cursor of another log, with exit code 1', async () => {
    log.open(1)
    const { code, stderr } = await terminal.run('events', '--after', 'log-b:1')
    expect(code).toBe(1)
    expect(stderr).toBe(
      'ordersync: cursor log-b:1 is of another log than log-a: read the orders anew and follow from now\n',
    )
  })

  it('follows until it is interrupted, and ends well', async () => {
    const live = openTerminal({ cwd: log.dir })
    const following = live.run('events', '--follow', '--json', '--limit', '3')
    log.open(3)
    expect(objects((await following).stdout)).toHaveLength(3)
    const interrupted = live.run('events', '--follow', '--after', 'now')
    await new Promise((resolve) => setImmediate(resolve))
    live.signal('SIGINT')
    expect(await interrupted).toMatchObject({ code: 0, stderr: '' })
  })

  it('finds a moment in the log by halving', async () => {
    const clock = createFakeClock({ wall: T0 })
    using timed = createLogFile({ clock })
    for (let n = 0; n < 40; n++) {
      timed.open(1)
      await clock.advance(1_000)
    }
    writeFileSync(join(timed.dir, 'ordersync.yaml'), 'database: ./orders.db\n')
    const later = openTerminal({ cwd: timed.dir, clock })
    const seqs = async (since: string) =>
      objects((await later.run('events', '--json', '--since', since)).stdout).map((event) => event.seq)
    expect(await seqs('5s')).toEqual([36, 37, 38, 39, 40])
    expect(await seqs(new Date(T0 + 38_000).toISOString())).toEqual([39, 40])
    expect(await seqs(new Date(T0 + 38_001).toISOString())).toEqual([40])
    expect(await seqs('0s')).toEqual([])
    expect(await seqs('1d')).toHaveLength(40)
  })
})

describe('explain', () => {
  beforeEach(() => {
    log.open(2)
    log.apply(aHistory([aSighting({ id: 'order-1', claim: ENDED('filled'), filled: '10' })]))
  })

  it('tells one order’s life', async () => {
    const { code, stdout } = await terminal.run('explain', 'order-1')
    expect(code).toBe(0)
    expect(stdout).toContain('main/order/order-1')
    expect(stdout).toMatch(/#1 opened/)
    expect(stdout).toMatch(/#3 filled 10 filled 10 of 10 history/)
  })

  it('takes the full name, and prints all there is as JSON', async () => {
    const { stdout } = await terminal.run('explain', 'main/order/order-1', '--json')
    const [explanation] = objects(stdout)
    expect(explanation.events).toHaveLength(2)
    expect(explanation.order).toMatchObject({ status: 'filled', evidence: 'history' })
  })

  it('exits 1 where nothing has the id', async () => {
    const { code, stderr } = await terminal.run('explain', 'nothing')
    expect(code).toBe(1)
    expect(stderr).toContain('no order has this id')
  })

  it('exits 1 with the candidates where more than one has it', async () => {
    log.apply(aFrame(['x', 'y'].map((id) => aSighting({ id, stated: { clientOrderId: 'twice' } }))))
    const { code, stdout, stderr } = await terminal.run('explain', 'twice')
    expect(code).toBe(1)
    expect(lines(stdout)).toEqual(['main/order/x', 'main/order/y'])
    expect(stderr).toContain('more than one order has this id')
  })
})

describe('verify', () => {
  it('is quiet praise for a sound database', async () => {
    log.open(3)
    expect(await terminal.run('verify')).toEqual({ code: 0, stdout: 'sound: 3 events of 3 orders\n', stderr: '' })
    expect(objects((await terminal.run('verify', '--json')).stdout)).toEqual([{ sound: true, orders: 3, events: 3 }])
  })

  it('exits 1 and names the order that was tampered with', async () => {
    log.open(3)
    log.close()
    const db = new Database(log.database)
    db.exec("update orders set filled_quantity = '7' where venue_order_id = 'order-2'")
    db.close()
    const { code, stdout } = await terminal.run('verify')
    expect(code).toBe(1)
    expect(stdout).toContain('main/order/order-2')
  })
})

describe('status', () => {
  it('shows the accounts and who owns the database', async () => {
    log.open(2)
    const { code, stdout } = await terminal.run('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(/daemon +process 4242 on here since 2025/)
    expect(stdout).toMatch(/main +qfex +\w+ +\w+ .*2 +0 +0 +0\n/)
  })

  it('holds the check against an account that is not well', async () => {
    log.store.transact((tx) => tx.patchAccount('main', { state: 'ok' }))
    expect(await terminal.run('status', '--check')).toMatchObject({ code: 0 })
    log.store.transact((tx) => tx.patchAccount('main', { state: 'refused', lastError: 'key expired' }))
    const { code, stdout } = await terminal.run('status', '--check')
    expect(code).toBe(1)
    expect(stdout).toContain('main is refused: key expired')
    expect(await terminal.run('status')).toMatchObject({ code: 0 })
  })

  it('holds the check against an account the daemon does not get to', async () => {
    log.store.transact((tx) => tx.patchAccount('main', { state: 'ok', lastPollAt: T0 - 600_000 }))
    expect(await terminal.run('status', '--check')).toMatchObject({ code: 0 })
    const account = '{ id: main, venue: qfex, publicKey: p, secretKey: sssssss, poll: { every: 10s } }'
    writeFileSync(join(log.dir, 'ordersync.yaml'), `database: ./orders.db\naccounts:\n  - ${account}\n`)
    const { code, stdout } = await terminal.run('status', '--check')
    expect(code).toBe(1)
    expect(stdout).toContain('main was last polled')
  })

  it('holds the check against a daemon that does not run', async () => {
    log.close()
    const { code, stdout } = await terminal.run('status', '--check', '--json')
    expect(code).toBe(1)
    const [status] = objects(stdout)
    expect(status).toMatchObject({
      daemon: null,
      troubles: expect.arrayContaining(['no daemon runs: ordersync start']),
    })
    expect(status.accounts[0]).toMatchObject({ account: 'main', venue: 'qfex', open_orders: 0 })
  })

  it('says where to begin where there is no database', async () => {
    log.close()
    rmSync(log.database)
    const { code, stderr } = await terminal.run('status')
    expect(code).toBe(1)
    expect(stderr).toContain('does not exist: start the daemon first')
  })
})

describe('migrate and backup', () => {
  it('migrate says what it did to a database nobody owns', async () => {
    log.open(1)
    const owned = await terminal.run('migrate')
    expect(owned.code).toBe(1)
    expect(owned.stderr).toContain('is owned by process 4242 on here')
    log.close()
    const { code, stdout } = await terminal.run('migrate')
    expect(code).toBe(0)
    expect(stdout).toContain('has the shape of this version already')
  })

  it('backup copies a live database into a log of its own, and overwrites nothing', async () => {
    log.open(2)
    expect(await terminal.run('backup', 'copy.db')).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(join(log.dir, 'copy.db'))).toBe(true)
    expect(await terminal.run('backup', 'copy.db')).toMatchObject({ code: 1, stdout: '' })
    writeFileSync(join(log.dir, 'copy.yaml'), 'database: ./copy.db\n')
    const { stdout } = await terminal.run('events', '--config', 'copy.yaml', '--json')
    const events = objects(stdout)
    expect(events).toHaveLength(2)
    expect(events[0].cursor).not.toContain('log-a')
  })
})
