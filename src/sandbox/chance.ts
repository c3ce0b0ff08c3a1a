/** Owns the sandbox's chance: everything that happens by luck happens again from the same seed. */
import type { Chance } from '../core/clock.ts'

/** The draws that the sandbox makes. `next` is uniform in [0, 1). */
export interface Dice {
  next: Chance
  /** An integer from `from` to `to`, both included. */
  integer(from: number, to: number): number
  happens(probability: number): boolean
  /** Throws a RangeError where there is nothing to pick from. */
  pick<T>(items: readonly T[]): T
  /** A key of `weights`, each as likely as its share of their sum. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K
}

/** A generator (sfc32) that gives the same numbers for the same text. */
export function seededChance(seed: string): Chance {
  let [a, b, c, d] = hashOf(seed)
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 0x1_0000_0000
  }
  // The first numbers still show the seed.
  for (let round = 0; round < 12; round++) next()
  return next
}

export function createDice(next: Chance): Dice {
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    integer,
    happens: (probability) => next() < probability,
    pick(items) {
      const item = items[integer(0, items.length - 1)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    weighted(weights) {
      const entries = typedEntries(weights)
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        left -= weight
        if (left < 0) return key
      }
      throw new RangeError('all weights are zero')
    },
  }
}

/** The n-th uuid of a seed: as long as n is never reused, no id is. */
export function uuidOf(seed: string, n: number): string {
  const hex = hexOf(`${seed}#${n}`, 32)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** `length` hexadecimal digits that belong to this text alone. */
export function hexOf(text: string, length: number): string {
  const chance = seededChance(text)
  let hex = ''
  while (hex.length < length) hex += Math.floor(chance() * 16).toString(16)
  return hex
}

// cyrb128: four words that differ everywhere when one character of the text does.
function hashOf(text: string): [number, number, number, number] {
  let [a, b, c, d] = [1_779_033_703, 3_144_134_277, 1_013_904_242, 2_773_480_762]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    a = b ^ Math.imul(a ^ unit, 597_399_067)
    b = c ^ Math.imul(b ^ unit, 2_869_860_233)
    c = d ^ Math.imul(c ^ unit, 951_274_213)
    d = a ^ Math.imul(d ^ unit, 2_716_044_179)
  }
  a = Math.imul(c ^ (a >>> 18), 597_399_067)
  b = Math.imul(d ^ (b >>> 22), 2_869_860_233)
  c = Math.imul(a ^ (c >>> 17), 951_274_213)
  d = Math.imul(b ^ (d >>> 19), 2_716_044_179)
  return [a ^ b ^ c ^ d, b ^ a, c ^ a, d ^ a]
}

function typedEntries<K extends string>(weights: Readonly<Record<K, number>>): [K, number][] {
  const entries: [K, number][] = []
  for (const key in weights) entries.push([key, weights[key]])
  return entries
}
