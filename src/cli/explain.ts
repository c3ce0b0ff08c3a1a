/** Owns `explain`: everything seen and decided about one order, in the order it happened. */
import type { Command } from 'commander'
import type { Explanation, FullRef } from '../store/pages.ts'
import { openReader, type StoreReader } from '../store/read.ts'
import type { OrderRecord } from '../store/records.ts'
import { type Act, type CommonOptions, describeCommand, NegativeResult, type Run } from './command.ts'
import { formatDate } from './event-line.ts'
import { type Printer, plain, words } from './print.ts'

export function addExplain(program: Command, act: Act): void {
  const command = program
    .command('explain')
    .description('print everything seen and decided about one order')
    .argument('<order>', 'account/kind/id, or the id of the venue or of the client if only one order has it')
  const example = 'ordersync explain qfex-main/order/5b309929-206f-40ec-804d-cbe46e81afc9'
  describeCommand(command, example).action(act<CommonOptions>(explain))
}

function explain(run: Run, _options: CommonOptions, [text = '']: readonly string[]): void {
  const { print } = run
  using reader = openReader(run.readerConfig().database)
  const order = findOne(reader, print, text)
  const explanation = reader.explain({ account: order.account, kind: order.kind, venueOrderId: order.venue_order_id })
  print.result(explanation, () => describe(explanation, print).join('\n'))
}

function findOne(reader: StoreReader, print: Printer, text: string): OrderRecord {
  const found = reader.findOrder(text)
  if ('order' in found) return found.order
  if (found.candidates.length === 0) {
    throw new NegativeResult('no order has this id: give account/kind/id, or see `ordersync orders --status all`')
  }
  for (const candidate of found.candidates)
    print.result({ candidate: nameOf(candidate) }, () => plain(nameOf(candidate)))
  throw new NegativeResult('more than one order has this id: give one of the names above')
}

const nameOf = ({ account, kind, venueOrderId }: FullRef) => `${account}/${kind}/${venueOrderId}`

/** Decisions and events on one line of time. Of one instant, the decision comes before the event it made. */
function describe({ order, events, fills, observations }: Explanation, print: Printer): string[] {
  const decisions = observations.map(({ at, source, effect, why, said }) => ({
    at,
    text: words(
      print.paint('dim', source),
      effect,
      '-',
      plain(why),
      said === '' ? null : print.paint('dim', `[${plain(said)}]`),
    ),
  }))
  const written = events.map((event) => ({
    at: event.recorded_at,
    text: words(
      print.paint('bold', `#${event.seq} ${event.type}`),
      event.fill_quantity === null
        ? null
        : words(event.fill_quantity, event.fill_price === null ? null : `@ ${event.fill_price}`),
      `filled ${event.filled_quantity}`,
      event.quantity === null ? null : `of ${event.quantity}`,
      print.paint('dim', words(event.evidence, event.reason)),
    ),
  }))
  const trades = fills.map(({ venue_time, trade_id, quantity, price, fee, fee_asset }) =>
    words(
      '  trade',
      plain(trade_id),
      quantity,
      price === null ? null : `@ ${price}`,
      fee === null ? null : `fee ${words(fee, fee_asset)}`,
      venue_time === null ? null : formatDate(venue_time),
    ),
  )
  const line = [...decisions, ...written].toSorted((a, b) => a.at - b.at)
  return [
    ...(order === null ? [] : describeOrder(order, print)),
    ...line.map(({ at, text }) => `  ${print.paint('dim', formatDate(at))} ${text}`),
    ...trades,
  ]
}

function describeOrder(order: OrderRecord, { paint }: Printer): string[] {
  const name = `${order.account}/${order.kind}/${order.venue_order_id}`
  const terms = words(
    order.side ?? order.position_side,
    order.type,
    order.quantity,
    order.price === null ? null : `@ ${order.price}`,
  )
  const state = words(order.status, order.reason, `by ${order.evidence}`, `filled ${order.filled_quantity}`)
  const missing = order.missing_since === null ? [] : [`  missing since ${formatDate(order.missing_since)}`]
  return [paint('bold', plain(name)), `  ${plain(order.symbol)} ${terms}`, `  ${state}`, ...missing]
}
