/** Owns `monitor`: HTTP beside a running daemon, in a process that only reads. */
import type { Command } from 'commander'
import { needsToken, parseListen } from '../config/schema.ts'
import type { HttpSettings, ReaderConfig } from '../config.ts'
import { secretsOf } from '../config.ts'
import { createLog } from '../log.ts'
import { readHolder } from '../store/lock.ts'
import { walBytes } from '../store/open.ts'
import { type Act, type CommonOptions, describeCommand, type Run, UsageError } from './command.ts'
import { openLateReader } from './late-reader.ts'
import { aborted, beginLifetime, drain } from './lifetime.ts'
import { logFormat } from './start.ts'

interface MonitorOptions extends CommonOptions {
  listen?: string
}

export function addMonitor(program: Command, act: Act): void {
  const command = program
    .command('monitor')
    .description('serve health, metrics and the queues over HTTP, beside a running daemon')
    .option('--listen <host:port>', 'where, if not as the configuration says')
  describeCommand(command, 'ordersync monitor --listen 127.0.0.1:9090').action(act<MonitorOptions>(monitor))
}

async function monitor(run: Run, options: MonitorOptions): Promise<void> {
  const { world } = run
  const config = run.readerConfig()
  const { listen, token } = listenAs(config, options.listen)
  const { database } = config
  const { clock, stderr } = world
  const { logger: log, hide } = createLog({
    write: stderr.write,
    level: 'info',
    format: logFormat(world),
    wall: clock.wall,
  })
  hide(secretsOf(config))
  using lifetime = beginLifetime(world, () => log.info('a monitor has nothing to reload'))
  using reader = await openLateReader(database, { clock, log, over: lifetime.over })
  if (reader === null) return
  const { observeEngine } = await import('./observed-engine.ts')
  const { fromDatabase } = await import('../monitor/from-database.ts')
  const { startMonitor } = await import('../monitor/server.ts')
  await using engine = await observeEngine({ database, clock, log })
  const view = {
    accounts: reader.accounts,
    lastSeq: () => reader.meta().lastSeq,
    walBytes: () => walBytes(database),
    lockHeld: () => readHolder(database) !== null,
    engine: engine.state,
  }
  const server = await startMonitor({
    listen,
    token: token?.reveal() ?? null,
    ...fromDatabase(view, { clock, log }),
    queues: engine.queues,
    clock,
    entropy: (bytes) => Uint8Array.from({ length: bytes }, () => Math.floor(world.chance() * 256)),
    log,
  })
  await aborted(lifetime.over)
  await drain(world, 'the HTTP server', server)
}

function listenAs(config: ReaderConfig, listen: string | undefined): HttpSettings {
  const token = config.http?.token ?? null
  if (listen === undefined) {
    if (config.http !== null) return config.http
    throw new UsageError('the configuration has http: false: say where to listen with --listen 127.0.0.1:8080')
  }
  const address = parseListen(listen)
  if (address === null) throw new UsageError('--listen takes an address such as 127.0.0.1:8080')
  if (token !== null || !needsToken(address)) return { listen: address, token }
  throw new UsageError('--listen is reachable from other machines: set http.token in the configuration first')
}
