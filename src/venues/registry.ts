/** Owns the list of venues: one line each, and nothing else of the program knows them by name. */
import { assertNever } from '../core/assert-never.ts'
import type { Clock } from '../core/clock.ts'
import type { Budget, BudgetFor } from './budget.ts'
import { createDeriveRegistry, type DeriveSettings } from './derive/client.ts'
import * as dexpal from './dexpal/client.ts'
import * as qfex from './qfex/client.ts'
import type { OpenSession } from './qfex/tie-breaker.ts'
import * as revolutX from './revolut-x/client.ts'
import type { SessionProtocol, VenueAccount, VenueDeps } from './venue.ts'

/** What a venue must be told to read one account. */
export type VenueSettings =
  | ({ venue: 'qfex' } & qfex.QfexSettings)
  | ({ venue: 'revolut-x' } & revolutX.RevolutXSettings)
  | ({ venue: 'derive' } & DeriveSettings)
  | ({ venue: 'dexpal' } & dexpal.DexpalSettings)

export interface OpenedAccount {
  account: VenueAccount
  /** The socket that carries its changes, and the budget that socket takes from; null where the venue is only polled. */
  session: { protocol: SessionProtocol; budget: Budget } | null
}

export interface RegistryDeps extends VenueDeps {
  openSession: (budget: Budget) => OpenSession
  /** Shares the budgets with other processes; without it they are of this one alone. */
  budgetFor?: BudgetFor
}

/** Opens accounts; those that are one user to a venue share one budget. Nothing is asked of a venue yet. */
export function createRegistry(deps: RegistryDeps): (settings: VenueSettings) => OpenedAccount {
  const budgets = new Map<string, Budget>()
  const budgetFor = deps.budgetFor ?? ofThisProcess
  const shared = (key: string, create: (clock: Clock) => Budget): Budget => {
    const budget = budgets.get(key) ?? budgetFor(key, () => create(deps.clock))
    budgets.set(key, budget)
    return budget
  }
  // Accounts of one wallet share a socket, which has to know them all.
  const openDerive = createDeriveRegistry(deps, budgetFor)
  return (settings) => {
    switch (settings.venue) {
      case 'qfex': {
        const budget = shared(qfex.budgetKey(settings), (clock) => qfex.createQfexBudget(settings, clock))
        const { account, session } = qfex.createAccount(settings, {
          ...deps,
          budget,
          openSession: deps.openSession(budget),
        })
        return { account, session: { protocol: session, budget } }
      }
      case 'revolut-x': {
        const budget = shared(revolutX.budgetKey(settings), (clock) => revolutX.createRevolutXBudget(settings, clock))
        return revolutX.createAccount(settings, { ...deps, budget })
      }
      case 'derive':
        return openDerive(settings)
      case 'dexpal': {
        const budget = shared(dexpal.budgetKey(settings), (clock) => dexpal.createDexpalBudget(settings, clock))
        return dexpal.createAccount(settings, { ...deps, budget })
      }
      default:
        return assertNever(settings)
    }
  }
}

const ofThisProcess: BudgetFor = (_key, create) => create()
