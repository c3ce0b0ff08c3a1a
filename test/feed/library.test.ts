import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CursorForeignError, follow, moveConsumer, openOrders } from '../../src/index.ts'
import { aFrame, aSighting, ENDED } from '../support/orders.ts'
import { createLogFile, type LogFile } from './log-file.ts'

let log: LogFile
beforeEach(() => {
  log = createLogFile()
})
afterEach(() => log[Symbol.dispose]())

describe('the library', () => {
  it('reads the open orders with a cursor to follow after', async () => {
    log.open(1_200)
    log.apply(aFrame([aSighting({ id: 'order-1', claim: ENDED('cancelled') })]))
    const { orders, cursor } = openOrders({ database: log.database })
    expect(orders).toHaveLength(1_199)
    expect(new Set(orders.map((order) => order.venue_order_id)).size).toBe(1_199)
    expect(orders[0]).toMatchObject({ account: 'main', quantity: '10', price: '100', as_of: null })
    expect(cursor).toBe('log-a:1201')
    expect(openOrders({ database: log.database, account: 'other' }).orders).toEqual([])
  })

  it('reads with the daemon stopped', () => {
    log.open(1)
    log.close()
    expect(openOrders({ database: log.database }).orders).toHaveLength(1)
  })

  it('goes on where the consumer acknowledged, not where it had read', async () => {
    log.open(5)
    const first = follow({ database: log.database, consumer: 'bot', live: false })
    for await (const event of first) {
      if (event.seq === 4) break
      first.ack(event)
    }
    expect(await collect({ consumer: 'bot' })).toEqual([4, 5])
  })

  it('may acknowledge after the loop was left', async () => {
    log.open(3)
    const feed = follow({ database: log.database, consumer: 'bot', live: false })
    for await (const event of feed) {
      if (event.seq < 2) continue
      feed.ack(event)
      break
    }
    feed.ack({ cursor: 'log-a:3' })
    expect(await collect({ consumer: 'bot' })).toEqual([])
  })

  it('begins where it is told, once: a consumer that has a position keeps it', async () => {
    log.open(3)
    expect(await collect({ consumer: 'bot', after: 'now' })).toEqual([])
    log.open(1)
    expect(await collect({ consumer: 'bot', after: 'now' })).toEqual([4])
  })

  it('refuses to go on in another log until the consumer is moved there', async () => {
    log.open(2)
    moveConsumer({ database: log.database, consumer: 'bot', cursor: 'log-z:7' })
    await expect(collect({ consumer: 'bot' })).rejects.toThrow(CursorForeignError)
    moveConsumer({ database: log.database, consumer: 'bot', cursor: 'log-a:1' })
    expect(await collect({ consumer: 'bot' })).toEqual([2])
  })

  it('gives the columns in their own names, with the facts as data', async () => {
    log.open(1)
    for await (const event of follow({ database: log.database, live: false })) {
      expect(event).toMatchObject({
        seq: 1,
        event_id: 'main/order/order-1/1',
        type: 'opened',
        filled_quantity: '0',
        cursor: 'log-a:1',
        data: { v: 1, status: 'open' },
      })
    }
  })

  async function collect(options: { consumer?: string; after?: string }): Promise<number[]> {
    const seqs: number[] = []
    for await (const event of follow({ database: log.database, live: false, ...options })) seqs.push(event.seq)
    return seqs
  }
})
