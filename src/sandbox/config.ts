/** Owns the configuration that makes a daemon mirror this sandbox: the YAML and the key files beside it. */
import { stringify } from 'yaml'
import type { DeriveAccount, SandboxAccount } from './credentials.ts'
import type { SandboxVenue } from './sandbox.ts'

/** Where each venue answers. */
export type VenueUrls = Record<SandboxVenue, { rest: string; ws: string }>

/** A file beside the configuration; keys are for their owner alone. */
export interface KeyFile {
  name: string
  text: string
}

/** Short, so that everything can be watched as it happens. */
const PACE = {
  poll: { every: '1s', whileStreaming: '2s', history: '2s' },
  absence: { confirmations: 2, grace: '1s', giveUpAfter: '10m' },
}

/** Slower where a look takes several requests out of a small allowance, all of which is ours. */
const SHARED_PACE = {
  poll: { every: '2s', whileStreaming: '5s', history: '5s' },
  absence: PACE.absence,
  rateShare: 1,
}

/** All of the one allowance, out of which a look takes a single request. */
const GREEDY_PACE = { ...PACE, poll: { ...PACE.poll, history: '5s' }, rateShare: 1 }

/** What `restUrl` and `wsUrl` are for a protocol of Derive at these hosts. */
export function deriveUrls(
  protocol: DeriveAccount['protocol'],
  { rest, ws }: { rest: string; ws: string | null },
): { restUrl: string; wsUrl: string } {
  if (ws === null) throw new TypeError('Derive without a socket')
  return protocol === 'v3' ? { restUrl: `${rest}/v3`, wsUrl: `${ws}/v3/ws` } : { restUrl: rest, wsUrl: `${ws}/ws` }
}

/** An element of `accounts`. Its keys are in files named by {@link keyFile}. */
export function accountConfig(account: SandboxAccount, urls: VenueUrls): object {
  const common = { id: account.id, venue: account.venue, environment: 'sandbox' }
  const { name } = keyFile(account)
  switch (account.venue) {
    case 'qfex': {
      const { rest: restUrl, ws: wsUrl } = urls.qfex
      const subaccount = account.subaccount === null ? {} : { subaccount: account.subaccount }
      const { publicKey } = account
      return { ...common, wsUrl, restUrl, publicKey, secretKeyFile: `./${name}`, ...subaccount, ...PACE }
    }
    case 'revolut-x': {
      const { apiKey, protocol } = account
      return { ...common, protocol, restUrl: urls['revolut-x'].rest, apiKey, privateKeyFile: `./${name}`, ...PACE }
    }
    case 'derive': {
      const { protocol, wallet, subaccountId } = account
      const where = deriveUrls(protocol, urls.derive)
      return { ...common, protocol, ...where, wallet, subaccountId, sessionKeyFile: `./${name}`, ...SHARED_PACE }
    }
    case 'dexpal': {
      const { addresses } = account
      return {
        ...common,
        restUrl: urls.dexpal.rest,
        apiKeyFile: `./${name}`,
        addresses: [...addresses],
        ...GREEDY_PACE,
      }
    }
  }
}

export function keyFile(account: SandboxAccount): KeyFile {
  switch (account.venue) {
    case 'qfex':
      return { name: `${account.id}.secret`, text: `${account.secretKey}\n` }
    case 'revolut-x':
      return { name: `${account.id}.pem`, text: account.privateKey }
    case 'derive':
      return { name: `${account.id}.key`, text: `${account.sessionKey}\n` }
    case 'dexpal':
      return { name: `${account.id}.key`, text: `${account.apiKey}\n` }
  }
}

/** A whole `ordersync.yaml`. */
export function sandboxConfig(accounts: readonly SandboxAccount[], urls: VenueUrls): string {
  const settings = { database: './orders.db', accounts: accounts.map((account) => accountConfig(account, urls)) }
  return `# The venues below are a sandbox on this machine; its keys open nothing else.\n${stringify(settings, { aliasDuplicateObjects: false })}`
}
