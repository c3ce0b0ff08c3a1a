/** Owns `backup`: a copy of a database that may be in use. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { backupDatabase } from '../store/backup.ts'
import { type Act, type CommonOptions, describeCommand, type Run } from './command.ts'

export function addBackup(program: Command, act: Act): void {
  const command = program
    .command('backup')
    .description('copy the database, also while the daemon runs; the copy is a log of its own')
    .argument('<file>', 'the copy; a file that is there is never overwritten')
  describeCommand(command, 'ordersync backup /var/backups/orders-2026-11-21.db').action(act<CommonOptions>(backup))
}

function backup(run: Run, _options: CommonOptions, [file = '']: readonly string[]): void {
  const { world, print } = run
  const { database } = run.readerConfig()
  const target = resolve(world.cwd, file)
  backupDatabase(database, target, world.newId)
  print.result({ database, backup: target }, () => `copied ${database} to ${target}`)
}
