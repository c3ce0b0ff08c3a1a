/** Owns `sandbox`: the venues alone, for writing a consumer before there is a key. */
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { SandboxReady } from '../sandbox/run.ts'
import { type Act, type CommonOptions, describeCommand, type Run, UsageError } from './command.ts'
import { beginLifetime } from './lifetime.ts'

interface SandboxOptions extends CommonOptions {
  seed?: string
  rate?: string
  reset?: boolean
  story?: boolean
  leash?: boolean
}

/** The market could not be told apart from a flood beyond this. */
const MAX_RATE = 1_000

export function addSandbox(program: Command, act: Act): void {
  const command = program
    .command('sandbox')
    .description('run the venues on this machine, with a market that trades by itself and a configuration to read them')
    .argument(
      '[directory]',
      'holds the configuration, its keys and the truth; continued if it was used before',
      './sandbox',
    )
    .option('--seed <text>', 'the same seed makes the same accounts and the same market', '1')
    .option('--rate <n>', 'what happens in the market a second, 0 for nothing by itself', '1')
    .option('--story', 'tell the half minute that the demo tells, over and over')
    .option('--reset', 'forget what happened before')
    .addOption(new Option('--leash', 'end when stdin does').hideHelp())
  describeCommand(
    command,
    'ordersync sandbox ./sandbox --rate 5\nordersync start --config ./sandbox/ordersync.yaml',
  ).action(act<SandboxOptions>(sandbox))
}

async function sandbox(
  { world, print }: Run,
  options: SandboxOptions,
  [directory = '']: readonly string[],
): Promise<void> {
  using lifetime = beginLifetime(world, () => {})
  // Whoever started this may be killed without a word: its end of the pipe closes all the same.
  if (options.leash === true) world.onStdinEnd(lifetime.end)
  const { runSandbox } = await import('../sandbox/run.ts')
  await runSandbox({
    directory: resolve(world.cwd, directory),
    seed: options.seed ?? '1',
    clock: world.clock,
    signal: lifetime.over,
    reset: options.reset === true,
    ratePerSecond: parseRate(options.rate ?? '1'),
    story: options.story === true ? 'demo' : 'none',
    onReady: (ready) => print.result(ready, () => describe(ready)),
  })
}

function parseRate(text: string): number {
  const rate = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : -1
  if (rate >= 0 && rate <= MAX_RATE) return rate
  throw new UsageError(`--rate takes a number from 0 to ${MAX_RATE}`)
}

const describe = ({ config, seed, control, venues, accounts }: SandboxReady) =>
  [
    `sandbox of seed ${seed} with the accounts ${accounts.join(', ')}`,
    ...Object.entries(venues).map(([venue, { rest, ws }]) => `  ${venue.padEnd(10)} ${rest}  ${ws}`),
    `  ${'control'.padEnd(10)} ${control}`,
    `mirror it in another terminal: ordersync start --config ${config}`,
  ].join('\n')
