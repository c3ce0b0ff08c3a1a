/** Owns what is read before a report is reconciled: the orders it concerns, in a fixed number of statements. */
import { type Fill, type Order, type OrderKey, type OrderKind, type OrderRef, orderKey } from '../core/order.ts'
import type { Stored } from '../core/outcome.ts'
import type { Scope } from '../core/report.ts'
import { type FillRow, fillOf } from './fill-row.ts'
import type { Connection } from './open.ts'
import { type OrderTuple, orderOf, SELECT_ORDER } from './order-row.ts'

/** What a report concerns: the orders it names, and the scope it looked at. */
export interface Want {
  refs: readonly OrderRef[]
  scope: Scope | null
}

/** Of the orders whose end nobody knows, the newest are loaded with a scope. Older ones come back when a report names them. */
export const MAX_UNKNOWN_LOADED = 1_000

export type Loader = (account: string, want: Want) => Stored

export function createLoader(db: Connection): Loader {
  const inScope = createScopeReader(db)
  const named = createNamedReader(db)
  return (account, { refs, scope }) => {
    const orders = new Map<OrderKey, Order>()
    const add = (rows: readonly OrderTuple[]) => {
      for (const row of rows) {
        const order = orderOf(row)
        orders.set(orderKey(order), order)
      }
    }
    if (scope !== null) add(inScope(account, scope))
    const fills: FillRow[] = []
    for (const [kind, ids] of idsByKind(refs)) {
      add(named.orders(account, kind, missingFrom(orders, kind, ids)))
      // A replace link changes both ends, so both ends of every link of the named are needed.
      const before = ids.flatMap((id) => orders.get(`${kind}/${id}`)?.facts.replaces ?? [])
      add(named.orders(account, kind, missingFrom(orders, kind, before)))
      add(named.successors(account, kind, ids))
      fills.push(...named.fills(account, kind, ids))
    }
    return { orders, fills: groupFills(fills) }
  }
}

function idsByKind(refs: readonly OrderRef[]): Map<OrderKind, string[]> {
  const ids = new Map<OrderKind, string[]>()
  for (const { kind, venueOrderId } of refs) {
    const known = ids.get(kind)
    if (known === undefined) ids.set(kind, [venueOrderId])
    else known.push(venueOrderId)
  }
  return ids
}

const missingFrom = (orders: ReadonlyMap<OrderKey, unknown>, kind: OrderKind, ids: readonly string[]) =>
  ids.filter((id) => !orders.has(`${kind}/${id}`))

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

/** One statement for any number of ids. `cross join` keeps SQLite from scanning the table and probing the list. */
function createNamedReader(db: Connection) {
  type Bind = [ids: string, account: string, kind: OrderKind]
  const orders = db
    .prepare<Bind, OrderTuple>(`
      select ${SELECT_ORDER} from json_each(?) r cross join orders o
      where o.account = ? and o.kind = ? and o.venue_order_id = r.value`)
    .raw()
  const successors = db
    .prepare<Bind, OrderTuple>(`
      select ${SELECT_ORDER} from json_each(?) r cross join orders o
      where o.account = ? and o.kind = ? and o.replaces is not null and o.replaces = r.value`)
    .raw()
  const fills = db.prepare<Bind, FillRow>(`
    select f.* from json_each(?) r cross join fills f
    where f.account = ? and f.kind = ? and f.venue_order_id = r.value order by f.rowid`)
  // Most accounts know no replace chains, and asking once is cheaper than probing for every order of a long list.
  const anyChain = db.prepare<[string]>('select 1 from orders where account = ? and replaces is not null limit 1')
  return {
    orders: (account: string, kind: OrderKind, ids: readonly string[]) =>
      ids.length === 0 ? [] : orders.all(JSON.stringify(ids), account, kind),
    successors: (account: string, kind: OrderKind, ids: readonly string[]) =>
      anyChain.get(account) === undefined ? [] : successors.all(JSON.stringify(ids), account, kind),
    fills: (account: string, kind: OrderKind, ids: readonly string[]) => fills.all(JSON.stringify(ids), account, kind),
  }
}

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
