import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createHealth } from '../../src/sync/health.ts'
import { VenueError } from '../../src/venues/errors.ts'
import { aStore } from '../store/harness.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { later } from './world.ts'

function aHealth() {
  const store = aStore()
  let broken = false
  const failing = Object.create(store, {
    transact: {
      value: (work: Parameters<typeof store.transact>[0]) => {
        if (broken) throw new Error('the disk is gone')
        return store.transact(work)
      },
    },
  })
  const health = createHealth('main', failing, createFakeClock(), pino({ level: 'silent' }))
  const row = () => store.accounts()[0]
  const breakStore = (value: boolean) => {
    broken = value
  }
  return { health, row, breakStore }
}

test('a refused credential is told apart from a venue that is down', () => {
  const { health, row } = aHealth()
  health.failed('poll', new VenueError('refused', 'who are you'))
  expect(row()).toMatchObject({ state: 'refused', lastError: 'who are you' })
  health.failed('lookup', later())
  expect(row()).toMatchObject({ state: 'degraded', lastError: 'down' })
})
test('of a failure that is not the venue, only the name is shown', () => {
  const { health, row } = aHealth()
  health.failed('poll', new TypeError('secret inside'))
  expect(row()).toMatchObject({ state: 'degraded', lastError: 'what was read could not be recorded (TypeError)' })
})
test('only history cures the trouble of history', () => {
  const { health } = aHealth()
  health.failed('sweep', later('no history'))
  health.failed('poll', later('no list'))
  expect(health.afterLook()).toEqual({ state: 'degraded', lastError: 'no history' })
  health.swept()
  expect(health.afterLook()).toEqual({ state: 'ok', lastError: null })
})
test('a stream that nobody wants any more leaves the state alone', () => {
  const { health, row } = aHealth()
  health.record({ state: 'ok', streamState: 'live' })
  health.streamDown(null)
  expect(row()).toMatchObject({ state: 'ok', streamState: 'down', lastError: null })
  health.streamDown(later('closed'))
  expect(row()).toMatchObject({ state: 'degraded', lastError: 'closed' })
})
test('what was set aside waits for a store that takes it', () => {
  const { health, row, breakStore } = aHealth()
  health.setAside({ where: 'x', problem: 'y', sample: '' })
  health.rejected()
  breakStore(true)
  health.settle()
  expect(row()).toMatchObject({ quarantined: 0, rejections: 0 })
  breakStore(false)
  health.settle()
  health.settle()
  expect(row()).toMatchObject({ quarantined: 1, rejections: 1 })
})
