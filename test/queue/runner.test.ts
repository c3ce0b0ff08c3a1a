import { describe, expect, test } from 'vitest'
import { createRunner } from '../../src/queue/runner.ts'
import { createFakeClock, settle } from '../support/fake-clock.ts'
import { recordLog } from './harness.ts'

type Run = (account: string, signal: AbortSignal) => Promise<void>

function runner(run: Run) {
  const clock = createFakeClock()
  const { log, messages } = recordLog()
  return { clock, messages, ...createRunner({ run, clock, log }) }
}

const stubborn: Run = () => new Promise(() => {})
const obedient: Run = (_account, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('a runner', () => {
  test('runs an account once at a time, and others beside it', async () => {
    const ends: (() => void)[] = []
    const { run } = runner(() => new Promise((resolve) => ends.push(resolve)))
    const first = run('a')
    expect(await run('a')).toBe('skipped')
    const other = run('b')
    for (const end of ends) end()
    expect(await Promise.all([first, other])).toEqual(['polled', 'polled'])
    expect(ends).toHaveLength(2)
  })

  test('logs why a run failed and rejects with nothing of it', async () => {
    const { run, messages } = runner(() => Promise.reject(new Error('canary-4711')))
    await expect(run('a')).rejects.toThrow(/^the poll failed; the log says why$/)
    expect(messages.join('')).toContain('canary-4711')
    await expect(run('a')).rejects.toThrow('the poll failed')
  })

  test('aborts a run that takes too long, and gives its place away if it does not stop', async () => {
    let calls = 0
    const { run, clock } = runner((account, signal) => {
      calls++
      return stubborn(account, signal)
    })
    const stuck = expect(run('a')).rejects.toThrow('the poll failed')
    await clock.advance(120_000)
    expect(await run('a')).toBe('skipped')
    await clock.advance(1_000)
    await stuck
    void run('a').catch(() => {})
    expect(calls).toBe(2)
  })

  test('passes on the signal of its job', async () => {
    const { run } = runner(obedient)
    const job = new AbortController()
    const running = expect(run('a', job.signal)).rejects.toThrow('the poll failed')
    job.abort(new Error('lost its lock'))
    await running
  })

  test('stops within a second, however stubborn a run is, and admits nothing more', async () => {
    const { run, stop, clock, messages } = runner((account, signal) =>
      account === 'stuck' ? stubborn(account, signal) : obedient(account, signal),
    )
    const runs = [run('stuck'), run('fine')]
    let stopped = false
    const stopping = stop().then(() => {
      stopped = true
    })
    await settle()
    expect(stopped).toBe(false)
    await clock.advance(1_000)
    await stopping
    expect(await Promise.all(runs)).toEqual(['skipped', 'skipped'])
    expect(await run('fine')).toBe('skipped')
    expect(clock.armed()).toBe(0)
    expect(messages).toEqual([])
  })
})
