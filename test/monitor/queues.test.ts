import { createHash } from 'node:crypto'
import { Queue } from 'bullmq'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Health } from '../../src/monitor/health.ts'
import { DEPTH_TIMEOUT_MS } from '../../src/monitor/queue-depth.ts'
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { ask, type Reply, type Rig, startRig, WELL } from './harness.ts'

describe.skipIf(!hasRedis)('queues on a real engine', () => {
  let redis: TestRedis
  let queue: Queue
  let rig: Rig
  let health: Health

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())
  beforeEach(async () => {
    health = WELL
    queue = new Queue('poll-qfex', { connection: redis.client(), prefix: 'log-1' })
    queue.on('error', () => {})
    await queue.obliterate({ force: true })
    await queue.add('poll', { account: 'qfex-main' })
    await queue.upsertJobScheduler('qfex-main', { every: 60_000 })
    rig = await startRig({ queues: () => [queue], health: () => health, limits: { handlerTimeoutMs: 1_000 } })
  })
  afterEach(async () => {
    redis.thaw()
    await rig[Symbol.asyncDispose]()
    await queue.close()
  })

  const get = (path: string) => ask(rig.port, path)

  test('the page renders with nothing from elsewhere and nothing inline', async () => {
    for (const path of ['/queues', '/queues/', '/queues/queue/poll-qfex']) {
      const { status, headers, text } = await get(path)
      expect([path, status, headers['content-type']]).toEqual([path, 200, 'text/html; charset=utf-8'])
      expect(text).toContain('<base href="/queues/" />')
      expect(text).not.toMatch(/https?:\/\//)
      expect(text).not.toContain('<style')
      expect(text).not.toContain(' style=')
      // A data block is no script; every real one is a file of ours.
      for (const [, attributes] of text.matchAll(/<script([^>]*)>/g)) {
        expect(attributes).toMatch(/ src="static\/js\/| type="application\/json"/)
      }
    }
  })

  test('the one style sheet its script inserts is let in by its hash', async () => {
    const { text, headers } = await get('/queues')
    const [, main = ''] = /src="(static\/js\/main\.[^"]+)"/.exec(text) ?? []
    const [, inserted = ''] =
      /children:[`"']((?:\\n|\s)*\.rds-b1 [^`"']*)[`"']/.exec((await get(`/queues/${main}`)).text) ?? []
    const sheet = inserted.replaceAll('\\n', '\n')
    const hash = createHash('sha256').update(sheet).digest('base64')
    expect(headers['content-security-policy']).toContain(`style-src 'self' 'sha256-${hash}'`)
  })

  test('everything the page names is there', async () => {
    const { text } = await get('/queues')
    const files = [...text.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file)
    expect(files.length).toBeGreaterThan(4)
    for (const file of files) expect([file, (await get(`/queues/${file}`)).status]).toEqual([file, 200])
  })

  test('shows the queue, its jobs and its schedule, all read-only', async () => {
    const { queues } = JSON.parse((await get('/queues/api/queues?activeQueue=poll-qfex&status=waiting')).text)
    expect(queues).toHaveLength(1)
    expect(queues[0]).toMatchObject({ name: 'poll-qfex', readOnlyMode: true, allowRetries: false })
    expect(queues[0].counts).toMatchObject({ waiting: 2 })
    const schedulers = JSON.parse((await get('/queues/api/job-schedulers')).text)
    expect(JSON.stringify(schedulers)).toContain('qfex-main')
  })

  test('nothing can be written', async () => {
    const refused: Reply[] = []
    for (const path of ['poll-qfex/pause', 'pause', 'poll-qfex/obliterate', 'poll-qfex/add', 'poll-qfex/empty']) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        refused.push(await ask(rig.port, `/queues/api/queues/${path}`, { method }))
      }
    }
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([405]))
    expect(await queue.isPaused()).toBe(false)
    expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 2 })
  })

  test('a queue that is replaced or gone is shown as it is now', async () => {
    let queues = [queue]
    const other = await startRig({ queues: () => queues })
    const names = async (): Promise<string[]> =>
      JSON.parse((await ask(other.port, '/queues/api/queues')).text).queues.map(({ name }: { name: string }) => name)
    expect(await names()).toEqual(['poll-qfex'])
    queues = []
    expect(await names()).toEqual([])
    await other[Symbol.asyncDispose]()
  })

  test('an engine that is known to be down is not asked', async () => {
    health = { ...WELL, engine: { name: 'redis', reachable: false } }
    redis.freeze()
    const reply = await get('/queues/api/queues')
    expect([reply.status, reply.text]).toEqual([503, '{"error":"the queue engine cannot be reached"}'])
    expect((await get('/queues')).status).toBe(200)
  })

  test('an engine that hangs is answered for', async () => {
    redis.freeze()
    expect((await get('/queues/api/queues')).status).toBe(500)
    expect(rig.logged.filter((line) => line.includes('queue monitor failed'))).toHaveLength(1)
  })

  test('depths are metrics', async () => {
    const { text } = await get('/metrics')
    expect(text).toContain('ordersync_queue_reachable{queue="poll-qfex"} 1\n')
    expect(text).toContain('ordersync_queue_jobs{queue="poll-qfex",state="waiting"} 2\n')
  })

  test('a scrape outlives an engine that hangs, and asks it only once', async () => {
    redis.freeze()
    const scrape = get('/metrics')
    await expect.poll(() => rig.clock.armed()).toBe(1)
    await rig.clock.advance(DEPTH_TIMEOUT_MS)
    expect((await scrape).text).toContain('ordersync_queue_reachable{queue="poll-qfex"} 0\n')
    // The first question is still out, so the second scrape does not wait for anything.
    const { text } = await get('/metrics')
    expect(text).toContain('ordersync_queue_reachable{queue="poll-qfex"} 0\n')
    expect(text).not.toContain('ordersync_queue_jobs{')
    redis.thaw()
    await expect
      .poll(async () => (await get('/metrics')).text)
      .toContain('ordersync_queue_reachable{queue="poll-qfex"} 1\n')
  })
})
