/** Payloads as the venue's documents print them. */

export const USER = '0020ce8e-eaee-480e-8d7f-b9241d756ee5'
export const ORDER_ID = '2f05173c-992a-426b-bcaf-6b341644bb62'

export const order = {
  order_id: ORDER_ID,
  symbol: 'GOOG-USD',
  status: 'ACK',
  quantity: 2.708,
  price: 251.25,
  take_profit: 0.0,
  stop_loss: 0.0,
  side: 'SELL',
  type: 'LIMIT',
  time_in_force: 'GTC',
  user_id: USER,
  client_order_id: '7a257796-a9c1-49bd-a80b-bcccdc81c103',
  quantity_remaining: 2.708,
  update_time: 1758208770.5512846,
  trade_id: null,
}

export const twap = {
  twap_id: '0c7c8e4d-f67e-4aa5-9c64-36a1a622ac35',
  client_twap_id: 'rebalance-aapl-001',
  user_id: USER,
  status: 'ENGINE_STATUS',
  symbol: 'GOOG-USD',
  total_quantity: 5,
  filled_quantity: 1,
  average_fill_price: 251.25,
  total_num_orders: 5,
  order_interval_secs: 30,
  reduce_only: false,
  side: 'SELL',
  updated_at: 1758208770.5512846,
  created_at: 1758208700.5512846,
}

export const stop = {
  stop_order_id: '9d1c7f6e-1111-4aa5-9c64-36a1a622ac35',
  user_id: USER,
  symbol: 'GOOG-USD',
  price: 240.5,
  quantity: 2,
  direction: 'BUY',
  stop_order_type: 'STOP_LOSS',
  client_order_id: '',
  update_time: '2025-09-18T15:19:30.551285+00:00',
}

export const fill = {
  trade_id: 'b1f0f6f2-5f2f-4c4f-9d0e-2f2f2f2f2f2f',
  user_id: USER,
  symbol: 'GOOG-USD',
  price: 251.25,
  quantity: 0.5,
  side: 'SELL',
  aggressor_side: 'BUY',
  order_id: ORDER_ID,
  fee: 0.0125,
  order_type: 'LIMIT',
  tif: 'GTC',
  order_price: 251.25,
  client_order_id: '',
  remaining_quantity: 2.208,
  take_profit: 0,
  stop_loss: 0,
  execution_type: 'NEW',
  timestamp: 1758208771.25,
  realised_pnl: 0,
}

export const historic = {
  order_id: ORDER_ID,
  terminal_status: 'FILLED',
  status_ts: '2025-09-18T15:20:00.123456789Z',
  symbol: 'GOOG-USD',
  side: 'SELL',
  type: 'LIMIT',
  time_in_force: 'GTC',
  quantity: 2.708,
  price: 251.25,
  client_order_id: '7a257796-a9c1-49bd-a80b-bcccdc81c103',
  passive_qty: 2.708,
  filled_qty: 2.708,
  avg_price: 251.25,
  first_fill_ts: '2025-09-18T15:19:31Z',
  last_fill_ts: '2025-09-18T15:20:00Z',
  execution_state: 'DONE',
}

export const trade = {
  id: fill.trade_id,
  order_timestamp: 1758208771.25,
  symbol: 'GOOG-USD',
  price: 251.25,
  quantity: 0.5,
  side: 'SELL',
  fee: 0.0125,
  margin_used: 10,
  order_type: 'LIMIT',
  tif: 'GTC',
  order_id: ORDER_ID,
  realised_pnl_change: 0,
}

export const historicTwap = {
  ...{ ...twap, user_id: undefined },
  status: 'COMPLETED',
  filled_quantity: 5,
  filled_num_orders: 5,
  created_at: '2025-09-18T15:18:20.551Z',
  updated_at: '2025-09-18T15:21:20.551Z',
}

export const instrument = {
  clobPairId: '7',
  symbol: 'GOOG-USD',
  underlier_price: '251',
  price_change_24h: '0',
  default_max_leverage: 10,
  tick_size: '0.01',
  lot_size: '0.001',
  min_price: '1',
  max_price: '10000',
  min_quantity: '0.001',
  max_quantity: '10000',
  base_asset: 'GOOG',
  quote_asset: 'USD',
  margin_asset: 'USD',
  order_time_in_force: ['GTC'],
  order_types: ['LIMIT'],
  market_hours: {},
  status: 'OPEN',
  product_category: 'EQUITY',
}

/** A stop that was cancelled, as the page of `stop_cancel_order` prints it: both quantities are 0. */
export const cancelledStop = {
  ...order,
  status: 'CANCELLED',
  type: 'TAKE_PROFIT',
  quantity: 0.0,
  quantity_remaining: 0.0,
  price: 0.0,
}

/** Messages of the AsyncAPI that trade, or that would tie the user's orders to our connection. */
export const TRADING_MESSAGES = [
  { type: 'add_order', params: { symbol: 'AAPL-USD', side: 'BUY', order_type: 'LIMIT', quantity: 10, price: 150.5 } },
  { type: 'cancel_order', params: { symbol: 'AAPL-USD', order_id: ORDER_ID, cancel_order_id_type: 'order_id' } },
  { type: 'modify_order', params: { symbol: 'AAPL-USD', order_id: ORDER_ID, price: 152 } },
  { type: 'cancel_all_orders', params: {} },
  { type: 'close_position', params: { symbol: 'AAPL-USD' } },
  { type: 'add_twap', params: { symbol: 'AAPL-USD', side: 'BUY', total_quantity: 10, num_orders: 5 } },
  { type: 'cancel_stop_order', params: { stop_order_id: ORDER_ID } },
  { type: 'modify_stop_order', params: { stop_order_id: ORDER_ID } },
  { type: 'cancel_on_disconnect', params: { cancel_on_disconnect: true } },
  { type: 'set_user_leverage', params: { symbol: 'AAPL-USD', leverage: 10 } },
  { type: 'get_user_leverage', params: {} },
  { type: 'get_available_leverage_levels', params: {} },
]
