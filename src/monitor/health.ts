/** Owns what "well" means to whoever restarts or routes to this process: alive, and ready to be relied on. */
import type { FastifyInstance } from 'fastify'

export interface AccountHealth {
  account: string
  enabled: boolean
  /** Polled at least once, with or without success. */
  attempted: boolean
  /** A word of the accounts table: `ok`, `degraded`, `refused`… */
  state: string
  /** Our wall time of the last complete read, ms; null before the first. */
  lastCompleteAt: number | null
}

export interface Health {
  database: 'open' | 'closed'
  /** `held`: a daemon owns the database, this process or the one beside it. */
  lock: 'held' | 'not_held'
  accounts: readonly AccountHealth[]
  /** Null where no queue engine runs. It is shown and never part of readiness: the queue holds no truth. */
  engine: { name: string; reachable: boolean } | null
}

/** Nothing to object to means ready. Counts and no ids, since anyone may ask. */
export function objections(health: Health): string[] {
  const waiting = health.accounts.filter((account) => account.enabled && !account.attempted).length
  return [
    ...(health.database === 'open' ? [] : ['the database is not open']),
    ...(health.lock === 'held' ? [] : ['no daemon holds the database']),
    ...(waiting === 0 ? [] : [`${waiting} of the enabled accounts not yet attempted`]),
  ]
}

export function addHealthRoutes(app: FastifyInstance, health: () => Health): void {
  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const because = objections(health())
    if (because.length === 0) return reply.send({ status: 'ready' })
    return reply.code(503).send({ status: 'not_ready', because })
  })
}
