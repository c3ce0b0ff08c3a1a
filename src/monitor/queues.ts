/** Owns `/queues`: Bull Board with nothing in it that writes, under our own Content-Security-Policy. */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import type { AppControllerRoute } from '@bull-board/api/typings/app'
import { FastifyAdapter } from '@bull-board/fastify'
import type { Queue } from 'bullmq'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { contentSecurityPolicy } from './headers.ts'
import type { Health } from './health.ts'
import { wordsOf } from './refusal.ts'

const QUEUES_PATH = '/queues'

/** The one style sheet Bull Board inserts: the colours of its data store icon. A release may change it. */
const ICON_COLOURS = 'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='
const BOARD_POLICY = contentSecurityPolicy(ICON_COLOURS)

export interface QueuesDeps {
  queues: () => readonly Queue[]
  health: () => Health
  log: Logger
}

export async function addQueueRoutes(app: FastifyInstance, deps: QueuesDeps): Promise<void> {
  const adapters = new WeakMap<Queue, BullMQAdapter>()
  const adapterOf = (queue: Queue) => {
    const adapter = adapters.get(queue) ?? new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false })
    adapters.set(queue, adapter)
    return adapter
  }
  const serverAdapter = new ReadingAdapter(deps.log).setBasePath(QUEUES_PATH)
  const uiConfig = { boardTitle: 'ordersync queues', hideDocsLink: true, miscLinks: [{ text: 'ordersync', url: '/' }] }
  const board = createBullBoard({ queues: [], serverAdapter, options: { uiConfig } })
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', (request, reply, done) => {
        // An engine that is down would take the question and keep it, one more at every refresh of the page.
        if (isQuestion(request.url) && deps.health().engine?.reachable === false) {
          return void reply.code(503).send({ error: 'the queue engine cannot be reached' })
        }
        board.replaceQueues(deps.queues().map(adapterOf))
        done()
      })
      scope.addHook('onSend', (_request, reply, payload, done) => done(null, tamed(reply, payload)))
      await scope.register(serverAdapter.registerPlugin())
    },
    { prefix: QUEUES_PATH },
  )
}

/** Bull Board's server without its writing half: what is not there needs no check of a flag. */
class ReadingAdapter extends FastifyAdapter {
  readonly #log: Logger

  constructor(log: Logger) {
    super()
    this.#log = log
  }

  override setApiRoutes(routes: AppControllerRoute[]): FastifyAdapter {
    return super.setApiRoutes(routes.filter(({ method }) => [method].flat().every((each) => each === 'get')))
  }

  /** Its own handler passes on the message of whatever was thrown. */
  override setErrorHandler(): this {
    return super.setErrorHandler((err) => {
      // A path out of the static folder, say: there is nothing, and nothing to log.
      if (isClientError(err)) return { status: 404, body: { error: 'not found' } }
      this.#log.error({ err }, 'queue monitor failed')
      return { status: 500, body: { error: wordsOf(500) } }
    })
  }
}

const isClientError = (error: Error): boolean =>
  'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500

const isQuestion = (url: string): boolean => url.startsWith(`${QUEUES_PATH}/api/`)

/** Takes the web fonts and inline styles (a loading screen) out of its page: the policy forbids them anyway, aloud. */
function tamed(reply: FastifyReply, payload: unknown): unknown {
  if (typeof payload !== 'string' || !String(reply.getHeader('content-type')).startsWith('text/html')) return payload
  reply.header('content-security-policy', BOARD_POLICY)
  return payload
    .replace(/<link href="https:[^>]*>/g, '')
    .replace(/<style>[^<]*<\/style>/g, '')
    .replace(/ style="[^"]*"/g, '')
}
