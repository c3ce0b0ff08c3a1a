/** Every (stored state × reported state × source), with the reason for what it does. The types demand every cell. */
import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import type { Order } from '../../src/core/order.ts'
import { reconcile } from '../../src/core/reconcile.ts'
import type { Claim, Report } from '../../src/core/report.ts'
import { aContext, anOrder, aSighting, bySource, ENDED, storing, T0, tell } from '../support/orders.ts'

type Source = Report['source']
type Cell = readonly [expected: string, because: string]
type Row = Record<Source, Cell>

const ended = (status: 'filled' | 'cancelled', evidence: Order['facts']['evidence']) => {
  const filledQuantity = decimal(status === 'filled' ? '10' : '0')
  const reason = status === 'filled' ? null : evidence === 'inferred' ? 'expired' : 'user'
  return anOrder({ status, reason, evidence, filledQuantity, closedAt: T0 })
}

const STATES = {
  none: null,
  open: anOrder(),
  unknown: anOrder({ status: 'unknown', reason: 'unproven', evidence: 'inferred' }),
  filledOnStream: ended('filled', 'stream'),
  filledByHistory: ended('filled', 'history'),
  cancelledInferred: ended('cancelled', 'inferred'),
  cancelledOnStream: ended('cancelled', 'stream'),
  cancelledByLookup: ended('cancelled', 'lookup'),
  cancelledByHistory: ended('cancelled', 'history'),
} satisfies Record<string, Order | null>

const CLAIMS = {
  open: { is: 'open' },
  filled: ENDED('filled'),
  cancelled: ENDED('cancelled'),
  rejected: { is: 'rejected', at: T0 },
  unrecognised: { is: 'unrecognised' },
} satisfies Record<string, Claim>

const all = (cell: Cell): Row => ({ snapshot: cell, stream: cell, lookup: cell, history: cell })
const same: Cell = ['-', 'the same fact again']
const stronger: Cell = ['-', 'stronger evidence has it otherwise']
const conflict: Cell = ['- ?lookup', 'two endings of the same weight: the lookup decides']
const strayWord: Cell = ['- ?snapshot', 'a word we do not know: a list has to say what it means']
const relisted: Cell = ['- ?lookup', 'ended on better evidence than a listing: the lookup decides']

const TABLE: Record<keyof typeof STATES, Record<keyof typeof CLAIMS, Row>> = {
  none: {
    open: {
      snapshot: ['opened', 'an open list opens'],
      stream: ['opened', 'an accepted frame opens'],
      lookup: ['-', 'nobody asked about an order that nobody knows'],
      history: ['- ?snapshot', 'history names it alive: the list opens it'],
    },
    filled: {
      snapshot: ['opened, filled +10', 'a terminal word in a list proves the ending'],
      stream: ['opened, filled +10', 'a market order whose first frame is its last'],
      lookup: ['-', 'nobody asked about an order that nobody knows'],
      history: ['opened/history, filled +10', 'lived and died between two looks'],
    },
    cancelled: {
      snapshot: ['opened, cancelled/user', 'a terminal word in a list proves the ending'],
      stream: ['opened, cancelled/user', 'it ended now, so it was open'],
      lookup: ['-', 'nobody asked about an order that nobody knows'],
      history: ['opened/history, cancelled/user', 'lived and died between two looks'],
    },
    rejected: all(['-', 'refused by the venue: it never opened']),
    unrecognised: {
      snapshot: ['opened', 'whatever the word, an open list lists what is open'],
      stream: strayWord,
      lookup: ['-', 'nobody asked about an order that nobody knows'],
      history: strayWord,
    },
  },
  open: {
    open: all(['-', 'as it was']),
    filled: all(['filled +10', 'the ending']),
    cancelled: all(['cancelled/user', 'the ending']),
    rejected: all(['cancelled/rejected', 'it was listed as open before']),
    unrecognised: {
      snapshot: ['-', 'an open list lists what is open'],
      stream: strayWord,
      lookup: strayWord,
      history: strayWord,
    },
  },
  unknown: {
    open: all(['reappeared', 'it is there after all']),
    filled: all(['filled +10', 'later proof still gives the ending']),
    cancelled: all(['cancelled/user', 'later proof still gives the ending']),
    rejected: all(['cancelled/rejected', 'later proof still gives the ending']),
    unrecognised: {
      snapshot: ['reappeared', 'an open list lists what is open'],
      stream: strayWord,
      lookup: strayWord,
      history: strayWord,
    },
  },
  filledOnStream: {
    open: {
      snapshot: relisted,
      stream: relisted,
      lookup: ['corrected', 'the lookup is stronger than the stream'],
      history: relisted,
    },
    filled: all(same),
    cancelled: {
      snapshot: conflict,
      stream: conflict,
      lookup: ['corrected/user -10', 'the lookup is stronger than the stream'],
      history: ['corrected/user -10', 'history is stronger than the stream'],
    },
    rejected: {
      snapshot: conflict,
      stream: conflict,
      lookup: ['corrected/rejected -10', 'the lookup is stronger than the stream'],
      history: ['corrected/rejected -10', 'history is stronger than the stream'],
    },
    unrecognised: { snapshot: relisted, stream: strayWord, lookup: strayWord, history: strayWord },
  },
  filledByHistory: {
    open: { snapshot: relisted, stream: relisted, lookup: ['-', 'history has the last word'], history: relisted },
    filled: all(same),
    cancelled: { snapshot: stronger, stream: stronger, lookup: stronger, history: conflict },
    rejected: { snapshot: stronger, stream: stronger, lookup: stronger, history: conflict },
    unrecognised: { snapshot: relisted, stream: strayWord, lookup: strayWord, history: strayWord },
  },
  cancelledInferred: {
    open: all(['corrected', 'an inferred ending yields to any sight of the order']),
    filled: all(['corrected +10', 'any proof is stronger than an inference']),
    cancelled: all(['corrected/user', 'any proof is stronger than an inference']),
    rejected: all(['corrected/rejected', 'any proof is stronger than an inference']),
    unrecognised: {
      snapshot: ['corrected', 'an inferred ending yields to any sight of the order'],
      stream: strayWord,
      lookup: strayWord,
      history: strayWord,
    },
  },
  cancelledOnStream: {
    open: {
      snapshot: relisted,
      stream: relisted,
      lookup: ['corrected', 'the lookup is stronger than the stream'],
      history: relisted,
    },
    filled: {
      snapshot: conflict,
      stream: conflict,
      lookup: ['corrected +10', 'the lookup is stronger than the stream'],
      history: ['corrected +10', 'history is stronger than the stream'],
    },
    cancelled: all(same),
    rejected: {
      snapshot: conflict,
      stream: conflict,
      lookup: ['corrected/rejected', 'the lookup is stronger than the stream'],
      history: ['corrected/rejected', 'history is stronger than the stream'],
    },
    unrecognised: { snapshot: relisted, stream: strayWord, lookup: strayWord, history: strayWord },
  },
  cancelledByLookup: {
    open: {
      snapshot: relisted,
      stream: relisted,
      lookup: ['-', 'an ending is not taken back by the same word'],
      history: relisted,
    },
    filled: {
      snapshot: stronger,
      stream: stronger,
      lookup: conflict,
      history: ['corrected +10', 'history is stronger than the lookup'],
    },
    cancelled: all(same),
    rejected: {
      snapshot: stronger,
      stream: stronger,
      lookup: conflict,
      history: ['corrected/rejected', 'history is stronger than the lookup'],
    },
    unrecognised: { snapshot: relisted, stream: strayWord, lookup: strayWord, history: strayWord },
  },
  cancelledByHistory: {
    open: { snapshot: relisted, stream: relisted, lookup: ['-', 'history has the last word'], history: relisted },
    filled: { snapshot: stronger, stream: stronger, lookup: stronger, history: conflict },
    cancelled: all(same),
    rejected: { snapshot: stronger, stream: stronger, lookup: stronger, history: conflict },
    unrecognised: { snapshot: relisted, stream: strayWord, lookup: strayWord, history: strayWord },
  },
}

const keys = <K extends string>(record: Record<K, unknown>): K[] => {
  const names: string[] = Object.keys(record)
  return names.filter((name): name is K => name in record)
}

describe('stored state × reported state × source', () => {
  for (const state of keys(TABLE)) {
    for (const claim of keys(TABLE[state])) {
      for (const source of keys(TABLE[state][claim])) {
        const [expected, because] = TABLE[state][claim][source]
        test(`${state} × ${claim} × ${source}: ${expected}, for ${because}`, () => {
          const stored: Order | null = STATES[state]
          const filled = claim === 'filled' ? '10' : '0'
          const report = bySource(source, aSighting({ claim: CLAIMS[claim], filled }))
          expect(tell(reconcile(storing(stored === null ? [] : [stored]), report, aContext()))).toBe(expected)
        })
      }
    }
  }
})
