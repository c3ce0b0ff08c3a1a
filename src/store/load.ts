/** Owns what is read before a report is reconciled: the orders it concerns, in a fixed number of statements. */
import { type Fill, type OrderKey, type OrderRef, orderKey } from '../core/order.ts'
import type { Stored } from '../core/outcome.ts'
import type { Scope } from '../core/report.ts'
import { type FillRow, fillOf } from './fill-row.ts'
import type { Connection } from './open.ts'
import { type OrderTuple, orderOf, SELECT_ORDER, type StoredOrder } from './order-row.ts'

/** What a report concerns: the orders it names, and the scope it looked at. */
export interface Want {
  refs: readonly OrderRef[]
  scope: Scope | null
}

/** What {@link Stored} is, and of each order whether only `corrected` may still be written about it. */
export interface LoadedOrders extends Stored {
  orders: ReadonlyMap<OrderKey, StoredOrder>
}

/** Of the orders whose end nobody knows, the newest are loaded with a scope. Older ones come back when a report names them. */
export const MAX_UNKNOWN_LOADED = 1_000

export type Loader = (account: string, want: Want) => LoadedOrders

export function createLoader(db: Connection): Loader {
  const named = db.prepare<[Named], OrderTuple>(NAMED).raw()
  const linked = db.prepare<[Named], OrderTuple>(LINKED).raw()
  const fills = db.prepare<[Named], FillRow>(FILLS)
  const inScope = createScopeReader(db)
  return (account, { refs, scope }) => {
    const orders = new Map<OrderKey, StoredOrder>()
    const add = (rows: readonly OrderTuple[]) => {
      for (const row of rows) {
        const order = orderOf(row)
        orders.set(orderKey(order), order)
      }
    }
    if (scope !== null) add(inScope(account, scope))
    if (refs.length === 0) return { orders, fills: new Map() }
    const missing = refs.filter((ref) => !orders.has(orderKey(ref)))
    if (missing.length > 0) add(named.all({ account, refs: refsJson(missing) }))
    const all: Named = { account, refs: refsJson(refs) }
    add(linked.all(all))
    return { orders, fills: groupFills(fills.all(all)) }
  }
}

interface Named {
  account: string
  /** JSON: `[kind, venue order id]` each. */
  refs: string
}

const refsJson = (refs: readonly OrderRef[]) =>
  JSON.stringify(refs.map(({ kind, venueOrderId }) => [kind, venueOrderId]))

function groupFills(rows: readonly FillRow[]): Map<OrderKey, Fill[]> {
  const fills = new Map<OrderKey, Fill[]>()
  for (const row of rows) {
    const key: OrderKey = `${row.kind}/${row.venue_order_id}`
    const known = fills.get(key)
    if (known === undefined) fills.set(key, [fillOf(row)])
    else known.push(fillOf(row))
  }
  return fills
}

// `cross join` keeps SQLite from scanning the table and probing the list.
const NAMED = `
  select ${SELECT_ORDER} from json_each(@refs) r cross join orders o
  where o.account = @account and o.kind = r.value ->> 0 and o.venue_order_id = r.value ->> 1`

/** Predecessors and successors of the named: a replace link changes both ends. */
const LINKED = `
  select ${SELECT_ORDER} from json_each(@refs) r cross join orders n cross join orders o
  where n.account = @account and n.kind = r.value ->> 0 and n.venue_order_id = r.value ->> 1 and n.replaces is not null
    and o.account = @account and o.kind = n.kind and o.venue_order_id = n.replaces
  union all
  select ${SELECT_ORDER} from json_each(@refs) r cross join orders o
  where o.account = @account and o.replaces is not null and o.replaces = r.value ->> 1 and o.kind = r.value ->> 0`

const FILLS = `
  select f.* from json_each(@refs) r cross join fills f
  where f.account = @account and f.venue_order_id = r.value ->> 1 and f.kind = r.value ->> 0
  order by f.rowid`

function createScopeReader(db: Connection): (account: string, scope: Scope) => OrderTuple[] {
  type Bind = { account: string; kinds: string; part: string }
  const prepare = (part: string) => ({
    open: db.prepare<[Bind], OrderTuple>(`${LIVE} and status = 'open' ${part}`).raw(),
    unknown: db
      .prepare<[Bind], OrderTuple>(
        `${LIVE} and status = 'unknown' ${part} order by id desc limit ${MAX_UNKNOWN_LOADED}`,
      )
      .raw(),
  })
  const statements = {
    account: prepare(`and @part = ''`),
    symbol: prepare('and symbol = @part'),
    partition: prepare('and partition = @part'),
  }
  return (account, scope) => {
    const bind: Bind = { account, kinds: JSON.stringify(scope.kinds), part: scopePart(scope) }
    return [...statements[scope.of].open.all(bind), ...statements[scope.of].unknown.all(bind)]
  }
}

const LIVE = `select ${SELECT_ORDER} from orders o where account = @account and +kind in (select value from json_each(@kinds))`

/** What tells this scope from others of its sort; empty for a whole account. */
const scopePart = (scope: Scope): string => {
  if (scope.of === 'account') return ''
  return scope.of === 'symbol' ? scope.symbol : scope.partition
}

/** The rows of the scopes table that make up a scope, one a kind: `kind/account`, `kind/symbol/…`, `kind/partition/…`. */
export const scopeKeys = (scope: Scope): string[] =>
  scope.kinds.map((kind) => (scope.of === 'account' ? `${kind}/account` : `${kind}/${scope.of}/${scopePart(scope)}`))
