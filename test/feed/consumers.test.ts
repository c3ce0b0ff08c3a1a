import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openConsumers } from '../../src/feed/consumers.ts'
import { CursorFormatError } from '../../src/feed/cursor.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ordersync-consumers-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('named cursors', () => {
  it('are there again for the next process', () => {
    const database = join(dir, 'orders.db')
    {
      using consumers = openConsumers(database)
      expect(consumers.load('bot')).toBeNull()
      consumers.ack('bot', 'log-a:5')
    }
    using again = openConsumers(database)
    expect(again.load('bot')).toBe('log-a:5')
    expect(again.list()).toEqual([{ name: 'bot', cursor: 'log-a:5' }])
  })

  it('move forward only, and only within their log', () => {
    using consumers = openConsumers(join(dir, 'orders.db'))
    consumers.ack('bot', 'log-a:5')
    consumers.ack('bot', 'log-a:3')
    consumers.ack('bot', 'log-b:9')
    expect(consumers.load('bot')).toBe('log-a:5')
    consumers.reset('bot', 'log-b:2')
    expect(consumers.load('bot')).toBe('log-b:2')
  })

  it('hold back a prune at the slowest of their own log', () => {
    using consumers = openConsumers(join(dir, 'orders.db'))
    expect(consumers.lowest({ logId: 'log-a' })).toBeNull()
    consumers.ack('fast', 'log-a:50')
    consumers.ack('slow', 'log-a:7')
    consumers.ack('old', 'log-b:1')
    expect(consumers.lowest({ logId: 'log-a' })).toBe(7)
  })

  it('of two processes do not get in each other’s way', () => {
    using one = openConsumers(join(dir, 'orders.db'))
    using two = openConsumers(join(dir, 'orders.db'))
    one.ack('a', 'log-a:1')
    two.ack('b', 'log-a:2')
    two.ack('a', 'log-a:3')
    expect(one.load('a')).toBe('log-a:3')
  })

  it('refuse a name or a cursor that is none', () => {
    using consumers = openConsumers(join(dir, 'orders.db'))
    expect(() => consumers.ack('', 'log-a:1')).toThrow(RangeError)
    expect(() => consumers.ack('a'.repeat(65), 'log-a:1')).toThrow(RangeError)
    expect(() => consumers.ack('bot', 'nonsense')).toThrow(CursorFormatError)
  })
})
