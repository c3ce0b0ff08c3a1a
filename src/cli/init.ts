/** Owns `init`: a commented configuration to start from, and the JSON Schema of all that may be in one. */
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { configJsonSchema } from '../config/json-schema.ts'
import { type Act, type CommonOptions, describeCommand, type Run } from './command.ts'

interface InitOptions extends CommonOptions {
  printSchema?: boolean
}

export function addInit(program: Command, act: Act): void {
  const command = program
    .command('init')
    .description('write a commented configuration, without touching one that is there')
    .option('--print-schema', 'print the JSON Schema of the configuration instead')
  describeCommand(command, 'ordersync init --config ./ordersync.yaml').action(act<InitOptions>(init))
}

function init({ print, configPath: path }: Run, options: InitOptions): void {
  if (options.printSchema === true) {
    print.line(JSON.stringify(configJsonSchema(), null, 2))
    return
  }
  try {
    writeFileSync(path, TEMPLATE, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code !== 'EEXIST') throw new Error(`${path} cannot be written (${code}): name another place with --config`)
    throw new Error(`${path} is there already: edit it, or name another place with --config`)
  }
  print.result({ config: path }, () => `wrote ${path}: uncomment your venues in it, then run: ordersync start`)
}

/** Commented out, every account is an example; uncommented, each is valid as it stands. */
export const TEMPLATE = `# What ordersync reads, and where it writes. Every value may hold \${NAME} or \${NAME:-default}, filled in from the
# environment. Instead of a secret you may name a file that holds it: secretKeyFile, apiKeyFile, …
# Use keys that can only read wherever the venue has them. ordersync never sends anything that trades.

database: ./data/orders.db

# The scheduler of polls. auto: a private redis-server if there is one on PATH, else one inside the process.
queue: \${REDIS_URL:-auto}

# Health, metrics and the queues. false turns it off; beyond this machine it needs a token.
http:
  listen: 127.0.0.1:8080
  token: \${ORDERSYNC_TOKEN:-}

# id: yours, [a-z0-9-], for ever: it is the account column of the database. Optional in every account:
#   enabled: true               environment: production      trackSince: 2026-01-31T00:00:00Z
#   rateShare: 0.25             # how much of the venue's rate limit ordersync may use; the rest is for your bots
#   poll: { every: 10s, whileStreaming: 60s, history: 5m }
#   absence: { confirmations: 2, grace: 30s, giveUpAfter: 7d }
accounts:
#  - id: qfex-main
#    venue: qfex
#    publicKey: \${QFEX_PUBLIC_KEY}
#    secretKey: \${QFEX_SECRET_KEY}

#  - id: derive-main
#    venue: derive
#    wallet: \${DERIVE_WALLET}
#    sessionKey: \${DERIVE_SESSION_KEY}       # of a session key that may only read
#    subaccountId: \${DERIVE_SUBACCOUNT}

#  - id: revx
#    venue: revolut-x
#    apiKey: \${REVX_API_KEY}
#    privateKeyFile: ./revx.pem               # openssl genpkey -algorithm ed25519 -out revx.pem; chmod 600 revx.pem

#  - id: vela
#    venue: dexpal
#    restUrl: https://partner.example         # the venue's own host
#    apiKey: \${VELA_API_KEY}
#    addresses: ["\${VELA_ADDRESS}"]
`
