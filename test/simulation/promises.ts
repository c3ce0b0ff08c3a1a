/** Owns the comparison of what the database says with what really happened. An empty list means every promise held. */
import { compare, decimal, max } from '../../src/core/decimal.ts'
import type { SandboxAccount } from '../../src/sandbox/credentials.ts'
import { knowable } from '../../src/sandbox/knowable.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { stateOf, type TrueOrder } from '../../src/sandbox/truth.ts'
import type { Store } from '../../src/store/commit.ts'
import type { EventRecord, OrderRecord } from '../../src/store/records.ts'

export interface Findings {
  /** What must never be, at any moment. */
  wrong: string[]
  /** What must not be once everything is quiet and read. */
  late: string[]
}

export function examine(sandbox: Sandbox, store: Store): Findings {
  const rows = new Map<string, OrderRecord>()
  let after: string | undefined
  for (;;) {
    const page = store.read.orders({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    for (const row of page.orders) rows.set(keyOf(row), row)
    if (page.next === null) break
    after = page.next
  }
  const truths = sandbox.accounts.flatMap(({ id }) => [...sandbox.truth(id)])
  const late = sandbox.accounts.flatMap((account) =>
    sandbox.truth(account.id).flatMap((truth) => differences(sandbox, account, truth, rows.get(trueKey(truth)))),
  )
  const wrong = [
    ...store.read.verify().problems.map((problem) => `verify: ${JSON.stringify(problem)}`),
    ...sandbox.violations().map((violation) => `a trader's request left: ${JSON.stringify(violation)}`),
    ...eventsAgainst(store, new Map(truths.map((truth) => [trueKey(truth), truth]))),
  ]
  const known = new Set(truths.map(trueKey))
  for (const key of rows.keys()) if (!known.has(key)) wrong.push(`${key} never existed`)
  return { wrong, late }
}

const keyOf = (row: { account: string; kind: string; venue_order_id: string }) =>
  `${row.account}/${row.kind}/${row.venue_order_id}`
const trueKey = (truth: TrueOrder) => `${truth.account}/${truth.kind}/${truth.id}`

function differences(
  sandbox: Sandbox,
  account: SandboxAccount,
  truth: TrueOrder,
  row: OrderRecord | undefined,
): string[] {
  const { status, price } = stateOf(truth)
  const name = `${trueKey(truth)} (${truth.type} ${truth.timeInForce})`
  if (status === 'rejected') return row === undefined ? [] : [`${name} was rejected and has a row`]
  const known = knowable(sandbox, account, truth)
  if (row === undefined) return known.mustHaveRow ? [`${name} has no row; it is ${status}`] : []
  const wanted: [string, unknown, unknown][] = [
    ['side', row.side, known.side],
    ['client_order_id', row.client_order_id, known.clientOrderId],
  ]
  if (known.filled !== null) wanted.push(['filled_quantity', row.filled_quantity, known.filled])
  if (known.quantity !== null) wanted.push(['quantity', row.quantity, known.quantity])
  if (known.replacedBy !== undefined) wanted.push(['replaced_by', row.replaced_by, known.replacedBy])
  if (status === 'open' && row.status === 'open' && truth.type === 'limit') wanted.push(['price', row.price, price])
  const statuses: readonly string[] = known.statuses
  return [
    ...(statuses.includes(row.status) ? [] : [`${name} status is ${row.status}, really ${status}`]),
    ...wanted.flatMap(([fact, ours, theirs]) =>
      ours === theirs ? [] : [`${name} ${fact} is ${ours}, really ${theirs}`],
    ),
  ]
}

/** An event may come late, but what it says with proof must be true. */
function eventsAgainst(store: Store, truths: ReadonlyMap<string, TrueOrder>): string[] {
  const wrong: string[] = []
  for (let after = 0; ; ) {
    const { events } = store.read.events({ after, limit: 1_000 })
    for (const event of events) wrong.push(...eventAgainst(event, truths.get(keyOf(event))))
    const last = events.at(-1)
    if (last === undefined) return wrong
    after = last.seq
  }
}

function eventAgainst(event: EventRecord, truth: TrueOrder | undefined): string[] {
  const name = `event ${event.seq} ${event.type} of ${keyOf(event)}`
  if (truth === undefined) return [`${name}: the order never existed`]
  const { status } = stateOf(truth)
  if (status === 'rejected') return [`${name}: it was rejected`]
  const claims = event.type === 'filled' || event.type === 'cancelled'
  if (claims && event.evidence !== 'inferred' && status !== event.type)
    return [`${name} by ${event.evidence}: it is ${status}`]
  const most = truth.states.map((state) => state.filled).reduce(max)
  if (compare(decimal(event.filled_quantity), most) > 0) return [`${name}: filled ${event.filled_quantity} of ${most}`]
  return []
}
