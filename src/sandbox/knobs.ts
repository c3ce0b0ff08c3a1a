/** Owns what can be set at a venue while the sandbox runs, as its operator would: not a fault, and not over by itself. */

/** What DexPal knows of an address: it shows only what its own affiliate code brought. */
export type Gate = 'attributed' | 'unattributed' | 'unknown'

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

export const createKnobs = (): Knobs => ({
  deriveRequests: 25,
  deriveSockets: 4,
  dexpalNamesEndings: false,
  dexpalGates: new Map(),
})
