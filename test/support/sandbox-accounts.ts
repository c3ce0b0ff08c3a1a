/** Owns how an account of the sandbox becomes the settings that a venue takes. */
import { assertNever } from '../../src/core/assert-never.ts'
import type { SandboxAccount } from '../../src/sandbox/credentials.ts'
import { HOSTS } from '../../src/sandbox/sandbox.ts'
import type { VenueSettings } from '../../src/venues/registry.ts'

const RATE_SHARE = 0.5

export function venueSettingsOf(account: SandboxAccount): VenueSettings {
  const { id } = account
  switch (account.venue) {
    case 'qfex': {
      const { publicKey, secretKey, subaccount } = account
      const { rest, ws } = HOSTS.qfex
      const urls = { wsUrl: ws ?? '', restUrl: rest }
      return { venue: 'qfex', id, publicKey, secretKey, subaccount, ...urls, rateShare: RATE_SHARE }
    }
    case 'revolut-x': {
      const { protocol, apiKey, privateKey } = account
      const restUrl = HOSTS['revolut-x'].rest
      return { venue: 'revolut-x', id, protocol, apiKey, privateKey, restUrl, rateShare: RATE_SHARE }
    }
    case 'derive': {
      const { protocol, wallet, sessionKey, subaccountId } = account
      const { rest, ws } = HOSTS.derive
      const urls = protocol === 'v3' ? { restUrl: `${rest}/v3`, wsUrl: `${ws}/v3/ws` } : { restUrl: rest, wsUrl: '' }
      return { venue: 'derive', id, protocol, wallet, sessionKey, subaccountId, ...urls, rateShare: RATE_SHARE }
    }
    case 'dexpal': {
      const { apiKey, addresses } = account
      return { venue: 'dexpal', id, apiKey, addresses, restUrl: HOSTS.dexpal.rest, rateShare: RATE_SHARE }
    }
    default:
      return assertNever(account)
  }
}
