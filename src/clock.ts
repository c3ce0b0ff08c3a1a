/** Owns the real clock and real chance. The composition root imports it, and nothing else does. */
import { randomInt, randomUUID } from 'node:crypto'
import type { Chance, Clock } from './core/clock.ts'

/** The longest a timer of Node runs. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const realClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, ms), LONGEST_TIMER_MS))
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

/** From the system's generator: nonces are made of it. */
export const realChance: Chance = () => randomInt(2 ** 48 - 1) / (2 ** 48 - 1)

export const newId = (): string => randomUUID()
