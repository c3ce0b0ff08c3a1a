/** Owns `verify`: checks over the whole database what the log promises. */
import type { Command } from 'commander'
import { openReader } from '../store/read.ts'
import { type Act, type CommonOptions, describeCommand, NegativeResult, type Run } from './command.ts'
import { plain, words } from './print.ts'

export function addVerify(program: Command, act: Act): void {
  const command = program.command('verify').description('check that events and orders agree, over the whole database')
  describeCommand(command, 'ordersync verify && echo sound').action(act<CommonOptions>(verify))
}

function verify(run: Run): void {
  const { print } = run
  const { database } = run.readerConfig()
  using reader = openReader(database)
  const { problems, ...checked } = reader.verify()
  for (const problem of problems) {
    print.result(problem, () =>
      plain(words(problem.order, problem.seq === null ? null : `seq ${problem.seq}`, problem.problem)),
    )
  }
  if (problems.length > 0)
    throw new NegativeResult(
      `${database} breaks its promises in ${problems.length} places: keep a copy, and restore a backup`,
    )
  print.result({ sound: true, ...checked }, () => `sound: ${checked.events} events of ${checked.orders} orders`)
}
