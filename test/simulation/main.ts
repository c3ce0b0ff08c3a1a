/** Runs seeds of the simulation: `npm run simulate -- --seeds 1-300`, or one of them again with `--seed 17`. */
import { parseArgs } from 'node:util'
import { simulate } from './run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1-20' },
    verbose: { type: 'boolean', default: false },
  },
})
const [from = 1, to = from] = (values.seed ?? values.seeds).split('-').map(Number)
const began = Date.now()
let failed = 0
let orders = 0
let events = 0
for (let seed = from; seed <= to; seed++) {
  const run = await simulate(seed).catch((error: unknown) => ({ seed, error }))
  if ('error' in run) {
    failed += 1
    console.log(`seed ${seed}: ${run.error instanceof Error ? run.error.stack : run.error}`)
    continue
  }
  orders += run.orders
  events += run.events
  const broken = [...run.wrong.map((text) => `wrong: ${text}`), ...run.late.map((text) => `late: ${text}`)]
  if (values.verbose) console.log(JSON.stringify(run))
  if (broken.length === 0) continue
  failed += 1
  console.log(`seed ${seed}: ${broken.length} broken promises; again with: npm run simulate -- --seed ${seed}`)
  for (const text of broken.slice(0, 12)) console.log(`  ${text}`)
}
const seconds = (Date.now() - began) / 1_000
console.log(`${to - from + 1} seeds, ${orders} orders, ${events} events, ${failed} failed, ${seconds.toFixed(1)} s`)
process.exitCode = failed === 0 ? 0 : 1
