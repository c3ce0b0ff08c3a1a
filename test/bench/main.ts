/** Runs the benchmarks and prints them as a table, or as JSON with `--json`: `npm run bench`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseRaces } from './database.ts'
import { decodeRace } from './decode.ts'
import { formatResults, race } from './measure.ts'
import { reconcileRace } from './reconcile.ts'

const dir = mkdtempSync(join(tmpdir(), 'ordersync-bench-'))
try {
  using database = databaseRaces(dir)
  const results = [decodeRace(), reconcileRace(), ...database.races].map(race)
  const machine = { node: process.version, cores: cpus().length, load: loadavg()[0] }
  console.log(process.argv.includes('--json') ? JSON.stringify({ machine, results }) : formatResults(results))
} finally {
  rmSync(dir, { recursive: true, force: true })
}
