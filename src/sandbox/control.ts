/** Owns the sandbox's control port: the truth to compare with, and the levers to make things happen. */
import { z } from 'zod'
import type { Autopilot } from './autopilot.ts'
import type { SandboxAccount } from './credentials.ts'
import { GATES, setGate } from './knobs.ts'
import { type Sandbox, VENUES } from './sandbox.ts'
import { faultSchema, runScript, type ScriptRun, stepSchema } from './script.ts'

export interface ControlRequest {
  method: string
  path: string
  query: URLSearchParams
  body: string
}

export interface ControlReply {
  status: number
  body: unknown
}

export interface Control extends Disposable {
  handle(request: ControlRequest): ControlReply
}

/** Scripts at once; a further one is refused. */
const MAX_SCRIPTS = 100

const skew = z.strictObject({ venue: z.enum(VENUES), skewMs: z.number() })
const pace = z.strictObject({
  running: z.boolean().exactOptional(),
  ratePerSecond: z.number().positive().exactOptional(),
})
const knobs = z.strictObject({
  deriveRequests: z.int().positive().exactOptional(),
  deriveSockets: z.int().nonnegative().exactOptional(),
  dexpalNamesEndings: z.boolean().exactOptional(),
})
const gate = z.strictObject({ account: z.string(), address: z.int().nonnegative(), as: z.enum(GATES) })
const steps = z.array(stepSchema).max(10_000)

/** `configOf` writes the account's part of an `ordersync.yaml`. */
export function createControl(deps: {
  sandbox: Sandbox
  autopilot: Autopilot
  configOf: (account: SandboxAccount) => object
}): Control {
  const { sandbox, autopilot } = deps
  const scripts = new Set<ScriptRun>()
  const ok = (body: unknown = { done: true }): ControlReply => ({ status: 200, body })

  const routes: Readonly<Record<string, (request: ControlRequest) => ControlReply>> = {
    'GET /accounts': () => ok(sandbox.accounts.map(deps.configOf)),
    'GET /truth': ({ query }) => ok(sandbox.market.orders(query.get('account') ?? undefined)),
    'GET /violations': () => ok(sandbox.violations()),
    'GET /faults': () => ok({ pending: sandbox.faults.pending(), struck: sandbox.faults.counts() }),
    'POST /faults': ({ body }) => {
      for (const fault of z.array(faultSchema).parse(listOf(JSON.parse(body)))) sandbox.faults.add(fault)
      return ok()
    },
    'DELETE /faults': () => {
      sandbox.faults.clear()
      return ok()
    },
    'POST /script': ({ body }) => {
      if (scripts.size >= MAX_SCRIPTS) return { status: 429, body: { error: `${MAX_SCRIPTS} scripts are running` } }
      const run = runScript(sandbox, steps.parse(JSON.parse(body)))
      scripts.add(run)
      void run.finished.then(() => scripts.delete(run))
      return { status: 202, body: { done: false } }
    },
    'POST /clock': ({ body }) => {
      const { venue, skewMs } = skew.parse(JSON.parse(body))
      sandbox.skew(venue, skewMs)
      return ok({ venue, now: sandbox.venueNow(venue) })
    },
    'POST /autopilot': ({ body }) => {
      const { running, ratePerSecond } = pace.parse(JSON.parse(body))
      if (ratePerSecond !== undefined) autopilot.setRate(ratePerSecond)
      if (running === true) autopilot.start()
      if (running === false) autopilot.pause()
      return ok({ running: autopilot.running })
    },
    'POST /knobs': ({ body }) => {
      Object.assign(sandbox.knobs, knobs.parse(JSON.parse(body)))
      const { dexpalGates, ...values } = sandbox.knobs
      return ok({ ...values, dexpalGates: Object.fromEntries(dexpalGates) })
    },
    'POST /gate': ({ body }) => {
      const { account, address, as } = gate.parse(JSON.parse(body))
      const found = sandbox.market.accounts.find(({ id }) => id === account)
      if (found === undefined) throw new RangeError(`the sandbox has no account ${account}`)
      setGate(sandbox.knobs, found, address, as)
      return ok()
    },
    'POST /autopilot/step': () => ok({ move: autopilot.step() }),
  }
  return {
    handle(request) {
      const route = routes[`${request.method} ${request.path}`]
      if (route === undefined) return { status: 404, body: { error: 'no such route', routes: Object.keys(routes) } }
      try {
        return route(request)
      } catch (error) {
        if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } }
        if (error instanceof SyntaxError || error instanceof RangeError) {
          return { status: 400, body: { error: error.message } }
        }
        throw error
      }
    },
    [Symbol.dispose]() {
      for (const script of scripts) script[Symbol.dispose]()
    },
  }
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])
