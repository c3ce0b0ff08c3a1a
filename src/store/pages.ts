/** Owns what a query asks and answers: filters, pages and their sizes. */
import type { OrderKind, OrderRef, OrderStatus, VenueName } from '../core/order.ts'
import type { EventRecord, FillRecord, ObservationRecord, OpenOrderRecord, OrderRecord } from './records.ts'

export const DEFAULT_PAGE = 100
/** A larger page would hold a read transaction long enough to keep the write-ahead log from shrinking. */
export const MAX_PAGE = 1_000
/** Candidates shown where an id is not unique. */
export const MAX_CANDIDATES = 20

export interface OrderFilter {
  account?: string | undefined
  venue?: VenueName | undefined
  symbol?: string | undefined
  status?: OrderStatus | undefined
  kind?: OrderKind | undefined
  limit?: number | undefined
  /** `next` of the page before. */
  after?: string | undefined
}

export type OpenOrderFilter = Pick<OrderFilter, 'account' | 'limit' | 'after'>

/** `next` is null at the end. `last_seq` belongs to the same instant as the orders. */
export interface OrderPage {
  orders: OrderRecord[]
  next: string | null
  last_seq: number
}

export interface OpenOrderPage {
  orders: OpenOrderRecord[]
  next: string | null
  last_seq: number
}

/** `next` is the cursor to continue from, also at the end. */
export interface EventPage {
  events: EventRecord[]
  next: string
  last_seq: number
}

export interface FullRef extends OrderRef {
  account: string
}

/** `candidates` is empty where nothing has this id, else what it may mean, {@link MAX_CANDIDATES} at most. */
export type FindResult = { order: OrderRecord } | { candidates: FullRef[] }

/** Events, fills and observations are oldest first, events the newest {@link MAX_PAGE} of the order. */
export interface Explanation {
  order: OrderRecord | null
  events: EventRecord[]
  fills: FillRecord[]
  observations: ObservationRecord[]
}
