/** Owns `migrate`: brings a database that no daemon owns to this version's shape. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { openStore } from '../store/commit.ts'
import { type Act, type CommonOptions, describeCommand, type Run } from './command.ts'

export function addMigrate(program: Command, act: Act): void {
  const command = program
    .command('migrate')
    .description('bring the database to the shape of this version, after a backup beside it')
  describeCommand(command, 'ordersync migrate --config /etc/ordersync/ordersync.yaml').action(
    act<CommonOptions>(migrate),
  )
}

function migrate(run: Run): void {
  const { world, print } = run
  const { database } = run.readerConfig()
  if (!existsSync(database)) throw new Error(`${database} does not exist: \`ordersync start\` makes it`)
  const owner = { pid: world.pid, host: world.host }
  using store = openStore({ path: database, clock: world.clock, owner, newLogId: world.newId })
  const { applied, backup } = store.migrated
  print.result({ database, applied, backup }, () => {
    if (applied === 0) return `${database} has the shape of this version already`
    return `applied ${applied} ${applied === 1 ? 'step' : 'steps'} to ${database}${backup === null ? '' : `; the copy before is ${backup}`}`
  })
}
