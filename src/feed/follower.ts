/** Owns following one database: a reader, its wake-up and the log put together. */
import type { Clock } from '../core/clock.ts'
import type { StoreReader } from '../store/read.ts'
import type { EventRecord } from '../store/records.ts'
import { type FollowOptions, follow } from './follow.ts'
import { createWake } from './wake.ts'

export interface Follower extends Disposable {
  follow(
    options: Pick<FollowOptions<EventRecord>, 'after' | 'live' | 'signal' | 'onStart'>,
  ): AsyncGenerator<EventRecord, void>
}

/** The reader stays the caller's to close, after the follower. */
export function openFollower(options: { database: string; reader: StoreReader; clock: Clock }): Follower {
  const { database, reader, clock } = options
  const wake = createWake({ database, dataVersion: reader.dataVersion, clock })
  const source = {
    meta: reader.meta,
    events: (page: { after: number; limit: number }) => reader.events(page).events,
  }
  return {
    follow: (how) => follow({ source, wake, ...how }),
    [Symbol.dispose]: () => wake[Symbol.dispose](),
  }
}
