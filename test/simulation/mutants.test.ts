/** Does the simulation notice when a rule is taken away? It runs on copies of the project that each forget one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AMBUSHES } from './ambush.ts'
import { type Bench, type Copy, type Failure, openBench } from './mutants/bench.ts'
import { MUTATIONS, type Mutation } from './mutants/mutations.ts'

/** Where the seeds that showed a mutant show it no more, these are tried. */
const SEARCHED_SEEDS = [
  [1, 30],
  [AMBUSHES + 1, AMBUSHES + 60],
] as const
const SEARCH_MS = 10 * 60_000

describe.concurrent('the simulation notices when', () => {
  let bench: Bench
  let original: Copy
  const originalBySeed = new Map<number, Promise<Failure | null>>()

  beforeAll(async () => {
    bench = await openBench()
    original = await bench.copy(null)
  })
  afterAll(() => bench[Symbol.asyncDispose]())

  const withAllRules = (seed: number): Promise<Failure | null> => {
    const known = originalBySeed.get(seed) ?? original.firstFailing(seed, seed)
    originalBySeed.set(seed, known)
    return known
  }

  const named = MUTATIONS.map((mutation) => [mutation.name, mutation] as const)
  test.for(named)('%s', { timeout: SEARCH_MS }, async ([, mutation]) => {
    const failure = await notice(await bench.copy(mutation), mutation)
    expect(failure, `no seed shows it`).not.toBeNull()
    if (failure === null) return
    if (failure.seed !== mutation.seeds[0]) console.warn(`${mutation.name}: seed ${failure.seed} shows it first`)
    // A seed that fails anyway shows nothing.
    expect(await withAllRules(failure.seed)).toBeNull()
  })

  test('the text that a mutation replaces is gone, which is told', async () => {
    const rotten: Mutation = { name: 'rotten', file: 'src/clock.ts', find: 'is nowhere', replace: '', seeds: [] }
    await expect(bench.copy(rotten)).rejects.toThrow('“rotten” has rotted: its text is in src/clock.ts 0 times')
  })
})

async function notice(mutant: Copy, { seeds }: Mutation): Promise<Failure | null> {
  for (const seed of seeds) {
    const failure = await mutant.firstFailing(seed, seed)
    if (failure !== null) return failure
  }
  for (const [from, to] of SEARCHED_SEEDS) {
    const failure = await mutant.firstFailing(from, to)
    if (failure !== null) return failure
  }
  return null
}
