/** Owns how the truth outlives a process: a line for every change of an order, the last one of an order counts. */
import type { TrueOrder } from './truth.ts'

export interface Journal {
  /** What was kept before; called once, first. */
  load(): { orders: readonly TrueOrder[]; idsUsed: number }
  /** On disk, as far as a killed process is concerned, when it returns: before anybody hears of the change. */
  keep(orders: readonly TrueOrder[], idsUsed: number): void
}
