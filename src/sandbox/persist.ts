/** Owns the sandbox's truth on disk: what a killed run knew, the next run knows, and no id is ever given twice. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { type Decimal, decimal } from '../core/decimal.ts'
import { MAX_ORDERS } from './book.ts'
import type { Journal } from './journal.ts'
import type { TrueOrder } from './truth.ts'

const amount = z.string().transform((text): Decimal => decimal(text))
const us = z.int()
const state = z.object({
  atUs: us,
  change: z.enum([
    'opened',
    'filled',
    'amended',
    'progressed',
    'cancelled',
    'rejected',
    'triggered',
    'reversed',
    'late_fill',
  ]),
  status: z.enum(['open', 'filled', 'cancelled', 'rejected']),
  reason: z
    .enum([
      'user',
      'expired',
      'rejected',
      'replaced',
      'self_trade',
      'ioc_remainder',
      'margin',
      'venue',
      'completed_short',
      'mmp',
      'disconnect',
      'trigger_failed',
    ])
    .nullable(),
  refusal: z.string().nullable(),
  quantity: amount,
  price: amount.nullable(),
  triggerPrice: amount.nullable(),
  // What a run before these were kept has written is read too, here and below.
  triggered: z.boolean().default(false),
  filled: amount,
  floatRemaining: z.number(),
  tradeId: z.string().nullable(),
})
const trade = z.object({
  id: z.string(),
  atUs: us,
  quantity: amount,
  price: amount,
  fee: amount,
  maker: z.boolean(),
  reversed: z.boolean().default(false),
})
const order = z.object({
  venue: z.enum(['qfex', 'derive', 'revolut-x', 'dexpal']),
  account: z.string(),
  kind: z.enum(['order', 'algo', 'trigger']),
  id: z.string(),
  clientOrderId: z.string(),
  symbol: z.string(),
  side: z.enum(['buy', 'sell']),
  type: z.enum([
    'limit',
    'market',
    'stop_limit',
    'stop_market',
    'take_profit_limit',
    'take_profit_market',
    'trailing_stop',
    'twap',
    'iceberg',
    'oco',
    'other',
  ]),
  timeInForce: z.enum(['gtc', 'ioc', 'fok', 'gtt']),
  postOnly: z.boolean(),
  reduceOnly: z.boolean(),
  takeProfit: amount.nullable(),
  stopLoss: amount.nullable(),
  parentId: z.string().nullable(),
  childIds: z.array(z.string()),
  triggeredById: z.string().nullable(),
  replaces: z.string().nullable(),
  replacedBy: z.string().nullable(),
  twap: z.object({ slices: z.int(), intervalMs: z.int(), taken: z.int() }).nullable(),
  rests: z.boolean(),
  address: z.string().nullable().default(null),
  expiresUs: us.nullable().default(null),
  openedUs: us,
  endedUs: us.nullable(),
  states: z.array(state),
  trades: z.array(trade),
  shownOpen: z.boolean(),
})
const line = z.object({ idsUsed: z.int(), order })

/** Throws where a line cannot be read; only a last line that was cut off is no error. */
export function openJournal(path: string): Journal & Disposable {
  let file: number | null = null
  return {
    load() {
      const kept = existsSync(path) ? read(path) : { orders: [], idsUsed: 0 }
      mkdirSync(dirname(path), { recursive: true })
      rewrite(path, kept)
      file = openSync(path, 'a')
      return kept
    },
    keep(orders, idsUsed) {
      if (file === null) throw new TypeError('the journal is not loaded')
      writeSync(file, orders.map((each) => lineOf(each, idsUsed)).join(''))
    },
    [Symbol.dispose]() {
      if (file !== null) closeSync(file)
      file = null
    },
  }
}

const lineOf = (order: TrueOrder, idsUsed: number): string => `${JSON.stringify({ idsUsed, order })}\n`

function read(path: string): { orders: TrueOrder[]; idsUsed: number } {
  const ordersById = new Map<string, TrueOrder>()
  let idsUsed = 0
  const lines = readFileSync(path, 'utf8').split('\n')
  // What follows the last line break is empty, or a line that a killed process did not finish.
  lines.pop()
  for (const text of lines) {
    const parsed = line.parse(JSON.parse(text))
    ordersById.set(parsed.order.id, parsed.order)
    idsUsed = Math.max(idsUsed, parsed.idsUsed)
  }
  // In the order of their first lines, which is the order they were placed in.
  const orders = [...ordersById.values()]
  return { orders: orders.filter((each, at) => each.endedUs === null || at >= orders.length - MAX_ORDERS), idsUsed }
}

/** One line an order again, in one step: a kill leaves the old file or the new one. */
function rewrite(path: string, { orders, idsUsed }: { orders: readonly TrueOrder[]; idsUsed: number }): void {
  const draft = `${path}.new`
  const file = openSync(draft, 'w', 0o600)
  for (const each of orders) writeSync(file, lineOf(each, idsUsed))
  fsyncSync(file)
  closeSync(file)
  renameSync(draft, path)
}
