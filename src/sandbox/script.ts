/** Owns scripted trading: a list of exact steps, each at its time, for tests and demos that want just this to happen. */
import { z } from 'zod'
import { assertNever } from '../core/assert-never.ts'
import { GATES, setGate } from './knobs.ts'
import { type Sandbox, VENUES } from './sandbox.ts'
import type { TrueOrder } from './truth.ts'

const decimalText = z.string().regex(/^\d+(\.\d+)?$/, 'is not decimal text')
const spec = z.strictObject({
  symbol: z.string(),
  side: z.enum(['buy', 'sell']),
  type: z.enum([
    'limit',
    'market',
    'stop_market',
    'stop_limit',
    'take_profit_market',
    'take_profit_limit',
    'oco',
    'twap',
  ]),
  quantity: decimalText,
  price: decimalText.nullable().default(null),
  triggerPrice: decimalText.nullable().default(null),
  timeInForce: z.enum(['gtc', 'ioc', 'fok', 'gtt']).default('gtc'),
  expiresInMs: z.int().positive().exactOptional(),
  postOnly: z.boolean().default(false),
  reduceOnly: z.boolean().default(false),
  takeProfit: decimalText.nullable().default(null),
  stopLoss: decimalText.nullable().default(null),
  slices: z.int().min(2).max(1_000).default(4),
  intervalMs: z.int().positive().default(30_000),
  address: z.int().nonnegative().exactOptional(),
})

const venue = z.enum(VENUES)
const at = z.enum(['handshake', 'auth', 'list', 'lookup', 'history', 'trades', 'reference', 'frames'])
const ms = z.int().nonnegative()
const common = {
  venue,
  account: z.string().exactOptional(),
  on: at.exactOptional(),
  chance: z.number().min(0).max(1).exactOptional(),
  times: z.int().positive().exactOptional(),
  forMs: z.int().positive().exactOptional(),
}
const plainFault = z.enum([
  'drop_frame',
  'duplicate_frame',
  'reorder_frames',
  'blind',
  'missing_list',
  'torn_page',
  'repeat_row',
  'garbage_body',
  'cut_body',
  'wrong_type',
  'unknown_status',
  'extra_field',
  'no_answer',
  'success_false',
  'dead',
])

/** A fault as JSON. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: plainFault, ...common }),
  z.strictObject({ kind: z.enum(['delay_frame', 'stale_list', 'history_lag', 'slow']), ms, ...common }),
  z.strictObject({ kind: z.literal('close_socket'), code: z.int().exactOptional(), ...common }),
  z.strictObject({
    kind: z.literal('refuse_auth'),
    as: z.enum(['authenticated_false', 'err', 'close']).exactOptional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('auth_variant'),
    as: z.enum(['result_success', 'authenticated_true', 'type_authenticated']),
    ...common,
  }),
  z.strictObject({ kind: z.literal('truncated_list'), rows: ms, ...common }),
  z.strictObject({ kind: z.literal('foreign_list'), from: z.string(), ...common }),
  z.strictObject({ kind: z.literal('hide_order'), orderId: z.string(), ...common }),
  z.strictObject({ kind: z.literal('missing_field'), field: z.string().exactOptional(), ...common }),
  z.strictObject({
    kind: z.literal('http_status'),
    status: z.int().min(400).max(599),
    retryAfterMs: ms.exactOptional(),
    ...common,
  }),
])

const afterMs = ms.default(0)
/** `order` is the `as` of an earlier step, or an id. */
const order = z.string()

/** A step as JSON. `afterMs` counts from the start of the script. */
export const stepSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('place'), afterMs, account: z.string(), as: z.string().exactOptional(), spec }),
  z.strictObject({ do: z.literal('reject'), afterMs, account: z.string(), refusal: z.string(), spec }),
  z.strictObject({ do: z.literal('fill'), afterMs, order, quantity: decimalText, price: decimalText.exactOptional() }),
  z.strictObject({ do: z.literal('fill_rest'), afterMs, order }),
  z.strictObject({ do: z.literal('fill_late'), afterMs, order, quantity: decimalText }),
  z.strictObject({
    do: z.literal('cancel'),
    afterMs,
    order,
    reason: z
      .enum([
        ...['user', 'expired', 'self_trade', 'ioc_remainder', 'margin', 'venue'],
        ...['completed_short', 'mmp', 'disconnect', 'trigger_failed'],
      ] as const)
      .default('user'),
  }),
  z.strictObject({
    do: z.literal('amend'),
    afterMs,
    order,
    quantity: decimalText.exactOptional(),
    price: decimalText.exactOptional(),
    triggerPrice: decimalText.exactOptional(),
  }),
  z.strictObject({
    do: z.literal('replace'),
    afterMs,
    order,
    as: z.string().exactOptional(),
    quantity: decimalText.exactOptional(),
    price: decimalText.exactOptional(),
  }),
  z.strictObject({ do: z.literal('trigger'), afterMs, order, as: z.string().exactOptional() }),
  z.strictObject({ do: z.literal('slice'), afterMs, order, as: z.string().exactOptional() }),
  /** Takes the last execution back. */
  z.strictObject({ do: z.literal('reverse'), afterMs, order }),
  /** In no list, history or lookup for so long. */
  z.strictObject({ do: z.literal('hide'), afterMs, order, forMs: z.int().positive() }),
  /** Whether a DexPal partner shows an address of an account, counted from 0, from now on. */
  z.strictObject({ do: z.literal('gate'), afterMs, account: z.string(), address: ms, as: z.enum(GATES) }),
  z.strictObject({ do: z.literal('fault'), afterMs, fault: faultSchema }),
  z.strictObject({ do: z.literal('clear_faults'), afterMs, venue: venue.exactOptional() }),
  z.strictObject({ do: z.literal('close_sockets'), afterMs, venue, account: z.string().exactOptional() }),
])

/** What a script is written in; defaults may be left out. */
export type StepInput = z.input<typeof stepSchema>
export type Step = z.output<typeof stepSchema>

export interface ScriptRun extends Disposable {
  /** With what went wrong, in the order of the steps; empty where every step could be done. */
  readonly finished: Promise<readonly string[]>
}

/**
 * Its orders are its own until it is over. A step that cannot be done is skipped: what it needs may never have been
 * made, or have ended by itself.
 */
export function runScript(sandbox: Sandbox, steps: readonly Step[]): ScriptRun {
  const { reserved } = sandbox.market
  const ids = new Map<string, string>()
  const made = new Set<string>()
  const failures: string[] = []
  const timers = new Set<Disposable>()
  let resolve: (failures: readonly string[]) => void = () => undefined
  const finished = new Promise<readonly string[]>((settle) => {
    resolve = settle
  })
  let left = steps.length
  const end = () => {
    for (const id of made) reserved.delete(id)
    resolve(failures)
  }
  const done = () => {
    if (left === 0) end()
  }
  const perform = (step: Step) => {
    try {
      const order = takeStep(sandbox, step, (name) => find(sandbox, ids.get(name) ?? name))
      if (order !== null) {
        made.add(order.id)
        reserved.add(order.id)
        if ('as' in step && step.as !== undefined) ids.set(step.as, order.id)
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      failures.push(`${step.do}: ${error.message}`)
    }
    left -= 1
    done()
  }
  for (const step of steps) {
    const timer = sandbox.clock.after(step.afterMs, () => {
      timers.delete(timer)
      perform(step)
    })
    timers.add(timer)
  }
  done()
  return {
    finished,
    [Symbol.dispose]() {
      for (const timer of timers) timer[Symbol.dispose]()
      end()
    },
  }
}

/** The order that the step made, if it made one. */
function takeStep(sandbox: Sandbox, step: Step, orderOf: (name: string) => TrueOrder): TrueOrder | null {
  const { market, faults } = sandbox
  switch (step.do) {
    case 'place':
      return market.place(step.account, step.spec)
    case 'reject':
      return market.reject(step.account, step.spec, step.refusal)
    case 'replace':
      return market.replace(orderOf(step.order), step)
    case 'trigger':
      return market.trigger(orderOf(step.order))
    case 'slice':
      return market.slice(orderOf(step.order))
    case 'fill':
      return nothing(market.fill(orderOf(step.order), step.quantity, step.price))
    case 'fill_rest':
      return nothing(market.fillRest(orderOf(step.order)))
    case 'fill_late':
      return nothing(market.fillLate(orderOf(step.order), step.quantity))
    case 'reverse':
      return nothing(market.reverse(orderOf(step.order)))
    case 'cancel':
      return nothing(market.cancel(orderOf(step.order), step.reason))
    case 'amend':
      return nothing(market.amend(orderOf(step.order), step))
    case 'hide': {
      const { id, venue } = orderOf(step.order)
      return nothing(faults.add({ kind: 'hide_order', venue, orderId: id, forMs: step.forMs }))
    }
    case 'gate':
      return nothing(setGate(sandbox.knobs, accountOf(sandbox, step.account), step.address, step.as))
    case 'fault':
      return nothing(faults.add(step.fault))
    case 'clear_faults':
      return nothing(faults.clear(step.venue))
    case 'close_sockets':
      return nothing(sandbox.closeSockets(step.venue, step.account))
    default:
      return assertNever(step)
  }
}

function accountOf({ market }: Sandbox, id: string) {
  const account = market.accounts.find((candidate) => candidate.id === id)
  if (account === undefined) throw new RangeError(`no account ${id.slice(0, 60)}`)
  return account
}

function find({ market }: Sandbox, id: string): TrueOrder {
  const order = market.order(id)
  if (order === null) throw new RangeError(`no order ${id.slice(0, 60)}`)
  return order
}

const nothing = (_: unknown): null => null
