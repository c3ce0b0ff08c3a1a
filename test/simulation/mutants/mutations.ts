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
    seeds: [1],
  },
  {
    name: 'events are committed before the rows they belong to',
    file: 'src/store/write.ts',
    find: '    for (const order of outcome.orders) {\n      const key',
    replace:
      "    for (const sql of ['release report', 'commit', 'begin immediate', 'savepoint report']) db.exec(sql)\n" +
      '    for (const order of outcome.orders) {\n      const key',
    seeds: [7],
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
    name: 'history is never swept',
    file: 'src/sync/account.ts',
    find: 'const sweeps = venue.history || (venue.hasHints ?? false)',
    replace: 'const sweeps = false',
    seeds: [2],
  },
]
