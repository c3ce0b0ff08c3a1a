/** Owns `status`: how the accounts do, who owns the database, and whether anything needs a person. */
import type { Command } from 'commander'
import type { AccountRow } from '../store/accounts.ts'
import type { LockHolder } from '../store/errors.ts'
import { readHolder } from '../store/lock.ts'
import { walBytes } from '../store/open.ts'
import { openReader } from '../store/read.ts'
import { type Act, type CommonOptions, describeCommand, NegativeResult, type Run } from './command.ts'
import { formatAge, formatDate } from './event-line.ts'
import { type Cell, type Column, type Printer, plain, type Style } from './print.ts'

interface StatusOptions extends CommonOptions {
  check?: boolean
}

export function addStatus(program: Command, act: Act): void {
  const command = program
    .command('status')
    .description('print the accounts and their health')
    .option('--check', 'exit 1 if any is not well, or if no daemon runs')
  describeCommand(command, 'ordersync status --check').action(act<StatusOptions>(status))
}

interface Status {
  database: string
  log_id: string
  last_seq: number
  wal_bytes: number
  daemon: LockHolder | null
  queue: string | null
  accounts: ReturnType<typeof accountRecord>[]
  /** One line each: what is not well. */
  troubles: string[]
}

async function status(run: Run, options: StatusOptions): Promise<void> {
  const { print } = run
  const found = await readStatus(run)
  print.result(found, () => {
    printStatus(found, print, run.world.clock.wall())
    return found.troubles.length === 0
      ? print.paint('green', 'all is well')
      : found.troubles.map((trouble) => print.paint('red', trouble)).join('\n')
  })
  if (options.check === true && found.troubles.length > 0) throw new NegativeResult('')
}

async function readStatus(run: Run): Promise<Status> {
  // Loaded when it is needed: the queue's own library takes as long to load as all the rest.
  const { readConnectionFile } = await import('../queue/connection-file.ts')
  const { database } = run.readerConfig()
  using reader = openReader(database)
  const { logId, lastSeq } = reader.meta()
  const daemon = readHolder(database)
  const now = run.world.clock.wall()
  const paces = pacesOf(run)
  const accounts = reader.accounts()
  const troubles = accounts.flatMap((account) => troubleOf(account, paces.get(account.account) ?? null, now) ?? [])
  return {
    database,
    log_id: logId,
    last_seq: lastSeq,
    wal_bytes: walBytes(database),
    daemon,
    queue: daemon === null ? null : (readConnectionFile(database)?.address.engine ?? null),
    accounts: accounts.map(accountRecord),
    troubles: daemon === null ? ['no daemon runs: ordersync start', ...troubles] : troubles,
  }
}

/** The longest an account may go without a poll, by its settings; none where the configuration cannot be read as a whole. */
function pacesOf(run: Run): Map<string, number> {
  try {
    const { accounts } = run.config()
    return new Map(accounts.map(({ id, poll }) => [id, Math.max(poll.everyMs, poll.whileStreamingMs)]))
  } catch {
    return new Map()
  }
}

/** A daemon that hangs keeps its lock and its last words, so that silence counts too. */
const SILENT_AFTER_PACES = 3
/** Retries and back-off of one poll may take this much longer. */
const SILENCE_MARGIN_MS = 60_000

function troubleOf(account: AccountRow, paceMs: number | null, now: number): string | null {
  const { state, lastPollAt, lastError } = account
  if (state === 'disabled' || state === 'removed') return null
  if (state !== 'ok') return `${account.account} is ${state}${lastError === null ? '' : `: ${plain(lastError)}`}`
  if (paceMs === null || lastPollAt === null) return null
  const silentMs = now - lastPollAt
  if (silentMs <= SILENT_AFTER_PACES * paceMs + SILENCE_MARGIN_MS) return null
  return `${account.account} was last polled ${formatAge(lastPollAt, now)} ago: the daemon does not get to it`
}

/** The public columns by their own names. */
const accountRecord = (row: AccountRow) => ({
  account: row.account,
  venue: row.venue,
  environment: row.environment,
  identity: row.identity,
  state: row.state,
  stream_state: row.streamState,
  tracked_since: row.trackedSince,
  last_poll_at: row.lastPollAt,
  last_complete_at: row.lastCompleteAt,
  history_through: row.historyThrough,
  open_orders: row.openOrders,
  missing: row.missing,
  unknown: row.unknown,
  quarantined: row.quarantined,
  last_error: row.lastError,
})

const COLUMNS: readonly Column[] = [
  { title: 'ACCOUNT' },
  { title: 'VENUE' },
  { title: 'STATE' },
  { title: 'STREAM' },
  { title: 'READ', align: 'right' },
  { title: 'HISTORY', align: 'right' },
  { title: 'OPEN', align: 'right' },
  { title: 'MISSING', align: 'right' },
  { title: 'UNKNOWN', align: 'right' },
  { title: 'QUARANTINED', align: 'right' },
]

const STATE_STYLES: Record<AccountRow['state'], Style> = {
  ok: 'green',
  degraded: 'yellow',
  blind: 'yellow',
  refused: 'red',
  disabled: 'dim',
  removed: 'dim',
}

function printStatus(found: Status, print: Printer, now: number): void {
  const { daemon } = found
  const owner = daemon === null ? 'none' : `process ${daemon.pid} on ${daemon.host} since ${formatDate(daemon.since)}`
  print.line(
    `database ${found.database} (log ${found.log_id}, seq ${found.last_seq}, wal ${formatBytes(found.wal_bytes)})`,
  )
  print.line(`daemon   ${owner}`)
  if (daemon !== null) print.line(`queue    ${found.queue ?? 'not known to this user'}`)
  print.line('')
  print.table(
    COLUMNS,
    found.accounts.map((account): (Cell | string)[] => [
      account.account,
      account.environment === 'production' ? account.venue : `${account.venue} (${account.environment})`,
      { text: account.state, style: STATE_STYLES[account.state] },
      account.stream_state,
      formatAge(account.last_complete_at, now),
      formatAge(account.history_through, now),
      String(account.open_orders),
      String(account.missing),
      String(account.unknown),
      String(account.quarantined),
    ]),
  )
  print.line('')
}

function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
