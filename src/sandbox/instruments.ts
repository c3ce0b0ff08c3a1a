/** Owns what can be traded in the sandbox: every quantity is a whole number of lots, every price of ticks. */
import { type Decimal, decimal } from '../core/decimal.ts'
import type { VenueName } from '../core/order.ts'

export interface Instrument {
  symbol: string
  base: string
  quote: string
  /** Decimal places of a quantity and of a price: the lot is 10 to the minus `lotPlaces`. */
  lotPlaces: number
  pricePlaces: number
  /** What it trades at, give or take. */
  price: number
}

const INSTRUMENTS: Record<VenueName, readonly Instrument[]> = {
  qfex: [
    { symbol: 'AAPL-USD', base: 'AAPL', quote: 'USD', lotPlaces: 3, pricePlaces: 2, price: 231.5 },
    { symbol: 'GOOG-USD', base: 'GOOG', quote: 'USD', lotPlaces: 3, pricePlaces: 2, price: 251.25 },
    { symbol: 'US500-USD', base: 'US500', quote: 'USD', lotPlaces: 2, pricePlaces: 1, price: 6_702.4 },
    { symbol: 'TSLA-USD', base: 'TSLA', quote: 'USD', lotPlaces: 1, pricePlaces: 2, price: 409.1 },
  ],
  'revolut-x': [
    { symbol: 'BTC/USD', base: 'BTC', quote: 'USD', lotPlaces: 6, pricePlaces: 2, price: 119_980 },
    { symbol: 'ETH/USD', base: 'ETH', quote: 'USD', lotPlaces: 5, pricePlaces: 2, price: 4_005 },
    { symbol: 'SOL/USD', base: 'SOL', quote: 'USD', lotPlaces: 3, pricePlaces: 2, price: 187.35 },
  ],
  derive: [
    { symbol: 'ETH-PERP', base: 'ETH', quote: 'USDC', lotPlaces: 2, pricePlaces: 1, price: 4_005 },
    { symbol: 'BTC-PERP', base: 'BTC', quote: 'USDC', lotPlaces: 3, pricePlaces: 0, price: 119_980 },
  ],
  dexpal: [
    { symbol: 'BTC/USD', base: 'BTC', quote: 'USD', lotPlaces: 4, pricePlaces: 1, price: 119_980 },
    { symbol: 'ETH/USD', base: 'ETH', quote: 'USD', lotPlaces: 3, pricePlaces: 2, price: 4_005 },
  ],
}

export const instrumentsOf = (venue: VenueName): readonly Instrument[] => INSTRUMENTS[venue]

/** Throws a RangeError for a symbol the venue does not trade. */
export function instrumentOf(venue: VenueName, symbol: string): Instrument {
  const found = INSTRUMENTS[venue].find((instrument) => instrument.symbol === symbol)
  if (found === undefined) throw new RangeError(`${venue} does not trade ${symbol.slice(0, 40)}`)
  return found
}

/** So many lots as a quantity. */
export const lots = (instrument: Instrument, count: number): Decimal => scaled(count, instrument.lotPlaces)

/** How many lots a quantity is. */
export const lotsIn = (instrument: Instrument, quantity: Decimal): number =>
  Math.round(Number(quantity) * 10 ** instrument.lotPlaces)

/** The price nearest to `value` that the instrument can trade at. */
export const priceAt = (instrument: Instrument, value: number): Decimal =>
  decimal(value.toFixed(instrument.pricePlaces))

const scaled = (count: number, places: number): Decimal => decimal((count / 10 ** places).toFixed(places))
