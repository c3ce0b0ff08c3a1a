/** What the README tells a reader to type works: its queries, configurations, command lines, routes and program. */
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EventType } from '../../src/core/event.ts'
import { EVENT_FIELDS, FILL_FIELDS, ORDER_FIELDS } from '../../src/store/records.ts'
import { openTerminal, type Terminal } from '../cli/terminal.ts'
import { ED25519_PEM, load, SESSION_KEY, WALLET } from '../config/world.ts'
import { createLogFile, type LogFile } from '../feed/log-file.ts'
import { ask, startRig } from '../monitor/harness.ts'
import { opened, outcomeOf, step } from '../store/lives.ts'
import { aFill, aFrame, aSighting, ENDED } from '../support/orders.ts'
import { blocksOf, readPage, spansOf } from './markdown.ts'

const README = readPage('README.md')
const spans = spansOf(README)

/** A database with orders in every status, and trades. */
function createExample(): LogFile {
  const log = createLogFile()
  log.open(3)
  log.apply(
    aFrame(
      [aSighting({ id: 'order-1', stated: { clientOrderId: 'mine-1' }, filled: '4' })],
      [aFill('4', { id: 'order-1' })],
    ),
  )
  log.apply(aFrame([aSighting({ id: 'order-2', claim: ENDED('cancelled') })]))
  log.apply(aFrame([aSighting({ id: 'order-3', claim: ENDED('filled'), filled: '10' })]))
  const first = opened({}, { id: 'order-4' })
  const gone = step(first.order, 'vanished', { status: 'unknown', reason: 'unproven', evidence: 'inferred' })
  log.store.transact((tx) => tx.apply('main', 'qfex', outcomeOf(first, gone)))
  return log
}

describe('queries', () => {
  let log: LogFile
  let db: Database.Database
  beforeAll(() => {
    log = createExample()
    db = new Database(log.database, { readonly: true })
  })
  afterAll(() => {
    db.close()
    log[Symbol.dispose]()
  })

  const queries = blocksOf(README, 'sql').map(({ text }, index) => [`query ${index + 1}`, text] as const)

  test('there are some', () => {
    expect(queries.length).toBeGreaterThanOrEqual(6)
  })

  test.each(queries)('%s runs and finds something', (_name, query) => {
    const names = [...query.matchAll(/:([a-z]+)/g)].map(([, name = '']) => name)
    const known: Record<string, unknown> = { after: 0, id: 'mine-1' }
    const rows = db.prepare(query).all(Object.fromEntries(names.map((name) => [name, known[name]])))
    expect(rows.length).toBeGreaterThan(0)
  })

  test('every public column is described', () => {
    const { id: _, ...orderFields } = ORDER_FIELDS
    const meta = { log_id: 0, schema_version: 0, first_seq: 0, last_seq: 0 }
    const columns = Object.keys({ ...orderFields, ...EVENT_FIELDS, ...FILL_FIELDS, ...meta, as_of: 0 })
    expect(columns.filter((column) => !spans.includes(column))).toEqual([])
  })

  test('every type of event is described', () => {
    const types: Record<EventType, true> = {
      opened: true,
      partially_filled: true,
      amended: true,
      filled: true,
      cancelled: true,
      vanished: true,
      reappeared: true,
      corrected: true,
    }
    expect(Object.keys(types).filter((type) => !spans.includes(type))).toEqual([])
  })
})

describe('configurations', () => {
  const world = {
    env: {
      QFEX_PUBLIC_KEY: 'qfex_pub_1',
      QFEX_SECRET_KEY: 'qfex-secret',
      DERIVE_WALLET: WALLET,
      DERIVE_SESSION_KEY: SESSION_KEY,
      REVX_API_KEY: 'revx-key',
      VELA_API_KEY: 'vela-key',
    },
    files: {
      '/etc/ordersync/revx.pem': { text: ED25519_PEM },
      '/etc/ordersync/qfex.secret': { text: 'qfex-secret' },
    },
  }
  const configurations = blocksOf(README, 'yaml').map(({ text }) => text)

  test.each(configurations.map((yaml) => [yaml.match(/venue: .*/)?.[0], yaml] as const))('%s', (_name, yaml) => {
    expect(load(yaml, world).accounts).toHaveLength(1)
  })

  test('there is one for every venue', () => {
    const venues = configurations.flatMap((yaml) => load(yaml, world).accounts.map(({ venue }) => venue))
    expect(new Set(venues)).toEqual(new Set(['qfex', 'derive', 'revolut-x', 'dexpal']))
  })

  test('what is said to be the default is it', () => {
    const all = load(configurations.find((yaml) => yaml.includes('rateShare')) ?? '', world)
    const bare = load(configurations.find((yaml) => yaml.includes('secretKey: ')) ?? '', world)
    const general = ({ database, http, queue }: typeof all) => ({ database, http, queue })
    expect(general(all)).toEqual(general(bare))
    expect({ ...all.accounts[0], trackSince: null }).toEqual(bare.accounts[0])
  })
})

describe('command lines', () => {
  let terminal: Terminal
  beforeEach(() => {
    terminal = openTerminal()
  })
  afterEach(() => terminal[Symbol.dispose]())

  const lines = [
    ...blocksOf(README, 'sh').flatMap(({ text }) => text.split('\n')),
    ...spans.filter((span) => span.startsWith('ordersync ')),
  ]
    .map((line) => line.replace(/^npx /, '').replace('ordersync help ', 'ordersync '))
    .filter((line) => line !== '')

  /** `rows` of the table name options beside the command, in spans of their own. */
  const rows = README.split('\n')
    .filter((line) => line.startsWith('| `ordersync '))
    .map((line) => spansOf(line))

  const commandOf = (line: string) => line.split(' ')[1] ?? ''
  const optionsOf = (line: string) => line.split(' ').filter((word) => word.startsWith('--'))
  const helpOf = async (command: string) => (await terminal.run('help', command)).stdout

  test.each([...new Set(lines)])('%s', async (line) => {
    expect(line).toMatch(/^ordersync [a-z]+/)
    const help = await helpOf(commandOf(line))
    expect(help).toContain(`Usage: ordersync ${commandOf(line)}`)
    for (const option of optionsOf(line)) expect(help).toContain(`${option} `)
  })

  test.each(rows)('the options beside %s', async (command, ...others) => {
    const help = await helpOf(commandOf(command ?? ''))
    const options = others.flatMap((other) => (other.startsWith('--') ? [other.split(' ')[0] ?? ''] : []))
    for (const option of options) expect(help).toContain(`${option} `)
  })

  test('every command is described', async () => {
    const { stdout } = await terminal.run('--help')
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].map(([, command = '']) => command)
    expect(commands.length).toBeGreaterThan(10)
    const described = new Set(lines.map(commandOf))
    expect(commands.filter((command) => command !== 'help' && !described.has(command))).toEqual([])
  })
})

describe('routes', () => {
  test('every one is served, and so is every metric', async () => {
    const token = 'a-token-for-the-readme'
    await using rig = await startRig({ token })
    const headers = { authorization: `Bearer ${token}` }
    const routes = spans.flatMap((span) => {
      const [, method, path] = /^(GET|POST) (\/\S*)$/.exec(span) ?? []
      return method === undefined || path === undefined || path.startsWith('/api/') ? [] : [{ method, path }]
    })
    expect(routes.length).toBeGreaterThanOrEqual(6)
    for (const { method, path } of routes) {
      expect({ path, status: (await ask(rig.port, path, { method, headers })).status }).not.toEqual({
        path,
        status: 404,
      })
    }
    const { text } = await ask(rig.port, '/metrics', { headers })
    const metrics = spans.filter((span) => /^ordersync_\w+$/.test(span))
    expect(metrics.length).toBeGreaterThan(3)
    expect(metrics.filter((metric) => !text.includes(`# HELP ${metric} `))).toEqual([])
  })
})

describe('the program', () => {
  test('prints the open orders, then what comes, and can be stopped', async () => {
    const log = createExample()
    const [program] = blocksOf(README, 'ts')
    const library = pathToFileURL(resolve('src/index.ts')).href
    const file = join(log.dir, 'program.mts')
    writeFileSync(
      file,
      (program?.text ?? '').replace("'ordersync'", `'${library}'`).replaceAll('./data/orders.db', log.database),
    )
    const child = spawn(process.execPath, [
      '--import',
      pathToFileURL(resolve('node_modules/tsx/dist/esm/index.mjs')).href,
      file,
    ])
    try {
      const said = createTranscript(child)
      await said.until('BTC-USD buy 100 10')
      log.apply(aFrame([aSighting({ id: 'order-1', claim: ENDED('cancelled'), filled: '4' })]))
      await said.until('cancelled BTC-USD 4')
      // Said only if the event before could be acknowledged.
      log.apply(aFrame([aSighting({ id: 'order-9', stated: { symbol: 'ETH-USD' } })]))
      await said.until('opened ETH-USD 0')
    } finally {
      child.kill()
      log[Symbol.dispose]()
      rmSync(log.dir, { recursive: true, force: true })
    }
  })
})

function createTranscript(child: ReturnType<typeof spawn>) {
  let text = ''
  const looking = new Set<() => void>()
  const hear = (chunk: unknown) => {
    text += String(chunk)
    for (const look of [...looking]) look()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  return {
    until: (wanted: string) =>
      new Promise<void>((done, fail) => {
        const look = () => {
          if (text.includes(wanted)) done()
        }
        looking.add(look)
        child.once('exit', () => fail(new Error(`ended before it said ${wanted}: ${text}`)))
        look()
      }),
  }
}
