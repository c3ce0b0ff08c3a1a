/** Owns the arithmetic of fills: how a cumulative quantity grew, execution by execution, so that prices are not lost. */
import { add, compare, type Decimal, max, subtract, sum, ZERO } from './decimal.ts'
import type { Fill } from './order.ts'

/** One growth of the cumulative fill. `price` is known only where a single execution explains exactly this growth. */
export interface FillStep {
  filledQuantity: Decimal
  price: Decimal | null
  venueTime: number | null
}

/** The sum of distinct executions that stand. */
export const bookedQuantity = (fills: readonly Fill[]): Decimal =>
  sum(fills.filter((fill) => !fill.reversed).map((fill) => fill.quantity))

/**
 * The steps from `from` to the larger of `stated` (one message's own cumulative fill, null where it does not say) and the
 * sum of `fills`. `news` are the executions not booked before: each that adds to the total is a step with its price.
 */
export function fillSteps(
  from: Decimal,
  stated: Decimal | null,
  fills: readonly Fill[],
  news: readonly Fill[],
): FillStep[] {
  const steps: FillStep[] = []
  const fresh = [...news].filter((fill) => !fill.reversed).sort((a, b) => (a.venueTime ?? 0) - (b.venueTime ?? 0))
  let booked = subtract(bookedQuantity(fills), sum(fresh.map((fill) => fill.quantity)))
  let reached = from
  for (const fill of fresh) {
    booked = add(booked, fill.quantity)
    if (compare(booked, reached) <= 0) continue
    const price = subtract(booked, reached) === fill.quantity ? fill.price : null
    reached = booked
    steps.push({ filledQuantity: reached, price, venueTime: fill.venueTime })
  }
  const total = max(stated ?? ZERO, max(booked, reached))
  if (compare(total, reached) > 0) steps.push({ filledQuantity: total, price: null, venueTime: null })
  return steps
}
