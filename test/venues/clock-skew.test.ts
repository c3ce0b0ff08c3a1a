/** A clock that is hours off is cured by the venue's own, whatever word the venue has for a stale signature. */
import { expect, test } from 'vitest'
import { seededChance } from '../../src/sandbox/chance.ts'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { createRegistry, type VenueSettings } from '../../src/venues/registry.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { venueSettingsOf } from '../support/sandbox-accounts.ts'

const HOUR = 3_600_000

test.each([
  ['qfex', -24 * HOUR],
  ['qfex', 24 * HOUR],
  ['revolut-x', -24 * HOUR],
  ['revolut-x', HOUR],
] as const)('%s with our clock off by %i ms answers the first question', async (venue, offMs) => {
  const clock = createFakeClock()
  const sandbox = createSandbox({ clock, seed: 'skew' })
  const account = sandbox.accounts.find((candidate) => candidate.venue === venue)
  const settings: VenueSettings | null = account === undefined ? null : venueSettingsOf(account)
  if (settings === null) throw new Error(`no ${venue} in the sandbox`)
  clock.jumpWall(offMs)
  sandbox.skew(venue, -offMs)
  const openSession = () => () => Promise.reject(new Error('no second session'))
  const open = createRegistry({ clock, chance: seededChance('skew'), http: sandbox.http, openSession })
  const { account: opened } = open(settings)
  const now = sandbox.venueNow(venue)
  const context = { session: null, symbols: [], open: [], signal: new AbortController().signal }
  const read = opened.lookBack({ from: now - HOUR, to: now }, context)
  await clock.advance(5_000)
  expect((await read).complete).toBe(true)
})
