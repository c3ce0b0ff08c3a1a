/** Owns the rules that are taken away, one at a time: a simulation that does not notice is not watching them. */

/** One place of the code, and what it says where a rule is forgotten. */
export interface Mutation {
  name: string
  /** From the top of the project. */
  file: string
  /** Exact text that occurs once in the file. */
  find: string
  replace: string
  /** Seeds that showed it, the first to be tried. */
  seeds: readonly number[]
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'absence is a cancel',
    file: 'src/core/absence.ts',
    find: "  if (course.reads === 0) return { is: 'wait' }\n",
    replace: "  return course.reads === 0 ? { is: 'wait' } : { is: 'cancelled', reason: 'user' }\n",
    seeds: [2],
  },
  {
    name: 'older overwrites newer',
    file: 'src/core/apply.ts',
    find: 'clocksApart(journal.order, sighting) < 0',
    replace: 'false && clocksApart(journal.order, sighting) < 0',
    seeds: [10_088],
  },
  {
    name: 'a step of a fill is subtracted as a double',
    file: 'src/core/journal.ts',
    find: 'const filled = subtract(facts.filledQuantity, order.facts.filledQuantity)',
    replace:
      'const filled = String(Number(facts.filledQuantity) - Number(order.facts.filledQuantity)) as typeof facts.filledQuantity',
    seeds: [2],
  },
  {
    name: 'what QFEX left over is subtracted as it came',
    file: 'src/venues/qfex/map.ts',
    find: 'const filled = snap(subtract(quantity, snap(remaining, lot)), lot)',
    replace: 'const filled = subtract(quantity, remaining)',
    seeds: [10_015, 1],
  },
  {
    name: 'events are committed before the rows they belong to',
    file: 'src/store/write.ts',
    find: '    for (const order of outcome.orders) {\n      const key',
    replace:
      "    for (const sql of ['release report', 'commit', 'begin immediate', 'savepoint report']) db.exec(sql)\n" +
      '    for (const order of outcome.orders) {\n      const key',
    seeds: [10_015, 7],
  },
  {
    name: 'the end of the log is written after the commit',
    file: 'src/store/commit.ts',
    find:
      '      if (log.lastSeq !== meta.lastSeq) setEnd.run(log.lastSeq, recordedAt)\n' +
      "      fault('before_commit')\n      commit.run()\n      fault('after_commit')\n",
    replace:
      "      fault('before_commit')\n      commit.run()\n      fault('after_commit')\n" +
      '      if (log.lastSeq !== meta.lastSeq) setEnd.run(log.lastSeq, recordedAt)\n',
    seeds: [5],
  },
  {
    name: 'a mark of another session counts',
    file: 'src/core/mark.ts',
    find: "  if (mark.epoch !== context.epoch) return 'foreign'\n",
    replace: '',
    seeds: [10_004],
  },
  {
    name: 'a read overrides the frame that came after its request',
    file: 'src/core/mark.ts',
    find: "touch.counter > mark.counter || lagging ? 'touched' : 'fresh'",
    replace: "lagging && false ? 'touched' : 'fresh'",
    seeds: [10_023],
  },
  {
    name: 'history is never swept',
    file: 'src/sync/account.ts',
    find: 'const sweeps = venue.history || (venue.hasHints ?? false)',
    replace: 'const sweeps = false',
    seeds: [2],
  },
  {
    name: 'a read of some kinds or one symbol proves absence for the account',
    file: 'src/venues/qfex/snapshot.ts',
    find: "symbol === null ? { kinds, of: 'account' } : { kinds, of: 'symbol', symbol }",
    replace: "{ kinds: ['order', 'algo', 'trigger'], of: 'account' }",
    seeds: [10_044, 10_066],
  },
  {
    name: 'a flawed list of QFEX proves absence',
    file: 'src/venues/qfex/snapshot.ts',
    find: "  if (flaw !== undefined) return { proves: 'presence', because: flaw }\n",
    replace: "  if (flaw !== undefined) return { proves: 'absence' }\n",
    seeds: [10_015],
  },
  {
    name: 'a flawed list of Revolut X proves absence',
    file: 'src/venues/revolut-x/client.ts',
    find: "  if (illegible) return { proves: 'presence', because: 'a row without a legible id' }\n",
    replace: "  if (illegible) return { proves: 'absence' }\n",
    seeds: [10_023, 10_020],
  },
]
