/** Writes orders until the disk is full, then says how it failed and how far it came: `fill-disk.ts PATH`. */
import { openStore } from '../../src/store/commit.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { MAIN, opened, outcomeOf } from './lives.ts'

const path = process.argv[2] ?? ''
const owner = { pid: process.pid, host: 'here' }
const store = openStore({ path, clock: createFakeClock(), owner, newLogId: () => 'log' })
store.transact((tx) => tx.registerAccounts([MAIN], 1_000))
let lastSeq = 0
try {
  for (let n = 0; n < 100_000; n += 10) {
    const batch = Array.from({ length: 10 }, (_, i) => opened({}, { id: `order-${n + i}` }))
    const events = store.transact((tx) => tx.apply('main', 'qfex', outcomeOf(...batch)))
    lastSeq = events.at(-1)?.seq ?? lastSeq
  }
} catch (error) {
  console.log(error instanceof Error ? error.name : String(error))
}
console.log(lastSeq)
