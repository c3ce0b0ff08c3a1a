import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { fillOf, orderOf } from '../../src/venues/derive/map.ts'
import { readOrder, readTrade } from '../../src/venues/derive/wire.ts'
import { mapOrder as mapDexpal } from '../../src/venues/dexpal/map.ts'
import { parseJson } from '../../src/venues/json.ts'
import * as map from '../../src/venues/qfex/map.ts'
import * as wire from '../../src/venues/qfex/wire.ts'
import { mapOrder as mapRevolutX, mapTrade } from '../../src/venues/revolut-x/map.ts'
import * as derive from '../venues/derive/examples.ts'
import * as dexpal from '../venues/dexpal/examples.ts'
import * as qfex from '../venues/qfex/examples.ts'
import * as revolutX from '../venues/revolut-x/examples.ts'
import { createChecker, readContract } from './contract.ts'
import { variantsOf } from './variants.ts'
import type { ContractName } from './venues.ts'

type Payload = Readonly<Record<string, unknown>>
/** Throws for what it cannot read. */
type Read = (raw: unknown) => unknown

const nowhere = () => null
const parsedBy =
  <S extends z.ZodType>(schema: S, then: (row: z.output<S>) => unknown): Read =>
  (raw) =>
    then(schema.parse(raw))
const value = <T>(decoded: { ok: true; value: T } | { ok: false; problem: string }): T => {
  if (!decoded.ok) throw new Error(decoded.problem)
  return decoded.value
}

const { sighting: filled } = value(mapRevolutX(revolutX.DETAILS.OrderWithOnFill.data))
const readRevolutX: Read = (raw) => value(mapRevolutX(raw))
const readDerive: Read = (raw) => orderOf(value(readOrder(raw)))
const { user_id: _, ...historicTwap } = qfex.historicTwap
const [dexpalExample] = dexpal.EXAMPLE.data
const fills = revolutX.FILLS.data.map((trade) => ({ ...trade, oid: filled.venueOrderId }))

/** The fullest payloads there are, and how ours are made of them. */
const EXAMPLES: readonly [ContractName, string, readonly Payload[], Read][] = [
  [
    'qfex',
    'OrderResponse',
    [qfex.order, qfex.cancelledStop],
    parsedBy(wire.orderSchema, (row) => map.listedOrder(row, nowhere)),
  ],
  ['qfex', 'TwapResponse', [qfex.twap], parsedBy(wire.twapSchema, (row) => map.twapOrder(row, 'list', nowhere))],
  ['qfex', 'StopOrder', [qfex.stop], parsedBy(wire.stopSchema, (row) => map.stopOrder(row, nowhere))],
  ['qfex', 'FillResponse', [qfex.fill], parsedBy(wire.fillSchema, (row) => map.framedFill(row, nowhere))],
  [
    'qfex',
    'HistoricOrder',
    [qfex.historic],
    parsedBy(wire.historicOrderSchema, (row) => map.historicOrder(row, nowhere)),
  ],
  ['qfex', 'HistoricTwap', [historicTwap], parsedBy(wire.twapSchema, (row) => map.twapOrder(row, 'history', nowhere))],
  ['qfex', 'Trade', [qfex.trade], parsedBy(wire.tradeSchema, (row) => map.historicFill(row, nowhere))],
  ['qfex', 'RefdataSymbol', [qfex.instrument], (raw) => wire.instrumentSchema.parse(raw)],
  ['revolut-x', 'Order', Object.values(revolutX.PAGES).flatMap(({ data }): Payload[] => [...data]), readRevolutX],
  ['revolut-x', 'OrderDetails', Object.values(revolutX.DETAILS).map(({ data }): Payload => data), readRevolutX],
  ['revolut-x', 'ClientTrade', fills, (raw) => value(mapTrade(raw, filled))],
  ['derive', 'Order', [derive.order(1), derive.order(2, derive.TRIGGER), derive.order(3, derive.TWAP)], readDerive],
  ['derive', 'TradeHistoryResponse', [derive.trade(1, 1)], (raw) => fillOf(value(readTrade(raw)))],
  ['derive-v2', 'Order', [derive.olderOrder(1), derive.olderOrder(2, derive.TRIGGER)], readDerive],
  ['dexpal', 'Order', [dexpalExample], (raw) => value(mapDexpal(raw))],
]

describe.each(EXAMPLES)('%s: %s', (name, component, payloads, read) => {
  const contract = readContract(name)
  const { schemas } = contract.components
  const check = createChecker(contract)
  const schema = schemas[component] ?? {}
  const asRead = (payload: Payload) => read(parseJson(JSON.stringify(payload)))

  test.each(payloads.map((payload, index) => ({ index, payload })))(
    'example $index is documented, and read',
    ({ payload }) => {
      expect(check(schema, payload)).toEqual([])
      expect(asRead(payload)).toBeTruthy()
    },
  )

  test('in every documented form, one change at a time, it is read', () => {
    const unread = payloads.flatMap((payload) =>
      variantsOf(payload, schema, schemas).flatMap((variant) => {
        expect(check(schema, variant.payload), variant.name).toEqual([])
        try {
          return asRead(variant.payload) ? [] : [variant.name]
        } catch (error) {
          return [`${variant.name}: ${error}`]
        }
      }),
    )
    expect(unread).toEqual([])
  })
})
