/** Owns a process with a queue in it, for tests that kill or interrupt one: `daemon.ts auto|embedded|URL DATA_DIR`. */
import { pino } from 'pino'
import { realClock } from '../../src/clock.ts'
import type { EngineSpec } from '../../src/queue/engines/engine.ts'
import { startQueue } from '../../src/queue/poll-queue.ts'

const [engine = '', dataDir = ''] = process.argv.slice(2)
const WORD_AFTER_POLLS = 2
let polls = 0

const queue = await startQueue({
  engine: specOf(engine),
  dataDir,
  prefix: 'test',
  accounts: [{ id: 'a', venue: 'qfex', everyMs: 500 }],
  async run() {
    if (++polls % WORD_AFTER_POLLS === 0) process.stdout.write(`polled ${polls}\n`)
  },
  lastPollAt: () => null,
  clock: realClock,
  log: pino({ level: 'silent' }),
})

function specOf(word: string): EngineSpec {
  if (word === 'embedded') return { engine: word }
  return word === 'auto' ? { engine: word, searchPath: process.env.PATH ?? '' } : { engine: 'redis', url: word }
}

process.on('SIGINT', () => process.stdout.write('interrupted\n'))
process.stdin.once('data', async () => {
  await queue[Symbol.asyncDispose]()
  process.stdin.destroy()
})
