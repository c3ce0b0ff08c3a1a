/** Owns a process with a queue in it, for tests that kill or interrupt one: `daemon.ts ENGINE DATA_DIR`. */
import { pino } from 'pino'
import { realClock } from '../../src/clock.ts'
import { startQueue } from '../../src/queue/poll-queue.ts'

const [engine, dataDir = ''] = process.argv.slice(2)
const WORD_AFTER_POLLS = 2
let polls = 0

const queue = await startQueue({
  engine: engine === 'embedded' ? { engine } : { engine: 'auto', searchPath: process.env.PATH ?? '' },
  dataDir,
  prefix: 'test',
  accounts: [{ id: 'a', venue: 'qfex', everyMs: 500 }],
  async run() {
    if (++polls === WORD_AFTER_POLLS) process.stdout.write('polling\n')
  },
  lastPollAt: () => null,
  clock: realClock,
  log: pino({ level: 'silent' }),
})

process.on('SIGINT', () => process.stdout.write('interrupted\n'))
process.stdin.once('data', async () => {
  await queue[Symbol.asyncDispose]()
  process.stdin.destroy()
})
