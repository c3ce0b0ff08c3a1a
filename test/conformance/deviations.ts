/** Owns what is known to differ from the contracts, and why it is left so. Every line has to be seen in a run. */
import type { Finding } from './judge.ts'
import type { ContractName } from './venues.ts'

/** One finding, or a family of them. */
export interface Deviation extends Finding {
  because: string
}

/** Fields that the contract names and no reply of the sandbox has, or messages that nobody sends. */
export interface Silence {
  names: readonly string[]
  because: string
}

interface Known {
  deviations: readonly Deviation[]
  unsaid: readonly Silence[]
  unheard: readonly Silence[]
}

const NONE: Known = { deviations: [], unsaid: [], unheard: [] }

export const KNOWN: Record<ContractName, Known> = {
  qfex: {
    deviations: [
      {
        by: 'sandbox',
        message: 'type + result',
        at: '',
        is: 'no_such_message',
        because: 'The page on authentication answers a log-in so, the AsyncAPI with `authenticated`.',
      },
      {
        by: 'sandbox',
        message: 'type',
        at: '',
        is: 'no_such_message',
        because: '`{"type":"authenticated"}` is what clients in production are said to get.',
      },
      {
        by: 'sandbox',
        message: 'all_orders_response',
        at: '/all_orders_response/stop_orders',
        is: 'undocumented',
        because:
          "The page of get_order has it in its example where the AsyncAPI has `twaps`; both share a reply's key.",
      },
      {
        by: 'sandbox',
        message: 'order_response',
        at: '/order_response/status',
        is: 'no such word: IOC_CANCELLED',
        because: 'Newer clients know the word, so that a client must read what the enumeration does not list.',
      },
      {
        by: 'sandbox',
        message: 'user_trades + count',
        at: '',
        is: 'no_such_message',
        because: "The page of get_user_trades answers so; the AsyncAPI's `user_trades_response` is another shape.",
      },
    ],
    unsaid: [
      {
        names: [
          'RefdataResponse.$schema',
          'HistoricOrdersResponseBody.$schema',
          'HistoricTwapsResponseBody.$schema',
          'TradesResponseBody.$schema',
          'ErrorModel.$schema',
          'ErrorModel.instance',
          'ErrorDetail.value',
        ],
        because: "The framework's own optional fields, which say nothing about orders.",
      },
    ],
    unheard: [
      { names: ['client: unsubscribe', 'client: get_user_trades'], because: 'Our client has no use for them.' },
      { names: ['sandbox: user_trades_response'], because: 'See `user_trades`.' },
    ],
  },
  'revolut-x': {
    ...NONE,
    unsaid: [
      {
        names: ['OrderDetails.on_fill', 'OnFill.take_profit', 'OnFill.stop_loss', 'OnFill.id'],
        because: 'The market of the sandbox has no orders that wait for the fill of another.',
      },
      { names: ['TwapDetails.price'], because: 'Its TWAPs have no limit price.' },
    ],
  },
  'revolut-x-older': {
    ...NONE,
    deviations: [
      {
        by: 'sandbox',
        message: 'GET /api/1.0/orders 429',
        at: '',
        is: 'no_such_message',
        because: 'The page names a limit of requests and lists no answer to whoever is over it.',
      },
    ],
  },
  derive: {
    deviations: [
      {
        by: 'client',
        message: 'public/get_time',
        at: '/params',
        is: 'type',
        because:
          'The schema of a request without parameters is null, that of `params` an object; where `{}` is refused as ' +
          'invalid, the log-in goes on by our own clock.',
      },
      {
        by: 'client',
        message: 'public/login',
        at: '/params/timestamp',
        is: 'type',
        because: 'An integer by its schema, "or a string-encoded integer" by its description: sent as it is signed.',
      },
    ],
    unsaid: [],
    unheard: [
      {
        names: ['client: POST /v3/private/get_subaccounts', 'client: POST /v3/public/get_time', 'client: unsubscribe'],
        because: 'Our client knows its subaccounts, asks for the time on the socket, and ends a socket as a whole.',
      },
    ],
  },
  'derive-v2': {
    ...NONE,
    deviations: [
      {
        by: 'sandbox',
        message: 'POST /private/get_orders 200',
        at: '/body/result/orders/*/cancel_reason',
        is: 'no such word: algo_completed',
        because: 'The page says nothing of TWAPs, which v2 had; the sandbox ends them with the word of v3.',
      },
    ],
  },
  dexpal: {
    ...NONE,
    unsaid: [
      {
        names: ['action', 'triggerPrice', 'amountPercent', 'createdAt'].map((field) => `TriggerOrder.${field}`),
        because: 'The market of the sandbox has no orders that wait for the fill of another.',
      },
      {
        names: ['trailAmount', 'trailType', 'activationPrice', 'linkedOrderId', 'accountId'].map(
          (field) => `Order.${field}`,
        ),
        because: 'Nor has it trailing stops, linked orders or portfolios.',
      },
    ],
  },
}
