/** Owns the list of contracts: whose they are, where they are spoken, and how their messages are told apart. */
import { HOSTS } from '../../src/sandbox/sandbox.ts'
import { readContract } from './contract.ts'
import { judge, type Naming, type Verdict } from './judge.ts'
import type { Traffic } from './traffic.ts'

export const CONTRACTS = ['qfex', 'revolut-x', 'revolut-x-older', 'derive', 'derive-v2', 'dexpal'] as const

export type ContractName = (typeof CONTRACTS)[number]

/** What is spoken at a host must be in one of the contracts there: today's or that of an older page. */
export const HOSTS_OF: Record<ContractName, readonly string[]> = {
  qfex: hostsOf(HOSTS.qfex),
  'revolut-x': hostsOf(HOSTS['revolut-x']),
  'revolut-x-older': hostsOf(HOSTS['revolut-x']),
  derive: hostsOf(HOSTS.derive),
  'derive-v2': hostsOf(HOSTS.derive),
  dexpal: hostsOf(HOSTS.dexpal),
}

export function verdictOf(name: ContractName, traffic: Traffic): Verdict {
  const contract = readContract(name)
  return judge(contract, traffic, HOSTS_OF[name], NAMING[name](Object.keys(contract.socket.received)))
}

function hostsOf({ rest, ws }: { rest: string; ws: string | null }): string[] {
  return [rest, ...(ws === null ? [] : [ws])].map((url) => new URL(url).host)
}

/** QFEX's messages have no kind of their own: the documented key that they carry names them, else all of their keys. */
const qfexNaming = (known: readonly string[]): Naming => ({
  sent: ({ type }) => String(type),
  received: (message) => known.find((key) => key in message) ?? Object.keys(message).join(' + '),
})

/** A notification is named by its channel without the subaccount, a reply by the method that had its id. */
const deriveNaming: Naming = {
  sent: ({ method }) => String(method),
  received(message, asked) {
    if (message.method === 'subscription') return `subscription ${channelOf(message.params)}`
    if ('error' in message) return 'error'
    return String(asked.find(({ id }) => id === message.id)?.method)
  },
}

const channelOf = (params: unknown): string =>
  typeof params === 'object' && params !== null && 'channel' in params
    ? String(params.channel).replace(/^\d+\./, '')
    : 'without a channel'

const NAMING: Record<ContractName, (known: readonly string[]) => Naming> = {
  qfex: qfexNaming,
  'revolut-x': qfexNaming,
  'revolut-x-older': qfexNaming,
  derive: () => deriveNaming,
  'derive-v2': () => deriveNaming,
  dexpal: qfexNaming,
}
