/** Owns the rows of accounts: who they are, how they do, and how far each was read. */
import { eq, getTableColumns, notInArray, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { VenueName } from '../core/order.ts'
import type { Scope } from '../core/report.ts'
import { AccountIdentityError } from './errors.ts'
import { scopeKeys } from './load.ts'
import type { Connection } from './open.ts'
import { type AccountState, accounts, scopes } from './schema.ts'

type StoredAccount = typeof accounts.$inferSelect

/** One row of the accounts table. Times are ms since the epoch; `historyThrough` is the venue's, the others are ours. */
export type AccountRow = Omit<StoredAccount, 'pinnedIdentity' | 'partitions'>

/** What `sync` may change. The counters follow from what is written. */
export type AccountPatch = Partial<
  Pick<
    AccountRow,
    'state' | 'streamState' | 'trackedSince' | 'lastPollAt' | 'lastCompleteAt' | 'historyThrough' | 'lastError'
  >
>

/** An account as the configuration has it. */
export interface ConfiguredAccount {
  id: string
  venue: VenueName
  environment: string
  /** Must never change under one id: host and user, wallet or subaccount. */
  identity: string
  enabled: boolean
  /** Venue time, ms; null: since it was first added. */
  trackSince: number | null
  /**
   * The parts (addresses) read now, where the account has any. They may come and go: orders of one that left keep their
   * rows and leave `open_orders`. An account none of whose parts remain points elsewhere.
   */
  partitions?: readonly string[]
}

const { pinnedIdentity: _pinned, partitions: _partitions, ...SHOWN } = getTableColumns(accounts)

export interface AccountTable {
  get(account: string): AccountRow | null
  all(): AccountRow[]
  /** Throws a RangeError where the account is not registered. */
  patch(account: string, patch: AccountPatch): void
  addRejections(account: string, count: number): void
  symbols(account: string): string[]
  scopeComplete(account: string, scope: Scope, at: number): void
  lastComplete(account: string, scope: Scope): number | null
}

export function createAccountTable(connection: Connection): AccountTable {
  const db = drizzle(connection)
  const isIt = eq(accounts.account, sql.placeholder('account'))
  const one = db.select(SHOWN).from(accounts).where(isIt).prepare()
  const all = db.select(SHOWN).from(accounts).orderBy(accounts.account).prepare()
  const symbols = connection.prepare<[{ account: string }], { symbol: string }>(SYMBOLS)
  const readScope = connection.prepare<[string, string], { at: number }>(
    'select last_complete_at as at from scopes where account = ? and scope = ?',
  )
  return {
    get: (account) => one.get({ account }) ?? null,
    all: () => all.all(),
    patch(account, patch) {
      if (Object.keys(patch).length === 0) return
      const { changes } = db.update(accounts).set(patch).where(eq(accounts.account, account)).run()
      if (changes !== 1) throw new RangeError(`account ${account} is not registered`)
    },
    addRejections(account, count) {
      const rejections = sql`${accounts.rejections} + ${count}`
      db.update(accounts).set({ rejections }).where(eq(accounts.account, account)).run()
    },
    symbols: (account) => symbols.all({ account }).map((row) => row.symbol),
    scopeComplete(account, scope, at) {
      const rows = scopeKeys(scope).map((key) => ({ account, scope: key, lastCompleteAt: at }))
      const target = [scopes.account, scopes.scope]
      if (rows.length === 0) return
      db.insert(scopes)
        .values(rows)
        .onConflictDoUpdate({ target, set: { lastCompleteAt: at } })
        .run()
    },
    lastComplete(account, scope) {
      const times = scopeKeys(scope).map((key) => readScope.get(account, key)?.at ?? null)
      return times.reduce(
        (oldest, at) => (oldest === null || at === null ? null : Math.min(oldest, at)),
        times[0] ?? null,
      )
    },
  }
}

/** Jumps from symbol to symbol through the index: a plain DISTINCT would walk every order the account ever had. */
const SYMBOLS = `
  with recursive known(symbol) as (
    select min(symbol) from orders where account = @account
    union all
    select (select min(symbol) from orders where account = @account and symbol > known.symbol)
    from known where known.symbol is not null
  )
  select symbol from known where symbol is not null`

/**
 * Makes the table agree with the configuration. A new account is tracked from `trackSince`, or from now; one that left is
 * `removed`, one switched off `disabled`, both keep their rows. Throws AccountIdentityError.
 */
export function writeAccounts(connection: Connection, configured: readonly ConfiguredAccount[], now: number): void {
  const db = drizzle(connection)
  const known = new Map(
    db
      .select()
      .from(accounts)
      .all()
      .map((row) => [row.account, row]),
  )
  for (const account of configured) {
    const before = known.get(account.id)
    if (before !== undefined) refuseElsewhere(before, account)
    const { trackSince, partitions } = account
    const changing = {
      environment: account.environment,
      identity: shownIdentity(account),
      state: stateAfter(before?.state, account.enabled),
      trackedSince: trackSince ?? before?.trackedSince ?? now,
      partitions: partitions === undefined ? null : JSON.stringify(partitions),
    }
    const { id, venue, identity } = account
    db.insert(accounts)
      .values({ account: id, venue, streamState: 'none', pinnedIdentity: identity, ...changing })
      .onConflictDoUpdate({ target: accounts.account, set: changing })
      .run()
  }
  const ids = configured.map((account) => account.id)
  db.update(accounts).set({ state: 'removed', streamState: 'none' }).where(notInArray(accounts.account, ids)).run()
}

const shownIdentity = ({ identity, partitions }: ConfiguredAccount) =>
  partitions === undefined ? identity : `${identity} ${partitions.join(',')}`

/** An account that is switched on knows nothing about itself before its first read. */
function stateAfter(before: AccountState | undefined, enabled: boolean): AccountState {
  if (!enabled) return 'disabled'
  return before === undefined || before === 'disabled' || before === 'removed' ? 'degraded' : before
}

function refuseElsewhere(stored: StoredAccount, configured: ConfiguredAccount): void {
  const before: string[] = stored.partitions === null ? [] : JSON.parse(stored.partitions)
  const now = configured.partitions ?? []
  const disjoint = before.length > 0 && now.length > 0 && !before.some((part) => now.includes(part))
  if (stored.pinnedIdentity === configured.identity && stored.venue === configured.venue && !disjoint) return
  const was = [stored.venue, stored.pinnedIdentity, ...before].join(' ')
  throw new AccountIdentityError(configured.id, was, [configured.venue, configured.identity, ...now].join(' '))
}
