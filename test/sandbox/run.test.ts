import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import WebSocket from 'ws'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Clock } from '../../src/core/clock.ts'
import { createAutopilot } from '../../src/sandbox/autopilot.ts'
import { demoScript } from '../../src/sandbox/demo-script.ts'
import { openJournal } from '../../src/sandbox/persist.ts'
import { runSandbox, SandboxError, type SandboxReady } from '../../src/sandbox/run.ts'
import { runScript } from '../../src/sandbox/script.ts'
import { stateOf } from '../../src/sandbox/truth.ts'
import { createWorld, row } from './harness.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sandbox-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const clock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

/** Runs the sandbox for as long as `work` takes. */
async function whileServing(work: (ready: SandboxReady) => Promise<void>, options: { seed?: string } = {}) {
  const stop = new AbortController()
  let working: Promise<void> = Promise.resolve()
  await runSandbox({
    directory,
    seed: options.seed ?? 'run',
    clock,
    signal: stop.signal,
    ratePerSecond: 0,
    onReady(ready) {
      working = work(ready).finally(() => stop.abort())
    },
  })
  await working
}

const post = (url: string, body: object) => fetch(url, { method: 'POST', body: JSON.stringify(body) })
const truth = async (control: string) => z.array(row).parse(await (await fetch(`${control}/truth`)).json())
const LIMIT = { symbol: 'AAPL-USD', side: 'buy', type: 'limit', quantity: '1', price: '230' } as const
const PLACE = { do: 'place', account: 'qfex-main', spec: LIMIT }

test('what is kept is there again, to the digit, and no id is given twice', () => {
  const path = join(directory, 'truth.jsonl')
  const ids = new Set<string>()
  for (let run = 1; run <= 3; run++) {
    using journal = openJournal(path)
    const { sandbox } = createWorld('kept', journal)
    const autopilot = createAutopilot(sandbox)
    const before = sandbox.market.orders().length
    expect(before > 0).toBe(run > 1)
    for (let step = 0; step < 150; step++) autopilot.step()
    const fresh = sandbox.market.orders().slice(before)
    for (const { id } of fresh) {
      expect(ids.has(id)).toBe(false)
      ids.add(id)
    }
    using again = openJournal(path)
    expect(again.load().orders).toEqual(sandbox.market.orders())
  }
})

test('a last line that a kill cut off is dropped, any other damage is an error', () => {
  const path = join(directory, 'truth.jsonl')
  const write = () => {
    using journal = openJournal(path)
    const { sandbox } = createWorld('cut', journal)
    for (let n = 0; n < 3; n++) sandbox.market.place('qfex-main', LIMIT)
  }
  write()
  truncateSync(path, statSync(path).size - 20)
  {
    using journal = openJournal(path)
    expect(journal.load().orders).toHaveLength(2)
  }
  truncateSync(path, 0)
  {
    using journal = openJournal(path)
    expect(journal.load()).toEqual({ orders: [], idsUsed: 0 })
  }
})

test('the servers answer on real ports, with a configuration and keys for their owner alone', async () => {
  await whileServing(async ({ config, control, venues }) => {
    const settings = z.object({ accounts: z.array(row) }).parse(parse(readFileSync(config, 'utf8')))
    expect(settings.accounts.map(({ id }) => id)).toEqual([
      ...['qfex-main', 'revx', 'revx-seed', 'derive-main', 'derive-alt', 'derive-v2', 'vela'],
    ])
    expect(settings.accounts[0]).toMatchObject({ wsUrl: venues.qfex.ws, secretKeyFile: './qfex-main.secret' })
    expect(statSync(join(directory, 'qfex-main.secret')).mode & 0o777).toBe(0o600)
    expect((await fetch(`${venues.qfex.rest}/refdata`)).status).toBe(200)
    expect((await fetch(`${venues['revolut-x'].rest}/api/1.0/orders/active`)).status).toBe(401)
    expect((await fetch(`${venues.dexpal.rest}/dexpal/v1/users/orders`)).status).toBe(401)
    const time = await fetch(`${venues.derive.rest}/v3/public/get_time`, { method: 'POST', body: '{}' })
    expect(await time.json()).toMatchObject({ result: expect.any(Number) })
    const [, , , derive, , v2, vela] = settings.accounts
    expect(derive).toMatchObject({ restUrl: `${venues.derive.rest}/v3`, wsUrl: `${venues.derive.ws}/v3/ws` })
    expect(v2).toMatchObject({ restUrl: venues.derive.rest, protocol: 'v2' })
    expect(vela).toMatchObject({ apiKeyFile: './vela.key', restUrl: venues.dexpal.rest })
    const refused = await post(`${control}/script`, [{ do: 'fly' }])
    expect(refused.status).toBe(400)
    expect((await fetch(`${control}/nowhere`)).status).toBe(404)
  })
})

test('what only an operator sets can be set, and a path without a socket has none', async () => {
  await whileServing(async ({ control, venues }) => {
    const tier = await post(`${control}/knobs`, { deriveRequests: 500 })
    expect(await tier.json()).toMatchObject({ deriveRequests: 500, deriveSockets: 4 })
    expect((await post(`${control}/gate`, { account: 'vela', address: 1, as: 'unknown' })).status).toBe(200)
    expect((await post(`${control}/gate`, { account: 'vela', address: 9, as: 'unknown' })).status).toBe(400)
    expect((await post(`${control}/gate`, { account: 'nobody', address: 0, as: 'unknown' })).status).toBe(400)
    const socket = new WebSocket(`${venues.derive.ws}/v2/ws`)
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve))
    expect(error.message).toContain('404')
  })
})

test('a frame arrives over a real socket', async () => {
  await whileServing(async ({ control, venues }) => {
    const socket = new WebSocket(`${venues.qfex.ws}?api_key=x`)
    const heard = new Promise<string>((resolve, reject) => {
      socket.on('message', (data) => resolve(data.toString()))
      socket.on('error', reject)
      socket.on('open', () => socket.send('{"type":"get_user_orders","params":{}}'))
    })
    expect(JSON.parse(await heard)).toMatchObject({
      err: { error_code: 'PermissionDenied', message: 'not authenticated' },
    })
    await post(`${control}/faults`, { kind: 'dead', venue: 'qfex', forMs: 1_000 })
    await new Promise((resolve) => socket.once('close', resolve))
    expect(z.array(row).parse(await (await fetch(`${control}/violations`)).json())).toEqual([])
  })
})

test('a run goes on where the one before ended: orders, seed and ports', async () => {
  let first: SandboxReady | null = null
  await whileServing(async (ready) => {
    first = ready
    expect((await post(`${ready.control}/script`, [PLACE])).status).toBe(202)
    while ((await truth(ready.control)).length === 0) await new Promise(setImmediate)
  })
  await whileServing(
    async (ready) => {
      expect(ready).toEqual(first)
      expect(await truth(ready.control)).toMatchObject([{ account: 'qfex-main', symbol: 'AAPL-USD', endedUs: null }])
    },
    { seed: 'another' },
  )
})

test('a port that is taken is an error that says what to do', async () => {
  await whileServing(async () => {
    await expect(whileServing(async () => undefined)).rejects.toThrow(SandboxError)
  })
})

test('every step of the demo can be taken, and it tells every kind of event', async () => {
  const world = createWorld('demo')
  const run = runScript(world.sandbox, demoScript())
  await world.clock.advance(30_000)
  expect(await run.finished).toEqual([])
  const orders = world.sandbox.market.orders()
  const changes = new Set(orders.flatMap(({ states }) => states.map(({ change }) => change)))
  expect(changes).toEqual(
    new Set([...['opened', 'filled', 'amended', 'progressed', 'cancelled', 'late_fill', 'triggered', 'reversed']]),
  )
  expect(orders.map((order) => stateOf(order).reason)).toContain('replaced')
  expect(world.clock.armed()).toBe(0)
})

/** Through the last step that touches an order. */
const TOLD_MS = 23_000

/** What became of each order of the demo, in the order they were made, while the autopilot trades beside it or not. */
async function tellDemo(seed: string, movesPerSecond: number) {
  const { clock, sandbox } = createWorld(seed)
  const { market } = sandbox
  using autopilot = createAutopilot(sandbox, { ratePerSecond: movesPerSecond || 1 })
  for (let moves = 0; moves < 6; moves++) autopilot.step()
  if (movesPerSecond > 0) autopilot.start()
  const run = runScript(sandbox, demoScript())
  await clock.advance(TOLD_MS - 1)
  const ids = [...market.reserved]
  await clock.advance(1)
  const lives = ids.map((id) => market.order(id)?.states.map(({ change, filled }) => `${change} ${filled}`))
  return { failures: await run.finished, lives, made: market.orders().length, reserved: market.reserved.size }
}

test('the autopilot trades beside the demo and leaves its orders alone until it is told', async () => {
  const alone = await tellDemo('alone', 0)
  expect(alone).toMatchObject({ failures: [], reserved: 0 })
  expect(alone.lives.length).toBeGreaterThan(20)
  for (let seed = 1; seed <= 100; seed++) {
    const beside = await tellDemo(`${seed}`, 5)
    expect({ seed, ...beside }).toMatchObject({ seed, failures: [], lives: alone.lives, reserved: 0 })
    expect(beside.made).toBeGreaterThan(alone.made + 10)
  }
})

test('a script that is broken off lets its orders go', async () => {
  const { clock, sandbox } = createWorld('broken off')
  const run = runScript(sandbox, demoScript())
  await clock.advance(1_000)
  expect(sandbox.market.reserved.size).toBeGreaterThan(2)
  run[Symbol.dispose]()
  expect(sandbox.market.reserved.size).toBe(0)
})

test('a step that cannot be taken is told and the rest goes on', async () => {
  const world = createWorld('script')
  const [place, ...rest] = demoScript().filter((step) =>
    'order' in step ? step.order === 'parts' : 'as' in step && step.as === 'parts',
  )
  if (place === undefined) throw new Error('the demo no longer has this order')
  const run = runScript(world.sandbox, [place, { do: 'fill_rest', afterMs: 500, order: 'nobody' }, ...rest])
  await world.clock.advance(10_000)
  expect(await run.finished).toEqual(['fill_rest: no order nobody'])
  expect(stateOf(world.sandbox.market.orders()[0] ?? Object()).status).toBe('filled')
})
