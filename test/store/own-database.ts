/** A process that owns a database until it is killed: `own-database.ts PATH`. */
import { openStore } from '../../src/store/commit.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { MAIN, opened, outcomeOf } from './lives.ts'

const path = process.argv[2] ?? ''
const store = openStore({
  path,
  clock: createFakeClock(),
  owner: { pid: process.pid, host: 'other' },
  newLogId: () => 'of-child',
})
store.transact((tx) => {
  tx.registerAccounts([MAIN], 1_000)
  tx.apply('main', 'qfex', outcomeOf(opened()))
})
console.log('owned')
setInterval(() => store.meta(), 1_000)
