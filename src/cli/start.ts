/** Owns `start`: the daemon, from its configuration to its last closed socket. */
import type { Command } from 'commander'
import type { Logger } from 'pino'
import type { App } from '../app.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import { type Config, secretsOf } from '../config.ts'
import { createLog, type Log, type LogOptions } from '../log.ts'
import { type Act, type CommonOptions, describeCommand, type Run } from './command.ts'
import { aborted, beginLifetime, drain } from './lifetime.ts'
import type { World } from './world.ts'

interface StartOptions extends CommonOptions {
  http?: boolean
}

export function addStart(program: Command, act: Act): void {
  const command = program
    .command('start')
    .description('run the daemon until it is told to stop; SIGHUP makes it read its configuration again')
    .option('--no-http', 'serve nothing over HTTP, whatever the configuration says')
  describeCommand(command, 'ordersync start --config /etc/ordersync/ordersync.yaml').action(act<StartOptions>(start))
}

async function start(run: Run, options: StartOptions): Promise<void> {
  const { world } = run
  const load = (): Config => {
    const config = run.config()
    return options.http === false ? { ...config, http: null } : config
  }
  const config = load()
  const log = createLog({
    write: world.stderr.write,
    level: options.debug === true ? 'debug' : 'info',
    format: logFormat(world),
    wall: world.clock.wall,
  })
  welcome(config, log)
  let reloading: Promise<void> = Promise.resolve()
  let app: App | null = null
  using lifetime = beginLifetime(world, () => {
    reloading = reloading.then(() => reload(load, log, app))
  })
  // Loaded when it is needed: the commands that only read start in a fraction of the time without it.
  const { createApp } = await import('../app.ts')
  app = await createApp(config, { ...world, log: log.logger })
  await aborted(lifetime.over)
  log.logger.info('stopping')
  await drain(world, 'the daemon', app)
  log.logger.info('stopped')
}

/** JSON in a pipe, for programs; text at a terminal, for people. */
export function logFormat({ stderr, env }: World): LogOptions['format'] {
  if (!stderr.terminal) return 'json'
  return env.NO_COLOR || env.TERM === 'dumb' ? 'text' : 'colour'
}

/** From here on its secrets are out of the log. */
export function welcome(config: Config, { logger, hide }: Log): void {
  hide(secretsOf(config))
  for (const warning of config.warnings) logger.warn({ warning }, 'configuration warning')
}

/** What cannot be used changes nothing: the daemon goes on as it was. */
async function reload(load: () => Config, log: Log, app: App | null): Promise<void> {
  if (app === null) return
  try {
    const config = load()
    welcome(config, log)
    await app.reload(config)
    log.logger.info({ accounts: config.accounts.length }, 'configuration read again')
  } catch (error) {
    refuse(log.logger, error)
  }
}

function refuse(log: Logger, error: unknown): void {
  if (!(error instanceof ConfigError)) {
    log.error({ err: error }, 'configuration not taken over')
    return
  }
  for (const problem of error.problems) log.error({ problem: formatProblem(problem) }, 'configuration not taken over')
}
