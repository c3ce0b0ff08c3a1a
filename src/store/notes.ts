/** Owns what is kept for a person to look at: decisions about orders, and what did not parse. Both bounded. */
import type { OrderRef } from '../core/order.ts'
import type { Note } from '../core/outcome.ts'
import type { Quarantined } from '../core/quarantine.ts'
import type { Connection } from './open.ts'

/** Decisions kept of one order; the oldest go first. */
export const MAX_NOTES_AN_ORDER = 50
/** Decisions kept, of one account, about orders that have no row; the oldest go first. */
export const MAX_STRANGER_NOTES = 1_000
/** Items kept of one account; the one not seen for longest goes first. */
export const MAX_QUARANTINED = 500
/** Items taken of one read: the first of a poisoned list tell enough. */
export const MAX_QUARANTINED_AT_ONCE = 100

/** Writes decisions. One that repeats the newest of its order is not written again, so that an unchanged poll is free. */
export function createNoteWriter(db: Connection): (account: string, at: number, notes: readonly Note[]) => void {
  type Key = [string, OrderRef['kind'], string]
  const newest = db.prepare<Key, Pick<Note, 'source' | 'effect' | 'why' | 'said'>>(`
    select source, effect, why, said from observations
    where account = ? and kind = ? and venue_order_id = ? order by id desc limit 1`)
  const isStored = db.prepare<Key>('select 1 from orders where account = ? and kind = ? and venue_order_id = ?')
  const insert = db.prepare<[...Key, number, string, string, string, string, number]>(`
    insert into observations (account, kind, venue_order_id, at, source, effect, why, said, stored)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const trim = db.prepare<[...Key, ...Key]>(`
    delete from observations where account = ? and kind = ? and venue_order_id = ? and id <= (
      select id from observations where account = ? and kind = ? and venue_order_id = ?
      order by id desc limit 1 offset ${MAX_NOTES_AN_ORDER})`)
  const trimStrangers = db.prepare<[string, string]>(`
    delete from observations where account = ? and stored = 0 and id <= (
      select id from observations where account = ? and stored = 0 order by id desc limit 1 offset ${MAX_STRANGER_NOTES})`)
  return (account, at, notes) => {
    for (const { kind, venueOrderId, source, effect, why, said } of notes) {
      const key: Key = [account, kind, venueOrderId]
      const last = newest.get(...key)
      if (last?.source === source && last.effect === effect && last.why === why && last.said === said) continue
      const stored = isStored.get(...key) !== undefined
      insert.run(...key, at, source, effect, why, said, stored ? 1 : 0)
      if (stored) trim.run(...key, ...key)
      else trimStrangers.run(account, account)
    }
  }
}

/** Keeps what did not parse and counts it in `accounts.quarantined`: each distinct item once, however often it is sent. */
export function createQuarantine(db: Connection): (account: string, at: number, items: readonly Quarantined[]) => void {
  const again = db.prepare<[number, string, string, string, string]>(`
    update quarantine set times = times + 1, last_at = max(last_at, ?)
    where account = ? and place = ? and problem = ? and sample = ?`)
  const insert = db.prepare<[string, string, string, string, number, number]>(`
    insert into quarantine (account, place, problem, sample, first_at, last_at, times) values (?, ?, ?, ?, ?, ?, 1)`)
  const trim = db.prepare<[string, string]>(`
    delete from quarantine where account = ? and id in (
      select id from quarantine where account = ? order by last_at desc, id desc limit -1 offset ${MAX_QUARANTINED})`)
  const count = db.prepare<[number, string]>('update accounts set quarantined = quarantined + ? where account = ?')
  return (account, at, items) => {
    let fresh = 0
    for (const { where, problem, sample } of items.slice(0, MAX_QUARANTINED_AT_ONCE)) {
      if (again.run(at, account, where, problem, sample).changes > 0) continue
      insert.run(account, where, problem, sample, at, at)
      fresh += 1
    }
    if (fresh === 0) return
    trim.run(account, account)
    count.run(fresh, account)
  }
}
