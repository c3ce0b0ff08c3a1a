/** Owns what a venue shows of the truth: faithful, unless a fault makes it blind, late, torn or somebody else's. */
import type { VenueName } from '../core/order.ts'
import type { FaultPoint, FaultSite, Faults } from './faults.ts'
import type { Market } from './market.ts'
import { type Micros, stateAt, stateOf, type TrueOrder, type TrueState, type TrueTrade } from './truth.ts'

/** An order as the venue shows it in one reply. */
export interface View {
  order: TrueOrder
  state: TrueState
  trades: readonly TrueTrade[]
}

export interface Views {
  /** What waits in the book and for triggers, oldest first, TWAPs too: of these what this list is of. */
  open(account: string, isListed?: (view: View) => boolean): View[]
  /** What has ended, rejections too, oldest ending first. */
  ended(account: string): View[]
  /** The owner's order by its id, open or ended. */
  one(account: string, id: string, on: FaultPoint): View | null
  /** Executions, oldest first. */
  trades(account: string): { order: TrueOrder; trade: TrueTrade }[]
  /** Moves the rows of a later page up by one, as when a row of an earlier page has gone meanwhile. */
  tear<T>(rows: T[], page: { first: boolean; account: string; on: FaultPoint }): T[]
}

export function createViews(deps: { venue: VenueName; market: Market; faults: Faults }): Views {
  const { venue, market, faults } = deps
  const site = (account: string, on: FaultPoint): FaultSite => ({ venue, account, on })
  const shown = (order: TrueOrder, at: FaultSite) => !faults.hides(order.id, at.on)
  /** The instant that this reply speaks of, where that is not now. */
  const instant = (kind: 'stale_list' | 'history_lag', at: FaultSite): Micros | null => {
    const lag = faults.strike(kind, at)
    return lag === null ? null : market.now(venue) - lag.ms * 1_000
  }
  const shape = (account: string, on: FaultPoint, views: View[]): View[] => {
    const at = site(account, on)
    const cut = faults.strike('truncated_list', at)
    const rows = cut === null ? views : views.slice(0, cut.rows)
    const [first] = rows
    return first !== undefined && faults.strike('repeat_row', at) !== null ? [...rows, first] : rows
  }
  return {
    open(account, isListed = () => true) {
      const at = site(account, 'list')
      if (faults.strike('blind', at) !== null) return []
      const owner = faults.strike('foreign_list', at)?.from ?? account
      const atUs = instant('stale_list', at)
      // What has ended since may still be in a stale list.
      const orders = atUs === null ? market.open(owner) : market.orders(owner)
      const views = orders
        .filter((order) => order.rests && shown(order, at))
        .flatMap((order) => viewAt(order, atUs))
        .filter((view) => view.state.status === 'open' && isListed(view))
      const rows = shape(account, 'list', views)
      for (const view of rows) view.order.shownOpen = true
      return rows
    },
    ended(account) {
      const at = site(account, 'history')
      const atUs = instant('history_lag', at)
      const views = market
        .orders(account)
        .filter((order) => order.endedUs !== null && isBy(order.endedUs, atUs) && shown(order, at))
        .flatMap((order) => viewAt(order, atUs))
      return shape(account, 'history', views.sort(byEnding))
    },
    one(account, id, on) {
      const order = market.order(id)
      if (order === null || order.account !== account || !shown(order, site(account, on))) return null
      return { order, state: stateOf(order), trades: order.trades }
    },
    trades(account) {
      const at = site(account, 'trades')
      const atUs = instant('history_lag', at)
      return market
        .orders(account)
        .filter((order) => shown(order, at))
        .flatMap((order) => order.trades.map((trade) => ({ order, trade })))
        .filter(({ trade }) => isBy(trade.atUs, atUs))
        .sort((a, b) => a.trade.atUs - b.trade.atUs)
    },
    tear(rows, { first, account, on }) {
      return !first && rows.length > 0 && faults.strike('torn_page', site(account, on)) !== null ? rows.slice(1) : rows
    },
  }
}

const isBy = (us: Micros, instant: Micros | null): boolean => instant === null || us <= instant

function viewAt(order: TrueOrder, atUs: Micros | null): View[] {
  if (atUs === null) return [{ order, state: stateOf(order), trades: order.trades }]
  const state = stateAt(order, atUs)
  return state === null ? [] : [{ order, state, trades: order.trades.filter((trade) => trade.atUs <= atUs) }]
}

const byEnding = (a: View, b: View): number => (a.order.endedUs ?? 0) - (b.order.endedUs ?? 0)
