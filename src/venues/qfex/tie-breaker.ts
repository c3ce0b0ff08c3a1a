/** Owns the one question history cannot answer: is this order open after all? It is put on a short-lived second session. */
import type { Clock } from '../../core/clock.ts'
import type { Sighting } from '../../core/report.ts'
import { VenueError } from '../errors.ts'
import type { Question, SessionLink, SessionProtocol } from '../venue.ts'
import { ALL_ORDERS } from './frames.ts'
import { readListing } from './listing.ts'
import { type FindInstrument, listedOrder } from './map.ts'
import type { Memory } from './memory.ts'
import { WEIGHTS } from './session.ts'

/** Opens a session beside the live one, logged in; `close` ends it. */
export type OpenSession = (
  protocol: SessionProtocol,
  signal: AbortSignal,
) => Promise<{ link: SessionLink; close(): Promise<void> }>

/** QFEX may answer nothing at all for a closed order, and each try costs a log-in: not more often than this. */
const SPACING_MS = 60_000
const REPLY_TIMEOUT_MS = 5_000

export interface TieBreakerDeps {
  open: OpenSession
  protocol: SessionProtocol
  clock: Clock
  find: FindInstrument
  memory: Memory
}

/** The order as it is open now, or null: an empty reply, another order or none at all is nothing. */
export type TieBreaker = (question: Question, signal: AbortSignal) => Promise<Sighting | null>

export function createTieBreaker({ open, protocol, clock, find, memory }: TieBreakerDeps): TieBreaker {
  let askedAt: number | null = null
  return async (question, signal) => {
    const now = clock.monotonic()
    if (question.kind !== 'order' || (askedAt !== null && now - askedAt < SPACING_MS)) return null
    askedAt = now
    try {
      const listing = readListing(await ask(open, protocol, question, signal))
      const row = listing.orders.find(({ order_id }) => order_id === question.venueOrderId)
      return row === undefined || !memory.isOurs(row.user_id) ? null : listedOrder(row, find)
    } catch (error) {
      if (error instanceof VenueError) return null
      throw error
    }
  }
}

async function ask(
  open: OpenSession,
  protocol: SessionProtocol,
  question: Question,
  signal: AbortSignal,
): Promise<unknown> {
  const session = await open(protocol, signal)
  try {
    const { symbol, venueOrderId } = question
    const request = {
      message: { type: 'get_order', params: { symbol, order_id: venueOrderId } },
      matches: ({ name }: { name: string }) => name === ALL_ORDERS,
      timeoutMs: REPLY_TIMEOUT_MS,
      weight: WEIGHTS.get_order,
    }
    return (await session.link.request(request, signal)).body
  } finally {
    await session.close()
  }
}
