/** Owns `orders`: the orders table through filters, page by page. */
import type { Command } from 'commander'
import type { OrderKind, OrderStatus, VenueName } from '../core/order.ts'
import { MAX_PAGE, type OrderFilter } from '../store/pages.ts'
import { openReader, type StoreReader } from '../store/read.ts'
import type { OrderRecord } from '../store/records.ts'
import { type Act, type CommonOptions, describeCommand, parseCount, parseWord, type Run } from './command.ts'
import { formatAge } from './event-line.ts'
import { type Cell, type Column, type Style, words } from './print.ts'

interface OrdersOptions extends CommonOptions {
  account?: string
  venue?: string
  symbol?: string
  status?: string
  kind?: string
  limit?: string
}

const STATUSES: readonly (OrderStatus | 'all')[] = ['open', 'filled', 'cancelled', 'unknown', 'all']
const KINDS: readonly OrderKind[] = ['order', 'algo', 'trigger']
const VENUES: readonly VenueName[] = ['qfex', 'derive', 'revolut-x', 'dexpal']
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000_000_000

export function addOrders(program: Command, act: Act): void {
  const command = program
    .command('orders')
    .description('print orders, in the order they were first seen')
    .option('--account <id>', 'only of this account')
    .option('--venue <name>', `only of this venue: ${VENUES.join(', ')}`)
    .option('--symbol <symbol>', 'only of this symbol')
    .option('--status <status>', `${STATUSES.join(', ')}`, 'open')
    .option('--kind <kind>', `only of this kind: ${KINDS.join(', ')}`)
    .option('--limit <n>', 'print at most so many', String(DEFAULT_LIMIT))
  describeCommand(command, 'ordersync orders --status all --symbol BTC-USD --json').action(act<OrdersOptions>(orders))
}

function orders(run: Run, options: OrdersOptions): void {
  const { world, print } = run
  const limit = parseCount(options.limit ?? String(DEFAULT_LIMIT), '--limit', MAX_LIMIT)
  const filter = filterOf(options)
  using reader = openReader(run.readerConfig().database)
  const found = readPages(reader, filter, limit)
  if (print.json) {
    for (const order of found.orders) print.object(order)
    return
  }
  if (found.orders.length === 0) {
    print.note('no such orders')
    return
  }
  const now = world.clock.wall()
  print.table(
    COLUMNS,
    found.orders.map((order) => rowOf(order, now)),
  )
  if (found.more) print.note(`more than ${limit}: raise --limit, or narrow the filters`)
}

function filterOf(options: OrdersOptions): OrderFilter {
  const status = parseWord(options.status ?? 'open', '--status', STATUSES)
  return {
    ...(options.account === undefined ? {} : { account: options.account }),
    ...(options.symbol === undefined ? {} : { symbol: options.symbol }),
    ...(options.venue === undefined ? {} : { venue: parseWord(options.venue, '--venue', VENUES) }),
    ...(options.kind === undefined ? {} : { kind: parseWord(options.kind, '--kind', KINDS) }),
    ...(status === 'all' ? {} : { status }),
  }
}

function readPages(reader: StoreReader, filter: OrderFilter, limit: number): { orders: OrderRecord[]; more: boolean } {
  const found: OrderRecord[] = []
  let after: string | null = null
  do {
    const page = reader.orders({
      ...filter,
      limit: Math.min(MAX_PAGE, limit - found.length),
      ...(after === null ? {} : { after }),
    })
    found.push(...page.orders)
    after = page.next
  } while (after !== null && found.length < limit)
  return { orders: found, more: after !== null }
}

const COLUMNS: readonly Column[] = [
  { title: 'ACCOUNT' },
  { title: 'SYMBOL' },
  { title: 'SIDE' },
  { title: 'TYPE' },
  { title: 'PRICE', align: 'right' },
  { title: 'QUANTITY', align: 'right' },
  { title: 'FILLED', align: 'right' },
  { title: 'STATUS' },
  { title: 'EVIDENCE', spare: true },
  { title: 'SEEN', align: 'right', spare: true },
  { title: 'ORDER' },
]

const STATUS_STYLES: Record<OrderStatus, Style> = {
  open: 'cyan',
  filled: 'green',
  cancelled: 'yellow',
  unknown: 'magenta',
}

function rowOf(order: OrderRecord, now: number): (Cell | string)[] {
  const missing = order.status === 'open' && order.missing_since !== null
  return [
    order.account,
    order.symbol,
    order.side ?? order.position_side ?? '-',
    order.type,
    order.price ?? order.trigger_price ?? '-',
    order.quantity ?? '-',
    order.filled_quantity,
    { text: words(order.status, order.reason, missing ? 'missing' : null), style: STATUS_STYLES[order.status] },
    order.evidence,
    formatAge(order.first_seen_at, now),
    // As `explain` takes it.
    order.venue_order_id,
  ]
}
