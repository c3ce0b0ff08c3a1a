import { describe, expect, it } from 'vitest'
import { aborted, beginLifetime, DRAIN_MS, drain } from '../../src/cli/lifetime.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { openTerminal } from './terminal.ts'

describe('a serving command', () => {
  it('ends at the first signal, and at once at the second', async () => {
    using terminal = openTerminal()
    using lifetime = beginLifetime(terminal.world, () => {})
    terminal.signal('SIGTERM')
    await aborted(lifetime.over)
    expect(terminal.exits).toEqual([])
    terminal.signal('SIGINT')
    expect(terminal.exits).toEqual([1])
  })

  it('takes a hangup for what it is, as often as it comes', () => {
    using terminal = openTerminal()
    let hangups = 0
    using lifetime = beginLifetime(terminal.world, () => {
      hangups += 1
    })
    terminal.signal('SIGHUP')
    terminal.signal('SIGHUP')
    expect(hangups).toBe(2)
    expect(lifetime.over.aborted).toBe(false)
  })

  it('leaves the signals alone once it is over', () => {
    using terminal = openTerminal()
    const lifetime = beginLifetime(terminal.world, () => {})
    lifetime[Symbol.dispose]()
    terminal.signal('SIGTERM')
    expect(lifetime.over.aborted).toBe(false)
  })

  it('waits for what closes in time, and leaves no timer', async () => {
    const clock = createFakeClock()
    using terminal = openTerminal({ clock })
    await drain(terminal.world, 'the daemon', { [Symbol.asyncDispose]: async () => {} })
    expect(clock.armed()).toBe(0)
  })

  it('gives up on what does not close, and says so', async () => {
    const clock = createFakeClock()
    using terminal = openTerminal({ clock })
    const stuck = { [Symbol.asyncDispose]: () => new Promise<void>(() => {}) }
    const draining = expect(drain(terminal.world, 'the daemon', stuck)).rejects.toThrow(
      'the daemon did not close within 10 s',
    )
    await clock.advance(DRAIN_MS)
    await draining
  })
})
