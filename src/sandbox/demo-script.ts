/** Owns the demo's half minute: one exact story that makes a mirror write every type of event. */
import { type Step, type StepInput, stepSchema } from './script.ts'

/** How long the story takes; it can be told again after that. */
export const DEMO_MS = 28_000

const QFEX = 'qfex-main'
const REVX = 'revx'
const OLDER = 'revx-seed'

const aapl = { symbol: 'AAPL-USD', side: 'buy', type: 'limit', price: '230.1' } as const
const goog = { symbol: 'GOOG-USD', side: 'sell', type: 'limit', price: '252.4' } as const
const btc = { symbol: 'BTC/USD', side: 'sell', type: 'limit', price: '121500' } as const
const eth = { symbol: 'ETH/USD', side: 'buy', type: 'limit', price: '3990' } as const

const STORY: readonly StepInput[] = [
  // Opened, filled in parts, filled.
  { afterMs: 0, do: 'place', as: 'parts', account: QFEX, spec: { ...aapl, quantity: '0.3' } },
  { afterMs: 1_500, do: 'fill', order: 'parts', quantity: '0.2' },
  { afterMs: 4_000, do: 'fill_rest', order: 'parts' },
  // Amended, then cancelled.
  { afterMs: 500, do: 'place', as: 'amended', account: QFEX, spec: { ...goog, quantity: '5' } },
  { afterMs: 2_500, do: 'amend', order: 'amended', price: '251.9', quantity: '4' },
  { afterMs: 6_000, do: 'cancel', order: 'amended' },
  // Gone without a word, then back.
  { afterMs: 0, do: 'place', as: 'lost', account: REVX, spec: { ...btc, quantity: '0.05' } },
  { afterMs: 4_000, do: 'hide', order: 'lost', forMs: 10_000 },
  // Cancelled, and then it turns out that it had filled some more.
  { afterMs: 5_000, do: 'place', as: 'late', account: QFEX, spec: { ...aapl, quantity: '8' } },
  { afterMs: 6_500, do: 'fill', order: 'late', quantity: '3' },
  { afterMs: 8_000, do: 'cancel', order: 'late' },
  { afterMs: 10_000, do: 'fill_late', order: 'late', quantity: '2' },
  // Lived and died between two looks.
  {
    afterMs: 9_000,
    do: 'place',
    as: 'instant',
    account: REVX,
    spec: { ...eth, type: 'market', price: null, quantity: '0.4' },
  },
  { afterMs: 9_000, do: 'fill_rest', order: 'instant' },
  // The same while the socket is down.
  { afterMs: 12_000, do: 'close_sockets', venue: 'qfex' },
  { afterMs: 12_000, do: 'place', as: 'in-gap', account: QFEX, spec: { ...goog, quantity: '1.25' } },
  { afterMs: 12_000, do: 'fill_rest', order: 'in-gap' },
  // Replaced by an order with an id of its own.
  { afterMs: 10_000, do: 'place', as: 'first', account: OLDER, spec: { ...eth, quantity: '2' } },
  { afterMs: 13_000, do: 'replace', order: 'first', as: 'second', price: '3995' },
  { afterMs: 17_000, do: 'fill_rest', order: 'second' },
  // A TWAP and its slices.
  {
    afterMs: 11_000,
    do: 'place',
    as: 'twap',
    account: QFEX,
    spec: { ...aapl, type: 'twap', price: null, quantity: '3', slices: 3 },
  },
  { afterMs: 14_000, do: 'slice', order: 'twap' },
  { afterMs: 17_000, do: 'slice', order: 'twap' },
  { afterMs: 20_000, do: 'slice', order: 'twap' },
  // Crossed by its own account.
  { afterMs: 15_000, do: 'place', as: 'crossed', account: QFEX, spec: { ...goog, quantity: '2' } },
  { afterMs: 18_000, do: 'cancel', order: 'crossed', reason: 'self_trade' },
  // Back on the list, and sold.
  { afterMs: 20_000, do: 'fill', order: 'lost', quantity: '0.02' },
  { afterMs: 23_000, do: 'fill_rest', order: 'lost' },
  // Stays open.
  { afterMs: 21_000, do: 'place', account: OLDER, spec: { ...btc, price: '122000', quantity: '0.1' } },
]

export const demoScript = (): Step[] => STORY.map((step) => stepSchema.parse(step))
