/** Owns the demo's half minute: one exact story that makes a mirror write every type of event. */
import { type Step, type StepInput, stepSchema } from './script.ts'

/** How long the story takes; it can be told again after that. */
export const DEMO_MS = 28_000

const QFEX = 'qfex-main'
const REVX = 'revx'
const OLDER = 'revx-seed'
const DERIVE = 'derive-main'
const SIBLING = 'derive-alt'
const DERIVE_V2 = 'derive-v2'
const VELA = 'vela'

const aapl = { symbol: 'AAPL-USD', side: 'buy', type: 'limit', price: '230.1' } as const
const goog = { symbol: 'GOOG-USD', side: 'sell', type: 'limit', price: '252.4' } as const
const btc = { symbol: 'BTC/USD', side: 'sell', type: 'limit', price: '121500' } as const
const eth = { symbol: 'ETH/USD', side: 'buy', type: 'limit', price: '3990' } as const

const perp = { symbol: 'ETH-PERP', side: 'buy', type: 'limit', price: '3990' } as const
const short = { symbol: 'BTC-PERP', side: 'sell', type: 'limit', price: '121000' } as const
const long = { symbol: 'BTC/USD', side: 'buy', type: 'limit', price: '117500' } as const

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
  // At Derive: filled in part, replaced under a new id, filled.
  { afterMs: 0, do: 'place', as: 'rested', account: DERIVE, spec: { ...perp, quantity: '1.5' } },
  { afterMs: 3_000, do: 'fill', order: 'rested', quantity: '0.5' },
  { afterMs: 7_000, do: 'replace', order: 'rested', as: 'moved', price: '3995' },
  { afterMs: 12_000, do: 'fill_rest', order: 'moved' },
  // Waits for its price, and goes on under the same id.
  {
    afterMs: 1_000,
    do: 'place',
    as: 'waiting',
    account: DERIVE,
    spec: { ...short, type: 'stop_limit', triggerPrice: '118000', price: '117900', quantity: '0.25' },
  },
  { afterMs: 9_000, do: 'trigger', order: 'waiting' },
  { afterMs: 13_500, do: 'fill_rest', order: 'waiting' },
  // A TWAP that is one order however many slices fill it.
  {
    afterMs: 2_000,
    do: 'place',
    as: 'sliced',
    account: SIBLING,
    spec: { ...perp, type: 'twap', price: null, quantity: '3', slices: 3 },
  },
  { afterMs: 5_500, do: 'slice', order: 'sliced' },
  { afterMs: 8_500, do: 'slice', order: 'sliced' },
  { afterMs: 11_500, do: 'slice', order: 'sliced' },
  // Filled in part; then the fill cannot be settled and is taken back.
  { afterMs: 4_500, do: 'place', as: 'unsettled', account: SIBLING, spec: { ...short, quantity: '2' } },
  { afterMs: 6_000, do: 'fill', order: 'unsettled', quantity: '0.75' },
  { afterMs: 14_500, do: 'reverse', order: 'unsettled' },
  { afterMs: 19_000, do: 'cancel', order: 'unsettled' },
  // Its time is over.
  { afterMs: 6_500, do: 'place', account: SIBLING, spec: { ...perp, quantity: '1', expiresInMs: 9_000 } },
  // By the older protocol.
  { afterMs: 2_500, do: 'place', as: 'older', account: DERIVE_V2, spec: { ...perp, quantity: '4' } },
  { afterMs: 7_500, do: 'fill', order: 'older', quantity: '1' },
  { afterMs: 16_000, do: 'cancel', order: 'older' },
  // At a DexPal partner: smaller, then gone, and nobody says how; its neighbour stays.
  { afterMs: 0, do: 'place', account: VELA, spec: { ...long, quantity: '0.5', address: 0 } },
  { afterMs: 0, do: 'place', as: 'shrinks', account: VELA, spec: { ...long, quantity: '0.8', address: 0 } },
  { afterMs: 5_000, do: 'fill', order: 'shrinks', quantity: '0.3' },
  { afterMs: 9_500, do: 'fill_rest', order: 'shrinks' },
  {
    afterMs: 3_500,
    do: 'place',
    account: VELA,
    spec: { ...long, quantity: '0.2', timeInForce: 'gtt', expiresInMs: 12_000, address: 0 },
  },
  // An address that nothing is shown of for a while: blind, and not cancelled.
  { afterMs: 0, do: 'place', as: 'veiled', account: VELA, spec: { ...long, quantity: '0.4', address: 1 } },
  { afterMs: 8_000, do: 'gate', account: VELA, address: 1, as: 'unattributed' },
  { afterMs: 20_500, do: 'gate', account: VELA, address: 1, as: 'attributed' },
  // Stays open.
  { afterMs: 21_000, do: 'place', account: OLDER, spec: { ...btc, price: '122000', quantity: '0.1' } },
]

export const demoScript = (): Step[] => STORY.map((step) => stepSchema.parse(step))
