/** Owns the race over a poll that shows what is known already. */
import { isDeepStrictEqual } from 'node:util'
import { decimal } from '../../src/core/decimal.ts'
import { orderKey } from '../../src/core/order.ts'
import { reconcile } from '../../src/core/reconcile.ts'
import { aContext, aSighting, aSnapshot, storing } from '../support/orders.ts'
import type { Race } from './measure.ts'

const ORDERS = 10_000

export function reconcileRace(): Race {
  const sightings = Array.from({ length: ORDERS }, (_, at) =>
    aSighting({
      id: `order-${at}`,
      filled: '1.5',
      clock: 1_760_000_000_000 + at,
      stated: { price: decimal(`100.${at}1`) },
    }),
  )
  const snapshot = aSnapshot(sightings)
  const stored = storing([...reconcile(storing([]), snapshot, aContext()).orders])
  const unchanged = () => reconcile(stored, snapshot, aContext())
  const { events, orders } = unchanged()
  if (events.length + orders.length > 0) throw new Error('the snapshot is not unchanged')
  const again = structuredClone(stored)
  return {
    name: `reconcile ${ORDERS} unchanged`,
    unit: 'orders',
    count: ORDERS,
    ours: { name: 'reconcile', run: unchanged },
    floor: {
      name: 'one Map lookup an order',
      run: () => sightings.filter((sighting) => stored.orders.get(orderKey(sighting))?.facts.status !== 'open').length,
    },
    peer: {
      name: 'a deep comparison of each order with the one before',
      run: () => [...stored.orders].filter(([key, order]) => !isDeepStrictEqual(order, again.orders.get(key))).length,
    },
  }
}
