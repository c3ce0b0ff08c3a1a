/** Owns what a right mirror can know of an order at the end: everything, but where its venue does not say. */
import { type Decimal, subtract, ZERO } from '../core/decimal.ts'
import type { OrderStatus, Side } from '../core/order.ts'
import type { SandboxAccount } from './credentials.ts'
import type { Sandbox } from './sandbox.ts'
import { stateOf, type TrueOrder } from './truth.ts'

export interface Knowable {
  /** Else it may have come and gone between two looks, where no history tells of it. */
  mustHaveRow: boolean
  /** Whichever of these it says is right. */
  statuses: readonly OrderStatus[]
  /** Null: whatever it says. */
  filled: Decimal | null
  quantity: Decimal | null
  side: Side | null
  clientOrderId: string | null
  /** The order in its place; `undefined`: whatever it says. */
  replacedBy: string | null | undefined
}

/** Of an order that was not refused at the door: of those a mirror knows nothing. */
export function knowable(sandbox: Sandbox, account: SandboxAccount, order: TrueOrder): Knowable {
  const state = stateOf(order)
  if (state.status === 'rejected') throw new RangeError(`order ${order.id} never opened`)
  const { filled, quantity, status } = state
  const all: Knowable = {
    mustHaveRow: true,
    statuses: [status],
    filled,
    quantity,
    side: order.side,
    clientOrderId: order.clientOrderId,
    replacedBy: order.replacedBy,
  }
  switch (account.venue) {
    case 'qfex':
      return { ...all, clientOrderId: order.clientOrderId || null, replacedBy: undefined }
    case 'revolut-x': {
      const isEstimate = order.side === 'buy'
      return {
        ...all,
        quantity: isEstimate ? null : quantity,
        clientOrderId: order.clientOrderId || order.id,
        replacedBy: account.protocol === 'orders' ? undefined : order.replacedBy,
      }
    }
    case 'derive':
      // The older protocol is asked about orders that a list has shown, and about no others.
      // What came and went between two looks may be a successor, and nothing tells of a fill taken back after the end.
      if (account.protocol === 'v3') return all
      return {
        ...all,
        mustHaveRow: status === 'open',
        replacedBy: undefined,
        filled: isReversed(order) ? null : filled,
      }
    case 'dexpal':
      return ofPartner(sandbox, order, all)
  }
}

const isReversed = ({ trades }: TrueOrder): boolean => trades.some(({ reversed }) => reversed)

/** A DexPal partner lists what is pending and says neither how much has filled nor how anything ends. */
function ofPartner(sandbox: Sandbox, order: TrueOrder, all: Knowable): Knowable {
  const { status, quantity, filled } = stateOf(order)
  const isOpen = status === 'open'
  const isShown = isLetIn(sandbox, order)
  const closes = order.reduceOnly || order.type.startsWith('stop') || order.type.startsWith('take_profit')
  const living: OrderStatus[] = isShown ? ['open'] : ['open', 'unknown']
  return {
    ...all,
    mustHaveRow: isOpen && isShown,
    statuses: isOpen ? living : endings(sandbox, order),
    filled: sandbox.knobs.dexpalNamesEndings ? null : ZERO,
    quantity: isOpen && isShown ? subtract(quantity, filled) : null,
    side: closes ? null : order.side,
    clientOrderId: null,
    replacedBy: null,
  }
}

/**
 * Gone, and nothing says how. While the address shows nothing at all it may be that nobody is let see it, so that the
 * order stays open; an order with an expiry may have ended by that; a history that names orders says how.
 */
function endings(sandbox: Sandbox, order: TrueOrder): readonly OrderStatus[] {
  const { market, knobs } = sandbox
  const statuses: OrderStatus[] = ['unknown']
  const isShowing = market.open(order.account).some(({ rests, address }) => rests && address === order.address)
  if (!isShowing || !isLetIn(sandbox, order)) statuses.push('open')
  if (order.expiresUs !== null) statuses.push('cancelled')
  const { status } = stateOf(order)
  if (knobs.dexpalNamesEndings && (status === 'filled' || status === 'cancelled')) statuses.push(status)
  return statuses
}

const isLetIn = ({ knobs }: Sandbox, { address }: TrueOrder): boolean =>
  (knobs.dexpalGates.get((address ?? '').toLowerCase()) ?? 'attributed') === 'attributed'
