/** Every promise against the sandbox's truth, over many seeds. `npm run simulate -- --seed N` runs one again. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'

const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 1_000)
const RUNNERS = Math.max(1, Math.min(4, availableParallelism()))

/** In a process of its own: the seeds of one share nothing with the seeds of another. */
function run(seeds: string): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/simulation/main.ts', '--seeds', seeds])
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, said }))
  })
}

describe.concurrent('the whole worker against the sandbox, with everything going wrong', () => {
  const share = Math.ceil(SEEDS / RUNNERS)
  const parts = Array.from(
    { length: RUNNERS },
    (_, part) => [part * share + 1, Math.min(SEEDS, (part + 1) * share)] as const,
  )
  test.for(parts)('every promise holds over the seeds %i to %i', { timeout: 20 * 60_000 }, async ([from, to]) => {
    const { code, said } = await run(`${from}-${to}`)
    expect(said).toMatch(/, 0 failed,/)
    expect(code).toBe(0)
  })
})
