// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references are the configuration's own
import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadReaderConfig, secretsOf } from '../../src/config.ts'
import { ED25519_PEM, load, problemsOf, SESSION_KEY, source, WALLET, type World } from './world.ts'

const QFEX = '- { id: q, venue: qfex, publicKey: pub, secretKey: shh-qfex }'
const REVX = '- { id: r, venue: revolut-x, apiKey: shh-revx, privateKeyFile: ./revx.pem }'
const DERIVE = `- { id: d, venue: derive, wallet: "${WALLET}", sessionKey: "${SESSION_KEY}", subaccountId: 86815 }`
const DEXPAL = `- { id: v, venue: dexpal, restUrl: https://partner.example, apiKey: shh-vela, addresses: ["${WALLET}"] }`
const PEM_FILE = { '/etc/ordersync/revx.pem': { text: ED25519_PEM } }

const accounts = (...rows: string[]) => `accounts:\n${rows.map((row) => `  ${row}`).join('\n')}\n`

/** One wrong thing, and the whole line that is said about it. */
const MISTAKES: Record<string, { yaml: string; world?: World; line: string }> = {
  'an unknown key near a known one': {
    yaml: `databse: x.db\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: databse is not a known key; did you mean database?',
  },
  'an unknown key near nothing': {
    yaml: `telegram: x\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: telegram is not a known key; the keys here are database, http, queue, accounts',
  },
  'an unknown key of an account': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, rateshare: 0.5 }'),
    line: 'ordersync.yaml:2: accounts[0].rateshare is not a known key; did you mean rateShare?',
  },
  'an unknown key in a group': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, poll: { evry: 10s } }'),
    line: 'ordersync.yaml:2: accounts[0].poll.evry is not a known key; did you mean every?',
  },
  'an unknown key of HTTP': {
    yaml: `http: { liste: 127.0.0.1:80 }\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: http.liste is not a known key; did you mean listen?',
  },
  'a mistyped secret file': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, secretKeyFil: x }'),
    line: 'ordersync.yaml:2: accounts[0].secretKeyFil is not a known key; did you mean secretKeyFile?',
  },
  'an unknown venue': {
    yaml: accounts('- { id: q, venue: qfx }'),
    line: 'ordersync.yaml:2: accounts[0].venue is not a known venue; did you mean qfex?',
  },
  'no venue': {
    yaml: accounts('- { id: q }'),
    line: 'ordersync.yaml:2: accounts[0].venue is missing; write one of qfex, derive, revolut-x, dexpal',
  },
  'an account that is no group': {
    yaml: accounts('- qfex'),
    line: 'ordersync.yaml:2: accounts[0] is not a group of settings; write key: value pairs below it',
  },
  'no accounts': {
    yaml: 'database: x.db',
    line: 'ordersync.yaml: accounts is missing; add an account (`ordersync init` shows one for each venue)',
  },
  'an empty list of accounts': {
    yaml: 'accounts: []',
    line: 'ordersync.yaml:1: accounts is empty; add an account (`ordersync init` shows one for each venue)',
  },
  'a name with capitals': {
    yaml: accounts('- { id: Main, venue: qfex, publicKey: p, secretKey: s }'),
    line: 'ordersync.yaml:2: accounts[0].id is not a usable name; write 1 to 64 of the characters a-z, 0-9 and -',
  },
  'a name that is a number': {
    yaml: accounts('- { id: 7, venue: qfex, publicKey: p, secretKey: s }'),
    line: 'ordersync.yaml:2: accounts[0].id is not text; write a name such as main in quotes',
  },
  'one name twice': {
    yaml: accounts(QFEX, QFEX),
    line: 'ordersync.yaml:3: accounts[1].id is the id of another account too; give each its own',
  },
  'a missing secret': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p }'),
    line: 'ordersync.yaml:2: accounts[0].secretKey is missing; set secretKey or secretKeyFile',
  },
  'a secret with nothing behind it': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: }'),
    line: 'ordersync.yaml:2: accounts[0].secretKey is missing; set secretKey or secretKeyFile',
  },
  'a secret that YAML reads as a number': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: 12345 }'),
    line: 'ordersync.yaml:2: accounts[0].secretKey was read as something else than text; put it in quotes',
  },
  'a secret with a line end in it': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: "a\\nb" }'),
    line: 'ordersync.yaml:2: accounts[0].secretKey has blanks or characters that no key has; copy it again',
  },
  'a secret and its file': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, secretKeyFile: f }'),
    line: 'ordersync.yaml:2: accounts[0].secretKeyFile stands beside secretKey; keep one of the two',
  },
  'a secret file that is not there': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKeyFile: ./gone }'),
    line: 'ordersync.yaml:2: accounts[0].secretKeyFile names a file that cannot be read (ENOENT); make /etc/ordersync/gone readable, or name another file',
  },
  'a variable that is not set': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: "${QFEX_SECRET}" }'),
    line: 'ordersync.yaml:2: accounts[0].secretKey needs the environment variable QFEX_SECRET, which is not set; set QFEX_SECRET',
  },
  'a variable that is empty': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: "${QFEX_SECRET}" }'),
    world: { env: { QFEX_SECRET: '' } },
    line: 'ordersync.yaml:2: accounts[0].secretKey needs the environment variable QFEX_SECRET, which is not set; set QFEX_SECRET',
  },
  'a reference without a name': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: "${A B}" }'),
    line: 'ordersync.yaml:2: accounts[0].secretKey has a ${ that names no variable; write ${NAME} or ${NAME:-default}, or $${ for a literal ${',
  },
  'a pace too fast': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, poll: { every: 499ms } }'),
    line: 'ordersync.yaml:2: accounts[0].poll.every is too short; write a duration from 500ms to 1h, such as 10s',
  },
  'a duration without a unit': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, absence: { grace: 30 } }'),
    line: 'ordersync.yaml:2: accounts[0].absence.grace is not a duration; write a duration from 1s to 1d, such as 10s',
  },
  'a grace too short': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, absence: { grace: 900ms } }'),
    line: 'ordersync.yaml:2: accounts[0].absence.grace is too short; write a duration from 1s to 1d, such as 10s',
  },
  'no confirmation at all': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, absence: { confirmations: 0 } }'),
    line: 'ordersync.yaml:2: accounts[0].absence.confirmations is out of bounds; write a whole number from 1 to 100',
  },
  'a share of nothing': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, rateShare: 0 }'),
    line: 'ordersync.yaml:2: accounts[0].rateShare is 0, so nothing could ever be read; write a number above 0, at most 1',
  },
  'a date that is none': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, trackSince: yesterday }'),
    line: 'ordersync.yaml:2: accounts[0].trackSince is not an RFC 3339 date; write one such as 2026-01-31T00:00:00Z',
  },
  'a plain URL off this machine': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, restUrl: http://api.qfex.com }'),
    line: 'ordersync.yaml:2: accounts[0].restUrl uses http: outside this machine; write https:',
  },
  'a socket URL of the wrong kind': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, wsUrl: https://api.qfex.com }'),
    line: 'ordersync.yaml:2: accounts[0].wsUrl is no wss URL; write a URL such as wss://trade.qfex.com',
  },
  'a subaccount that is no UUID': {
    yaml: accounts('- { id: q, venue: qfex, publicKey: p, secretKey: s, subaccount: main }'),
    line: 'ordersync.yaml:2: accounts[0].subaccount is not a UUID; copy the id of the subaccount, or leave it out',
  },
  'a wallet without quotes': {
    yaml: accounts(DERIVE.replace(`"${WALLET}"`, WALLET)),
    line: 'ordersync.yaml:2: accounts[0].wallet is not text; write the address of your Derive wallet in quotes',
  },
  'a private key in the place of the wallet': {
    yaml: accounts(DERIVE.replace(WALLET, SESSION_KEY)),
    line: 'ordersync.yaml:2: accounts[0].wallet is not an address; write 0x and 40 hex digits, in quotes (never a private key)',
  },
  'an address in the place of the session key': {
    yaml: accounts(DERIVE.replace(SESSION_KEY, WALLET)),
    line: 'ordersync.yaml:2: accounts[0].sessionKey is an address, not a private key; write the 64 hex digits of a read-scope session key',
  },
  'a session key outside the curve': {
    yaml: accounts(DERIVE.replace(SESSION_KEY, `0x${'f'.repeat(64)}`)),
    line: 'ordersync.yaml:2: accounts[0].sessionKey is not a private key; write the 64 hex digits of a read-scope session key',
  },
  'an unknown protocol of Derive': {
    yaml: accounts(DERIVE.replace('venue: derive', 'venue: derive, protocol: v4')),
    line: 'ordersync.yaml:2: accounts[0].protocol is no protocol of Derive; write v3 or v2',
  },
  'a subaccount id that is no number': {
    yaml: accounts(DERIVE.replace('86815', 'main')),
    line: 'ordersync.yaml:2: accounts[0].subaccountId is not a number; write a whole number from 0 to 9007199254740991',
  },
  'a public key in the place of the private one': {
    yaml: accounts(REVX),
    world: {
      files: {
        '/etc/ordersync/revx.pem': {
          text: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        },
      },
    },
    line: 'ordersync.yaml:2: accounts[0].privateKey is a public key; make one with: openssl genpkey -algorithm ed25519',
  },
  'a private key of another algorithm': {
    yaml: accounts(REVX),
    world: {
      files: {
        '/etc/ordersync/revx.pem': {
          text: generateKeyPairSync('ec', { namedCurve: 'P-256' })
            .privateKey.export({ type: 'pkcs8', format: 'pem' })
            .toString(),
        },
      },
    },
    line: 'ordersync.yaml:2: accounts[0].privateKey is a private key of type ec, not Ed25519; make one with: openssl genpkey -algorithm ed25519',
  },
  'a venue without a URL': {
    yaml: accounts(DEXPAL.replace('restUrl: https://partner.example, ', '')),
    line: 'ordersync.yaml:2: accounts[0].restUrl is missing; set it to the URL of the venue, such as https://partner.example',
  },
  'no addresses': {
    yaml: accounts(DEXPAL.replace(`"${WALLET}"`, '')),
    line: 'ordersync.yaml:2: accounts[0].addresses is empty; name at least one address',
  },
  'an address cut short': {
    yaml: accounts(DEXPAL.replace(WALLET, '0x1a2b')),
    line: 'ordersync.yaml:2: accounts[0].addresses[0] is not an address; copy it again, in quotes',
  },
  'addresses of two chains': {
    yaml: accounts(DEXPAL.replace(`"${WALLET}"`, `"${WALLET}", nibi1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq`)),
    line: 'ordersync.yaml:2: accounts[0].addresses mixes 0x addresses with others; give each chain an account of its own',
  },
  'an address twice in other letters': {
    yaml: accounts(DEXPAL.replace(`"${WALLET}"`, `"${WALLET}", "0x${WALLET.slice(2).toUpperCase()}"`)),
    line: 'ordersync.yaml:2: accounts[0].addresses names an address twice; name each once',
  },
  'a listen address without a port': {
    yaml: `http: { listen: localhost }\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: http.listen is not an address; write one such as 127.0.0.1:8080',
  },
  'a port that does not exist': {
    yaml: `http: { listen: 127.0.0.1:70000 }\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: http.listen is not an address; write one such as 127.0.0.1:8080',
  },
  'no token off loopback': {
    yaml: `http: { listen: 0.0.0.0:8080, token: "\${ORDERSYNC_TOKEN:-}" }\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: http.token is missing, and listen is reachable from other machines; set token or tokenFile, or listen on 127.0.0.1',
  },
  'HTTP that is a word': {
    yaml: `http: off\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: http is neither false nor settings; write false, or { listen: 127.0.0.1:8080 }',
  },
  'a queue that is none': {
    yaml: `queue: rabbitmq\n${accounts(QFEX)}`,
    line: 'ordersync.yaml:1: queue is not a queue; write auto, embedded or a redis:// URL',
  },
  'a file that is not YAML': {
    yaml: 'accounts: [\n',
    line: 'ordersync.yaml:2: is not YAML from here on (bad indent); check the indentation, and quote what is not plain text',
  },
  'a key twice': {
    yaml: 'queue: auto\nqueue: auto\n',
    line: 'ordersync.yaml:2: is not YAML from here on (duplicate key); keep one of the two',
  },
}

describe('a mistake in the configuration', () => {
  it.each(Object.entries(MISTAKES))('%s is named with its place and remedy', (_, { yaml, world, line }) => {
    expect(problemsOf(yaml, { files: PEM_FILE, ...world })).toContain(line)
  })

  it.each(Object.entries(MISTAKES))('%s is the only thing complained about', (_, { yaml, world }) => {
    expect(problemsOf(yaml, { files: PEM_FILE, ...world })).toHaveLength(1)
  })

  it('does not hide the others: all are named at once, in the order of the file', () => {
    const yaml = `queue: rabbitmq\nhttp: { listen: x }\naccounts:\n  - { id: A, venue: qfex }\n  - { id: b, venue: dexpl }\n`
    expect(problemsOf(yaml).map((line) => line.split(' ')[1])).toEqual([
      'queue',
      'http.listen',
      'accounts[0].id',
      'accounts[0].publicKey',
      'accounts[0].secretKey',
      'accounts[1].venue',
    ])
  })

  it('never quotes the value of a secret', () => {
    const canary = 'canary-3f9a0c'
    const yaml = accounts(
      `- { id: q, venue: qfex, publicKey: p, secretKey: "${canary} x" }`,
      `- { id: d, venue: derive, wallet: "${canary}", sessionKey: "${canary}", subaccountId: 1 }`,
      `- { id: r, venue: revolut-x, apiKey: "${canary} x", privateKey: "${canary}" }`,
    )
    const lines = problemsOf(`http: { listen: 127.0.0.1:1, token: "${canary} x" }\n${yaml}`)
    expect(lines).toHaveLength(6)
    expect(lines.join('\n')).not.toContain(canary)
    expect(problemsOf(`secretKey: *${canary}\n`).join()).not.toContain(canary)
  })

  it('is said of a file that is not there', () => {
    const missing = { ...source(''), path: '/etc/ordersync/other.yaml' }
    expect(() => loadReaderConfig(missing)).toThrow(
      '/etc/ordersync/other.yaml: does not exist; write one with `ordersync init`, or name yours with --config',
    )
  })
})

describe('a good configuration', () => {
  const full = `queue: \${REDIS_URL:-auto}\nhttp: { token: "\${TOKEN:-}" }\n${accounts(QFEX, DERIVE, REVX, DEXPAL)}`

  it('has defaults for all it does not say', () => {
    const config = load(full, { files: PEM_FILE })
    expect(config).toMatchObject({
      database: '/etc/ordersync/data/orders.db',
      queue: { engine: 'auto' },
      http: { listen: { host: '127.0.0.1', port: 8080 }, token: null },
      warnings: [],
    })
    expect(config.accounts[0]).toMatchObject({
      enabled: true,
      environment: 'production',
      rateShare: 0.25,
      trackSince: null,
      subaccount: null,
      wsUrl: 'wss://trade.qfex.com',
      poll: { everyMs: 10_000, whileStreamingMs: 60_000, historyMs: 300_000 },
      absence: { confirmations: 2, graceMs: 30_000, giveUpAfterMs: 604_800_000 },
    })
    expect(config.accounts[1]).toMatchObject({ protocol: 'v3', restUrl: 'https://api.derive.xyz/v3' })
    expect(config.accounts[2]).toMatchObject({ protocol: 'orders-active', restUrl: 'https://revx.revolut.com' })
  })

  it('takes the URLs of the older protocol with it', () => {
    const config = load(accounts(DERIVE.replace('venue: derive', 'venue: derive, protocol: v2')))
    expect(config.accounts[0]).toMatchObject({
      restUrl: 'https://api.lyra.finance',
      wsUrl: 'wss://api.lyra.finance/ws',
    })
  })

  it('takes digits out of variables for numbers, and words for switches', () => {
    const yaml = accounts(
      DERIVE.replace(
        '86815',
        '"${SUB}", rateShare: "${SHARE}", enabled: "${ON}", absence: { confirmations: "${N:-3}" }',
      ),
    )
    const config = load(yaml, { env: { SUB: '42', SHARE: '0.5', ON: 'false' } })
    expect(config.accounts[0]).toMatchObject({
      subaccountId: 42,
      rateShare: 0.5,
      enabled: false,
      absence: { confirmations: 3 },
    })
  })

  it('leaves a doubled dollar as the text it stands for', () => {
    const config = load(`database: ./a$\${b}.db\n${accounts(QFEX)}`)
    expect(config.database).toBe('/etc/ordersync/a${b}.db')
  })

  it('may be as fast as a demo needs', () => {
    const fast = 'poll: { every: 500ms, history: 2s }, absence: { grace: 1s, giveUpAfter: 5s }'
    const config = load(accounts(QFEX.replace('venue: qfex', `venue: qfex, ${fast}`)))
    expect(config.accounts[0]).toMatchObject({
      poll: { everyMs: 500, historyMs: 2_000 },
      absence: { graceMs: 1_000, giveUpAfterMs: 5_000 },
    })
  })

  it('may name plain URLs of this machine, and a queue with a password', () => {
    const yaml = `queue: redis://:hunter22@localhost:6379/1\nhttp: false\n${accounts(
      QFEX.replace('venue: qfex', 'venue: qfex, wsUrl: "ws://127.0.0.1:9001/ws/", restUrl: "http://[::1]:9002"'),
    )}`
    const config = load(yaml)
    expect(config.http).toBeNull()
    expect(config.accounts[0]).toMatchObject({ wsUrl: 'ws://127.0.0.1:9001/ws', restUrl: 'http://[::1]:9002' })
    expect(secretsOf(config)).toContain('hunter22')
  })

  it('warns of a secret file that others can read', () => {
    const files = { '/etc/ordersync/revx.pem': { text: ED25519_PEM, mode: 0o640 } }
    expect(load(accounts(REVX), { files }).warnings).toEqual([
      '/etc/ordersync/revx.pem can be read by others; run: chmod 600 /etc/ordersync/revx.pem',
    ])
  })

  it('takes a PEM whose line ends are spelled out', () => {
    const yaml = accounts('- { id: r, venue: revolut-x, apiKey: k, privateKey: "${PEM}" }')
    const [account] = load(yaml, { env: { PEM: ED25519_PEM.replaceAll('\n', '\\n') } }).accounts
    expect(account?.venue === 'revolut-x' && account.privateKey.reveal()).toBe(ED25519_PEM)
  })

  it('shows no secret however it is printed', () => {
    const config = load(full, { files: PEM_FILE, env: { TOKEN: 'shh-token' } })
    const printed = `${JSON.stringify(config)}${inspect(config, { depth: 9, showHidden: true })}${String(config.http?.token)}`
    for (const secret of secretsOf(config)) expect(printed).not.toContain(secret)
    expect(secretsOf(config)).toEqual(
      expect.arrayContaining(['shh-token', 'shh-qfex', SESSION_KEY, 'shh-revx', ED25519_PEM.trim(), 'shh-vela']),
    )
  })
})

describe('a reader of the database', () => {
  it('needs neither the accounts nor their variables to be right', () => {
    const yaml = `database: ./x.db\naccounts:\n  - { id: Q, venue: none, secretKey: "\${GONE}" }\nunheard: of\n`
    expect(loadReaderConfig(source(yaml)).database).toBe('/etc/ordersync/x.db')
  })

  it('is told what is wrong with the keys it does need', () => {
    expect(() => loadReaderConfig(source('database: 7\n'))).toThrow('database is not text')
  })
})
