/**
 * Owns the making of `schemas/` out of the venues' published specifications:
 * `npx tsx test/conformance/extract.ts FOLDER && npx biome format --write test/conformance/schemas`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { type Json, type JsonObject, objectOf, reduced, valueAt } from './dialect.ts'
import { contractOf, httpOperation, type Specification } from './openapi.ts'

const OUT = join(import.meta.dirname, 'schemas')

function main(folder: string): void {
  const read = (file: string): Specification => ({
    file,
    document: z.json().parse(parse(readFileSync(join(folder, file), 'utf8'))),
  })
  write('qfex', qfex(read('qfex-openapi.yml'), read('qfex-trade-asyncapi.yml')))
  write('revolut-x', revolutX(read('revolut-x-openapi.json')))
  write(
    'derive',
    derive(
      read('derive-v3-openapi.json'),
      read('derive-v3-websocket.asyncapi.json'),
      read('derive-v3-subscriptions.asyncapi.json'),
    ),
  )
}

function write(name: string, contract: Json): void {
  writeFileSync(join(OUT, `${name}.json`), `${JSON.stringify(contract, null, 2)}\n`)
}

// ---- venues ---------------------------------------------------------------------------------------------------------

const QFEX_SENT: Readonly<Record<string, readonly string[]>> = {
  auth: ['AuthenticateCommand'],
  // By the commands' own schemas: the message `subscribeOrders` points to the schema of the positions.
  subscribe: [
    'SubscribeOrdersCommand',
    'SubscribeFillsCommand',
    'SubscribePositionsCommand',
    'SubscribeBalanceCommand',
  ],
  unsubscribe: ['UnsubscribeCommand'],
  get_user_orders: ['GetUserOrdersCommand'],
  get_order: ['GetOrderCommand'],
  get_user_trades: ['GetUserTradesCommand'],
}
const QFEX_RECEIVED = [
  ['OrderResponse', 'FillResponse', 'AllOrdersResponse', 'AuthenticatedResponse', 'TwapResponse', 'UserTradesResponse'],
  ['SubscribedResponse', 'UnsubscribedResponse', 'StopOrderResponse', 'ErrorResponse'],
].flat()

function qfex(rest: Specification, trade: Specification): JsonObject {
  const paths = ['/refdata', '/user/historic-orders', '/user/historic-twaps', '/user/trade']
  const http = paths.map((path) => httpOperation(rest.document, 'get', path, ''))
  const sent = Object.fromEntries(
    Object.entries(QFEX_SENT).map(([type, names]) => {
      const [first, ...more] = names.map((name): Json => ({ $ref: `#/components/schemas/${name}` }))
      return [type, more.length === 0 ? (first ?? {}) : { anyOf: [first ?? {}, ...more] }]
    }),
  )
  const received = Object.fromEntries(
    QFEX_RECEIVED.map((name) => {
      const payload = objectOf(reduced(valueAt(trade.document, 'components', 'messages', name, 'payload')))
      const [key] = Object.keys(objectOf(payload.properties ?? {}))
      // The key is what tells the messages apart, so that it must be there, whatever the specification leaves open.
      return [key ?? name, { ...payload, required: [key ?? name] }]
    }),
  )
  return contractOf([rest, trade], http, { sent, received })
}

const REVOLUT_X_PATHS = [
  '/1.0/orders/active',
  '/1.0/orders/historical',
  '/1.0/orders/{venue_order_id}',
  '/1.0/orders/fills/{venue_order_id}',
]

function revolutX(specification: Specification): JsonObject {
  const http = REVOLUT_X_PATHS.map((path) => httpOperation(specification.document, 'get', path, '/api'))
  return contractOf([specification], http, { sent: {}, received: {} })
}

const DERIVE_METHODS = [
  ['private/get_open_orders', 'private/get_trigger_orders', 'private/get_algo_orders', 'private/get_order'],
  ['private/get_order_history', 'private/get_trade_history', 'private/get_subaccounts', 'public/get_time'],
].flat()
/** Every method is served on the socket too; these are asked there. */
const DERIVE_ON_SOCKET = new Set(['public/get_time'])
const DERIVE_CHANNELS = { orders: 'subaccountOrders', trades: 'subaccountTrades' } as const

function derive(rest: Specification, socket: Specification, channels: Specification): JsonObject {
  const error = rpcReply('error', { $ref: '#/components/schemas/RPCError' })
  const replies: JsonObject = { error }
  const sent: JsonObject = {}
  const refused = rpcOverHttp(error)
  const http = DERIVE_METHODS.map((method): Json => {
    const operation = objectOf(valueAt(rest.document, 'paths', `/${method}`, 'post'))
    const params = reduced(valueAt(operation, 'requestBody', 'content', 'application/json', 'schema'))
    const result = reduced(valueAt(operation, 'responses', '200', 'content', 'application/json', 'schema'))
    if (DERIVE_ON_SOCKET.has(method)) {
      sent[method] = rpcRequest(method, params)
      replies[method] = rpcReply('result', result)
    }
    const answered = rpcOverHttp(rpcReply('result', result))
    const request = {
      type: 'object',
      required: ['body'],
      properties: { path: EMPTY, query: EMPTY, headers: {}, body: params },
    }
    return { method: 'POST', path: `/v3/${method}`, request, replies: { '200': answered, default: refused } }
  })
  for (const name of ['publicLogin', 'subscribe', 'unsubscribe']) {
    const request = objectOf(reduced(valueAt(socket.document, 'components', 'messages', `${name}Request`, 'payload')))
    const reply = reduced(valueAt(socket.document, 'components', 'messages', `${name}Response`, 'payload'))
    const method = valueAt(request, 'properties', 'method', 'const')
    if (typeof method !== 'string') throw new Error(`${name}: without a method`)
    sent[method] = request
    const [result] = z.array(z.json()).parse(valueAt(reply, 'anyOf'))
    replies[method] = rpcReply('result', valueAt(result ?? null, 'properties', 'result'))
  }
  for (const [name, channel] of Object.entries(DERIVE_CHANNELS)) {
    const payload = reduced(valueAt(channels.document, 'components', 'messages', `${channel}Notification`, 'payload'))
    // "Pushed as a JSON array; each element has the fields below": its envelope is in no specification.
    replies[`subscription ${name}`] = notification({ type: 'array', items: payload })
  }
  return contractOf([rest, socket, channels], http, { sent, received: replies })
}

const EMPTY: Json = { type: 'object', properties: {} }
const ID: Json = { $ref: '#/components/schemas/JsonRpcId' }

const rpcRequest = (method: string, params: Json): Json => ({
  type: 'object',
  required: ['id', 'method', 'params'],
  properties: { id: ID, method: { const: method }, params },
})

const rpcOverHttp = (body: Json): Json => ({
  type: 'object',
  required: ['body'],
  properties: { headers: {}, body },
})

const rpcReply = (key: 'result' | 'error', value: Json): Json => ({
  type: 'object',
  required: ['id', key],
  properties: { id: ID, [key]: value },
})

const notification = (data: Json): Json => ({
  type: 'object',
  required: ['method', 'params'],
  properties: {
    method: { const: 'subscription' },
    params: { type: 'object', required: ['channel', 'data'], properties: { channel: { type: 'string' }, data } },
  },
})

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('which folder are the specifications in?')
main(folder)
