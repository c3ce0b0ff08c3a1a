/** Owns the configuration that makes a daemon mirror this sandbox: the YAML and the key files beside it. */
import { stringify } from 'yaml'
import type { SandboxAccount } from './credentials.ts'
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
  }
}

export function keyFile(account: SandboxAccount): KeyFile {
  return account.venue === 'qfex'
    ? { name: `${account.id}.secret`, text: `${account.secretKey}\n` }
    : { name: `${account.id}.pem`, text: account.privateKey }
}

/** A whole `ordersync.yaml`. */
export function sandboxConfig(accounts: readonly SandboxAccount[], urls: VenueUrls): string {
  const settings = { database: './orders.db', accounts: accounts.map((account) => accountConfig(account, urls)) }
  return `# The venues below are a sandbox on this machine; its keys open nothing else.\n${stringify(settings, { aliasDuplicateObjects: false })}`
}
