/** Owns the race from the bytes of QFEX's open list to sightings. */
import { parseJson } from '../../src/venues/json.ts'
import { readListing } from '../../src/venues/qfex/listing.ts'
import { listedOrder } from '../../src/venues/qfex/map.ts'
import { order } from '../venues/qfex/examples.ts'
import type { Race } from './measure.ts'

const ORDERS = 10_000
const EVERY_NUMBER = /([:[,]\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,\]}])/g

export function decodeRace(): Race {
  const orders = Array.from({ length: ORDERS }, (_, at) => ({
    ...order,
    order_id: `2f05173c-992a-426b-bcaf-${String(at).padStart(12, '0')}`,
    quantity: 2.708 + at,
    price: 251.25 + at / 100,
    quantity_remaining: 1.5 + at,
    update_time: 1758208770.5512846 + at,
  }))
  const text = JSON.stringify({ all_orders_response: { orders, twaps: [], stop_orders: [] } })
  const find = () => ({ lotSize: null, base: 'GOOG', quote: 'USD' })
  const decode = () => {
    const { all_orders_response: body } = bodyOf(parseJson(text))
    return readListing(body).orders.map((row) => listedOrder(row, find))
  }
  if (decode().length !== ORDERS) throw new Error('not every order was decoded')
  return {
    name: `decode ${ORDERS} QFEX orders`,
    unit: 'orders',
    count: ORDERS,
    ours: { name: 'decode', run: decode },
    floor: { name: 'JSON.parse alone', run: () => JSON.parse(text) },
    peer: {
      name: 'JSON.parse with every number quoted first',
      run: () => JSON.parse(text.replace(EVERY_NUMBER, '$1"$2"')),
    },
  }
}

function bodyOf(value: unknown): { all_orders_response: unknown } {
  if (typeof value === 'object' && value !== null && 'all_orders_response' in value) return value
  throw new TypeError('no list')
}
