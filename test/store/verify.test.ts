import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { decimal } from '../../src/core/decimal.ts'
import { openReader } from '../../src/store/read.ts'
import { apply, aStore, tempDatabase } from './harness.ts'
import { opened, outcomeOf, step } from './lives.ts'

/** Two orders: `a` is filled in two steps (seq 1, 2, 4), `b` was cancelled and corrected (seq 3, 5, 6). */
function twoLives(): string {
  const path = tempDatabase()
  const store = aStore({ path })
  const a = opened({}, { id: 'a' })
  const part = step(a.order, 'partially_filled', { filledQuantity: decimal('3') })
  const b = opened({}, { id: 'b' })
  const end = step(b.order, 'cancelled', { status: 'cancelled', reason: 'user' })
  apply(store, outcomeOf(a, part, b))
  apply(store, outcomeOf(step(part.order, 'filled', { status: 'filled', filledQuantity: decimal('10') }), end))
  apply(store, outcomeOf(step(end.order, 'corrected', { filledQuantity: decimal('1') })))
  store[Symbol.dispose]()
  return path
}

/** What no program of ours can do: the triggers go first. */
function tamper(path: string, sql: string): void {
  const shell = new Database(path)
  const triggers = shell.prepare<[], { name: string }>(`select name from sqlite_master where type = 'trigger'`).all()
  for (const { name } of triggers) shell.exec(`drop trigger ${name}`)
  shell.exec(sql)
  shell.close()
}

function problemsOf(path: string): string[] {
  using reader = openReader(path)
  return reader.verify().problems.map(({ order, seq, problem }) => `${order ?? '-'} ${seq ?? '-'} ${problem}`)
}

test('a log as the daemon writes it has no problems', () => {
  using reader = openReader(twoLives())
  expect(reader.verify()).toEqual({ orders: 2, events: 6, problems: [] })
})

describe('what somebody changed is found', () => {
  const table: [tampering: string, problem: string][] = [
    [`update orders set price = '7' where venue_order_id = 'a'`, 'main/order/a - price is not what its events lead to'],
    [
      `update orders set status = 'open' where venue_order_id = 'a'`,
      'main/order/a - status is not what its events lead to',
    ],
    [
      `update orders set filled_quantity = '9' where venue_order_id = 'a'`,
      'main/order/a - filledQuantity is not what its events lead to',
    ],
    [
      `update orders set replaced_by = 'x' where venue_order_id = 'a'`,
      'main/order/a - replacedBy is not what its events lead to',
    ],
    [`update orders set version = 9 where venue_order_id = 'a'`, 'main/order/a - version 9 with 3 events'],
    [
      `update orders set last_seq = 2 where venue_order_id = 'a'`,
      'main/order/a - last_seq 2 where its newest event is 4',
    ],
    [
      `update orders set ended = 0 where venue_order_id = 'a'`,
      'main/order/a - its ended flag is not what its events lead to',
    ],
    [`delete from orders where venue_order_id = 'b'`, 'main/order/b 3 an event of an order that has no row'],
    [`delete from order_events where venue_order_id = 'b'`, 'main/order/b - a row without events'],
    [`delete from order_events where seq = 2`, 'main/order/b 3 a hole: seq 2 is missing'],
    [`delete from order_events where seq = 2`, 'main/order/a 4 version 3 where 2 was next'],
    [`delete from order_events where seq = 6`, '- - meta.last_seq is 6 where the log ends at 5'],
    [`delete from order_events where seq = 1`, 'main/order/a 2 its life begins with partially_filled, not opened'],
    [`update order_events set type = 'opened' where seq = 2`, 'main/order/a 2 opened twice'],
    [
      `update order_events set type = 'cancelled' where seq = 6`,
      'main/order/b 6 cancelled after its end, where only corrected may follow',
    ],
    [
      `update order_events set fill_quantity = '2' where seq = 2`,
      'main/order/a 2 filled 3 where the steps add up to 2',
    ],
    [
      `update order_events set fill_quantity = '3.0' where seq = 2`,
      'main/order/a 2 fill_quantity is not a canonical decimal',
    ],
    [
      `update order_events set filled_quantity = '2' where seq = 2`,
      'main/order/a 2 column filled_quantity is not what the event says',
    ],
    [`update order_events set price = null where seq = 2`, 'main/order/a 2 column price is not what the event says'],
    [
      `update order_events set event_id = 'main/order/a/7' where seq = 2`,
      'main/order/a 2 column event_id is not what the event says',
    ],
    [
      `update order_events set recorded_at = 1 where seq = 2`,
      'main/order/a 2 recorded_at is earlier than that of the event before',
    ],
    [`update order_events set data = '{' where seq = 2`, 'main/order/a 2 data is not JSON'],
    [
      `update order_events set data = json_set(data, '$.v', 2) where seq = 2`,
      'main/order/a 2 data.v: Invalid input: expected 1',
    ],
    [
      `update order_events set data = json_set(data, '$.price', 1e2) where seq = 2`,
      'main/order/a 2 data.price: Invalid input: expected string, received number',
    ],
    [
      `update order_events set data = json_set(data, '$.price', '1e2') where seq = 2`,
      'main/order/a 2 data.price: not a canonical decimal',
    ],
    [
      `update order_events set data = json_remove(data, '$.symbol') where seq = 2`,
      'main/order/a 2 data.symbol: Invalid input: expected string, received undefined',
    ],
    [`update order_events set seq = -1 where seq = 1`, '- -1 before meta.first_seq'],
    [`update meta set last_recorded_at = 1`, '- - meta.last_recorded_at is earlier than the newest event'],
    [`update accounts set open_orders = 1`, '- - account main counts other orders than it has'],
    [`update accounts set unknown = 1`, '- - account main counts other orders than it has'],
  ]
  test.each(table)('%s', (tampering, problem) => {
    const path = twoLives()
    tamper(path, tampering)
    expect(problemsOf(path)).toContain(problem)
  })
})

test('a long log is checked across its pages', () => {
  const path = tempDatabase()
  const store = aStore({ path })
  apply(store, outcomeOf(...Array.from({ length: 1_201 }, (_, n) => opened({}, { id: `${n}` }))))
  expect(store.read.verify()).toEqual({ orders: 1_201, events: 1_201, problems: [] })
  store[Symbol.dispose]()
  tamper(path, 'delete from order_events where seq = 1000')
  expect(problemsOf(path)).toEqual([
    'main/order/999 - a row without events',
    'main/order/1000 1001 a hole: seq 1000 is missing',
  ])
})
