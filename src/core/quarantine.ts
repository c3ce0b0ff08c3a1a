/** Owns what a venue sent and nobody could read: kept for a look, redacted and bounded, never believed. */

export interface Quarantined {
  /** Where it was: `orders[]`, `fill_response`, … */
  where: string
  /** What is wrong with it, naming the field. */
  problem: string
  /** The item itself without its secrets, cut to {@link MAX_SAMPLE_CHARS}. */
  sample: string
}

export const MAX_SAMPLE_CHARS = 2_000
