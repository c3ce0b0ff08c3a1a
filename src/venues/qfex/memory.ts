/** Owns what an account learns from QFEX as it runs: whose it is, which symbols it trades, which fills the stream brought. */
import type { Fill } from '../../core/order.ts'

/** Enough for all instruments of a venue; beyond it a symbol is learned from the store again. */
const MAX_SYMBOLS = 5_000

/** Fills of about one history window, kept by what makes two of them look alike; the oldest are forgotten first. */
const MAX_LIKENESSES = 10_000
const MAX_ALIKE = 100

export interface Memory {
  /** False for a row of another user than the first one believed. A row that does not say is ours. */
  isOurs(userId: string | null | undefined): boolean
  /** Takes the user of rows that were believed; the first stays. */
  learnUser(userId: string | null | undefined): void
  sawSymbol(symbol: string): void
  symbols(): Iterable<string>
  streamed(fill: Fill): void
  /** The fill of the stream that is this one under another id: the same order, quantity and price. */
  twinOf(fill: Fill, isMissing: (other: Fill) => boolean): Fill | null
}

export function createMemory(): Memory {
  let user: string | null = null
  const symbols = new Set<string>()
  const fillsByLikeness = new Map<string, Fill[]>()

  return {
    isOurs: (userId) => !userId || user === null || userId === user,
    learnUser(userId) {
      if (user === null && userId) user = userId
    },
    sawSymbol(symbol) {
      if (symbols.size < MAX_SYMBOLS) symbols.add(symbol)
    },
    symbols: () => symbols,
    streamed(fill) {
      const alike = fillsByLikeness.get(likenessOf(fill)) ?? []
      if (alike.some(({ tradeId }) => tradeId === fill.tradeId)) return
      fillsByLikeness.set(likenessOf(fill), [...alike.slice(1 - MAX_ALIKE), fill])
      const [oldest] = fillsByLikeness.keys()
      if (fillsByLikeness.size > MAX_LIKENESSES && oldest !== undefined) fillsByLikeness.delete(oldest)
    },
    twinOf(fill, isMissing) {
      const alike = fillsByLikeness.get(likenessOf(fill)) ?? []
      return alike.find((other) => other.tradeId !== fill.tradeId && isMissing(other)) ?? null
    },
  }
}

const likenessOf = ({ venueOrderId, quantity, price }: Fill): string => `${venueOrderId}/${quantity}/${price}`
