import { describe, expect, test } from 'vitest'
import { VenueError } from '../../src/venues/errors.ts'
import { settle } from '../support/fake-clock.ts'
import { aFill, aSighting, ENDED } from '../support/orders.ts'
import { aRead, aWorld, later, never, SETTINGS, someHistory, WALL, type World } from './world.ts'

const listing =
  (...ids: string[]) =>
  async () => [aRead(ids.map((id) => aSighting({ id })))]

/** Ticks as the queue would, for a while. */
async function tickFor(world: World, ms: number, everyMs = SETTINGS.pollEveryMs): Promise<void> {
  for (let passed = 0; passed < ms; passed += everyMs) {
    await world.clock.advance(everyMs)
    void world.sync.tick()
    await settle()
  }
}

describe('a look', () => {
  test('opens what is listed, and the account is well', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    await world.sync.tick()
    expect([world.told(), world.state().state, world.polled]).toEqual([['opened a'], 'ok', ['ok']])
  })
  test('is one at a time, however many ask', async () => {
    const world = aWorld()
    let underWay = 0
    let most = 0
    world.script.snapshot = async () => {
      most = Math.max(most, ++underWay)
      await settle()
      underWay -= 1
      return [aRead([])]
    }
    await Promise.all(Array.from({ length: 10 }, () => world.sync.tick()))
    expect([most, world.asked.snapshots]).toEqual([1, 1])
  })
  test('that fails proves nothing, and is tried again without waiting for a tick', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.snapshot = async () => Promise.reject(later())
    await world.clock.advance(10_000)
    await world.sync.tick()
    expect([world.status('a'), world.state()]).toMatchObject(['open', { state: 'degraded', lastError: 'down' }])
    world.script.snapshot = listing('a', 'b')
    await world.clock.advance(60_000)
    expect([world.told(), world.state().state]).toEqual([['opened a', 'opened b'], 'ok'])
  })
  test('a venue that is down is not hammered', async () => {
    const world = aWorld()
    world.script.snapshot = async () => Promise.reject(later())
    await world.sync.tick()
    await tickFor(world, 600_000)
    expect(world.asked.snapshots).toBeLessThan(40)
    expect(world.asked.snapshots).toBeGreaterThan(8)
  })
  test('that a venue never answers is cut off, and what it brings afterwards is not believed', async () => {
    const world = aWorld()
    let answer = (_: ReturnType<typeof aRead>[]) => {}
    world.script.snapshot = () => new Promise((resolve) => (answer = resolve))
    void world.sync.tick()
    await world.clock.advance(120_000)
    expect(world.state().lastError).toBe('the poll took too long')
    world.script.snapshot = listing('b')
    await world.clock.advance(30_000)
    answer([aRead([aSighting({ id: 'late' })])])
    await settle()
    expect(world.told()).toEqual(['opened b'])
  })
  test('a report that would break the log is left out, said aloud, and not counted as read', async () => {
    const world = aWorld()
    world.script.lookBack = async () => someHistory({ fills: [aFill('1', { tradeId: 't9', kind: 'algo' })] })
    await world.sync.tick()
    const before = world.state().historyThrough
    world.script.lookBack = async () => someHistory({ fills: [aFill('2', { tradeId: 't9' })] })
    await world.clock.advance(SETTINGS.historyEveryMs)
    await world.sync.tick()
    expect(world.state().historyThrough).toBe(before)
    expect(world.store.read.quarantined('main')[0]?.problem).toMatch('another kind')
  })
})

describe('a refused credential', () => {
  const refused = async () => Promise.reject(new VenueError('refused', 'who are you'))
  test('rests through every tick and every doubt, and is tried again after 5 to 15 minutes', async () => {
    const world = aWorld()
    world.script.snapshot = refused
    await world.sync.tick()
    const before = world.asked.snapshots + world.asked.windows.length
    await tickFor(world, 290_000)
    world.sync.hear(0, 1, [{ is: 'doubt', account: 'main', why: 'a test', ref: null }])
    await tickFor(world, 10_000)
    expect(world.asked.snapshots + world.asked.windows.length).toBe(before)
    expect(world.state().state).toBe('refused')
    await tickFor(world, 600_000)
    expect(world.asked.snapshots).toBeGreaterThan(1)
  })
  test('is tried at once when the configuration was read again', async () => {
    const world = aWorld()
    world.script.snapshot = refused
    await world.sync.tick()
    world.script.snapshot = listing('a')
    world.sync.forgive()
    await world.clock.advance(1_000)
    expect([world.told(), world.state()]).toMatchObject([['opened a'], { state: 'ok', lastError: null }])
  })
})

test('a wait that the venue asked for outlasts a reload and a new session', async () => {
  const world = aWorld()
  world.script.snapshot = async () =>
    Promise.reject(new VenueError('limited', 'too many', { retry: { afterMs: 90_000 } }))
  await world.sync.tick()
  world.live(1)
  world.sync.up(1)
  world.sync.forgive()
  await tickFor(world, 80_000)
  expect(world.asked.snapshots).toBe(1)
  await tickFor(world, 20_000)
  expect(world.asked.snapshots).toBeGreaterThan(1)
})

describe('an account is well only when all of it is', () => {
  test('a look does not cure a history that cannot be read', async () => {
    const world = aWorld()
    world.script.lookBack = async () => Promise.reject(later('no history'))
    await world.sync.tick()
    await tickFor(world, 30_000)
    expect(world.state()).toMatchObject({ state: 'degraded', lastError: 'no history' })
    world.script.lookBack = async () => someHistory()
    await tickFor(world, 120_000)
    expect(world.state()).toMatchObject({ state: 'ok', lastError: null })
  })
  test('a dead history does not slow the looks', async () => {
    const world = aWorld()
    world.script.lookBack = async () => Promise.reject(later('no history'))
    await world.sync.tick()
    await tickFor(world, 300_000)
    expect(world.asked.snapshots).toBeGreaterThanOrEqual(30)
  })
  test('a session that ended is told until the next good look', async () => {
    const world = aWorld()
    await world.sync.tick()
    world.sync.down(later('closed'))
    expect(world.state()).toMatchObject({ state: 'degraded', lastError: 'closed' })
    await tickFor(world, 10_000)
    expect(world.state()).toMatchObject({ state: 'ok', lastError: null })
  })
  test('where a store takes nothing, nothing is lost: the same work comes again', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    world.breakStore(true)
    await world.sync.tick()
    await tickFor(world, 20_000)
    world.breakStore(false)
    await tickFor(world, 60_000)
    expect([world.told(), world.state().state]).toEqual([['opened a'], 'ok'])
  })
})

describe('a session that comes up', () => {
  test('has everything read again that happened in between, history too', async () => {
    const world = aWorld()
    await world.sync.tick()
    const [looks, sweeps] = [world.asked.snapshots, world.asked.windows.length]
    await world.clock.advance(2_000)
    world.live(1)
    world.sync.up(1)
    await world.clock.advance(1_000)
    expect([world.asked.snapshots - looks, world.asked.windows.length - sweeps]).toEqual([1, 1])
  })
  test('while a list is under way lets that list add orders, and neither override nor miss one', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.snapshot = async () => {
      world.live(1)
      world.sync.up(1)
      world.script.snapshot = never
      return [aRead([aSighting({ id: 'b' })])]
    }
    await world.clock.advance(10_000)
    void world.sync.tick()
    await settle()
    expect(world.told()).toEqual(['opened a', 'opened b'])
    expect(world.store.accounts()[0]?.missing).toBe(0)
  })
  test('a failed sweep after it is tried again soon, not at the next round', async () => {
    const world = aWorld()
    await world.sync.tick()
    world.live(1)
    world.script.lookBack = async () => Promise.reject(later())
    world.sync.up(1)
    await world.clock.advance(2_000)
    const sweeps = world.asked.windows.length
    world.script.lookBack = async () =>
      someHistory({ sightings: [aSighting({ id: 'x', claim: ENDED('filled', WALL + 1), filled: '10' })] })
    await world.clock.advance(60_000)
    expect(world.asked.windows.length).toBeGreaterThan(sweeps)
    expect(world.told()).toEqual(['opened x', 'filled x'])
  })
})

describe('a venue that is looked at through its session', () => {
  test('is not looked at without one, and nothing spins while a look is wanted', async () => {
    const world = aWorld({ venue: { looksThroughSession: true } })
    await world.sync.tick()
    world.sync.hear(0, 1, [{ is: 'doubt', account: 'main', why: 'a test', ref: null }])
    await tickFor(world, 60_000)
    expect([world.asked.snapshots, world.asked.windows.length]).toEqual([0, 1])
    world.live(1)
    world.sync.up(1)
    await world.clock.advance(1_000)
    expect(world.asked.snapshots).toBe(1)
  })
})

test('a history that would break the log is no reason to say the account is well', async () => {
  const world = aWorld()
  world.script.lookBack = async () => someHistory({ fills: [aFill('1', { tradeId: 't9', kind: 'algo' })] })
  await world.sync.tick()
  world.script.lookBack = async () => someHistory({ fills: [aFill('2', { tradeId: 't9' })] })
  await tickFor(world, SETTINGS.historyEveryMs + 30_000)
  expect(world.state()).toMatchObject({ state: 'degraded', lastError: expect.stringContaining('SavepointError') })
})

test('an empty read that proves nothing is not the first of two', async () => {
  const world = aWorld()
  const many = Array.from({ length: 12 }, (_, n) => `o${n}`)
  world.script.snapshot = listing(...many)
  await world.sync.tick()
  world.script.snapshot = async () => [aRead([], { coverage: { proves: 'presence', because: 'torn' } })]
  await tickFor(world, 10_000)
  world.script.snapshot = listing()
  await tickFor(world, 10_000)
  expect(world.store.accounts()[0]?.missing).toBe(0)
  await world.clock.advance(2_000)
  expect(world.store.accounts()[0]?.missing).toBe(12)
})

describe('the course of a missing order, over time', () => {
  test('history that shows its end ends it', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.snapshot = listing()
    world.script.lookBack = async () =>
      someHistory({ sightings: [aSighting({ claim: ENDED('filled'), filled: '10' })] })
    await tickFor(world, 20_000)
    expect(world.told()).toEqual(['opened a', 'filled a'])
  })
  test('unproven, it vanishes after the reads and the grace, and is asked about on', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.snapshot = listing()
    await tickFor(world, 30_000)
    expect(world.told()).toEqual(['opened a'])
    await tickFor(world, 30_000)
    expect(world.told()).toEqual(['opened a', 'vanished a'])
    const answer = aSighting({ claim: ENDED('cancelled'), filled: '0' })
    world.script.lookup = async () => ({ is: 'found', sighting: answer, fills: [] })
    await tickFor(world, 900_000)
    expect(world.told()).toEqual(['opened a', 'vanished a', 'cancelled a'])
  })
  test('lookups that fail for ever do not keep it open for ever', async () => {
    const world = aWorld({ settings: { giveUpAfterMs: 120_000 } })
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.snapshot = listing()
    world.script.lookup = async () => Promise.reject(new VenueError('broken', 'gibberish'))
    await tickFor(world, 110_000)
    expect(world.status('a')).toBe('open')
    await tickFor(world, 40_000)
    expect(world.status('a')).toBe('unknown')
  })
  test('in a long absence history is read at its own pace, not at every look', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.snapshot = listing()
    world.script.lookup = async () => Promise.reject(new VenueError('broken', 'gibberish'))
    await tickFor(world, 3_600_000)
    expect(world.asked.snapshots).toBeGreaterThan(350)
    expect(world.asked.windows.length).toBeLessThan(30)
  })
  test('a list that shows for ever what history knows as ended is asked about more and more rarely', async () => {
    const world = aWorld()
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.lookBack = async () =>
      someHistory({ sightings: [aSighting({ claim: ENDED('cancelled'), filled: '0' })] })
    world.script.lookup = async () => ({ is: 'found', sighting: aSighting(), fills: [] })
    await tickFor(world, 3_600_000)
    expect(world.told()).toEqual(['opened a', 'cancelled a'])
    expect(world.asked.lookups.length).toBeGreaterThan(3)
    expect(world.asked.lookups.length).toBeLessThan(30)
  })
  test('what vanished before a restart is asked about after it, even if the store fails at first', async () => {
    const before = aWorld()
    before.script.snapshot = listing('a')
    await before.sync.tick()
    before.script.snapshot = listing()
    await tickFor(before, 60_000)
    expect(before.status('a')).toBe('unknown')
    await before.sync[Symbol.asyncDispose]()
    const world = aWorld({ after: before })
    world.breakStore(true)
    await world.sync.tick()
    expect(world.asked.lookups).toEqual([])
    world.breakStore(false)
    await tickFor(world, 60_000)
    expect(world.asked.lookups).toContain('a')
  })
  test('what vanished is asked about no more once it is given up', async () => {
    const world = aWorld({ settings: { giveUpAfterMs: 120_000 } })
    world.script.snapshot = listing('a')
    await world.sync.tick()
    world.script.snapshot = listing()
    await tickFor(world, 300_000)
    const asked = world.asked.lookups.length
    await tickFor(world, 1_800_000)
    expect([world.status('a'), world.asked.lookups.length]).toEqual(['unknown', asked])
  })
  test('an order that was missing when the process died is not missing once it is listed', async () => {
    const before = aWorld()
    before.script.snapshot = listing('a')
    await before.sync.tick()
    before.script.snapshot = listing()
    await tickFor(before, 10_000)
    expect(before.store.accounts()[0]?.missing).toBe(1)
    const world = aWorld({ after: before })
    world.script.snapshot = listing('a')
    await world.sync.tick()
    expect([world.store.accounts()[0]?.missing, world.told()]).toEqual([0, ['opened a']])
  })
})

describe('the end of an account', () => {
  test('comes at once, whatever is under way, and leaves nothing armed', async () => {
    for (const stuck of ['snapshot', 'lookBack', 'lookup'] as const) {
      const world = aWorld()
      world.script.snapshot = listing('a')
      await world.sync.tick()
      world.script.snapshot = listing()
      if (stuck === 'snapshot') world.script.snapshot = never
      if (stuck === 'lookBack') world.script.lookBack = never
      if (stuck === 'lookup') world.script.lookup = never
      await world.clock.advance(10_000)
      void world.sync.tick()
      await settle()
      await world.sync[Symbol.asyncDispose]()
      expect(world.clock.armed()).toBe(0)
      await world.sync.tick()
      expect(world.clock.armed()).toBe(0)
    }
  })
  test('writes down the frames that still waited for their fills', async () => {
    const world = aWorld()
    world.live(1)
    world.sync.up(1)
    world.frame(aSighting({ filled: '1' }), 't1')
    await world.sync[Symbol.asyncDispose]()
    expect(world.told()).toEqual(['opened a', 'partially_filled a'])
  })
})
