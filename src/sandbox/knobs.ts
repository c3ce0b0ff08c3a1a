/** Owns what can be set at a venue while the sandbox runs, as its operator would: not a fault, and not over by itself. */
import type { MarketAccount } from './placing.ts'

/** What DexPal knows of an address: it shows only those that its own affiliate code brought. */
export const GATES = ['attributed', 'unattributed', 'unknown'] as const
export type Gate = (typeof GATES)[number]

export interface Knobs {
  /** Derive's tier: requests that match nothing, per wallet in five seconds; 25 is the lowest. */
  deriveRequests: number
  /** Sockets to Derive from one address. */
  deriveSockets: number
  /** Whether the history of DexPal's partner names orders and how they ended, or positions alone. */
  dexpalNamesEndings: boolean
  /** By address in lower case; `attributed` where none is set. */
  readonly dexpalGates: Map<string, Gate>
}

/** Lets an account's nth address through, or not. Throws a RangeError where it has none. */
export function setGate(knobs: Knobs, { id, addresses = [] }: MarketAccount, n: number, gate: Gate): void {
  const address = addresses[n]
  if (address === undefined) throw new RangeError(`account ${id} has no address ${n}`)
  knobs.dexpalGates.set(address.toLowerCase(), gate)
}

export const createKnobs = (): Knobs => ({
  deriveRequests: 25,
  deriveSockets: 4,
  dexpalNamesEndings: false,
  dexpalGates: new Map(),
})
