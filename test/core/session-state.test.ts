import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SessionInput, type SessionState, step, TRANSITIONS } from '../../src/core/session-state.ts'

const states = ['idle', 'connecting', 'establishing', 'live', 'waiting', 'stopped'] as const
const inputs = [
  'start',
  'opened',
  'established',
  'message',
  'silence',
  'request_timed_out',
  'stuck',
  'failed',
  'overflowed',
  'refused',
  'closed',
  'retry_due',
  'stayed_healthy',
  'stop',
] as const
const endings: SessionInput[] = ['silence', 'request_timed_out', 'failed', 'overflowed', 'closed']
const effectsOf = (state: SessionState, input: SessionInput) => step(state, input).effects

describe('the table of a session', () => {
  it('has a cell for every input in every state and no other', () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual([...states].sort())
    for (const state of states) {
      expect(Object.keys(TRANSITIONS[state]).sort()).toEqual([...inputs].sort())
      for (const input of inputs) expect(states).toContain(step(state, input).state)
    }
  })

  it.each(endings)('a live session that meets %s ends its socket, says so, and comes back', (input) => {
    expect(step('live', input)).toEqual({ state: 'waiting', effects: ['terminate', 'announce_down', 'retry_soon'] })
  })

  it.each(['connecting', 'establishing', 'live'] as const)('a refusal while %s is tried again slowly', (state) => {
    expect(effectsOf(state, 'refused')).toEqual(['terminate', 'announce_down', 'retry_slowly'])
  })

  it('a frame before the session is up is held, one after it delivered, one without a session dropped', () => {
    expect(effectsOf('establishing', 'message')).toEqual(['hold'])
    expect(effectsOf('live', 'message')).toEqual(['deliver'])
    expect(effectsOf('waiting', 'message')).toEqual([])
  })

  it('a stopped session does nothing and stays stopped', () => {
    for (const input of inputs) expect(step('stopped', input)).toEqual({ state: 'stopped', effects: [] })
  })

  it('on any walk: one socket at a time, up only once it is established, down for every up, and always a way back', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...inputs), { maxLength: 200 }), (walk) => {
        let state: SessionState = 'idle'
        let sockets = 0
        let isUp = false
        let isRetryArmed = false
        for (const input of walk) {
          const next = step(state, input)
          state = next.state
          for (const effect of next.effects) {
            if (effect === 'connect') expect(++sockets).toBe(1)
            if (effect === 'terminate') expect(--sockets).toBe(0)
            if (effect === 'deliver') expect(isUp).toBe(true)
            if (effect === 'announce_up') {
              expect(isUp).toBe(false)
              isUp = true
            }
            if (effect === 'announce_down') isUp = false
            if (effect === 'retry_soon' || effect === 'retry_slowly') {
              expect(isRetryArmed).toBe(false)
              isRetryArmed = true
            }
            if (effect === 'cancel_retry') isRetryArmed = false
          }
          expect(isUp).toBe(state === 'live')
          expect(isRetryArmed).toBe(state === 'waiting')
          expect(sockets).toBe(['connecting', 'establishing', 'live'].includes(state) ? 1 : 0)
        }
      }),
      { numRuns: 500 },
    )
  })
})
