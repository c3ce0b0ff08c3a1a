/** Secrets are let loose in a daemon that meets every kind of failure; then everything that was written is searched. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { openReader } from '../../src/store/read.ts'
import { type Ended, isAlive, openPlace, type Place, type Settings, until } from '../support/daemon.ts'
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { openEchoVenue } from './echo-venue.ts'

const TOKEN = 'canary-token-5fb2e6a0c9d14'
const REDIS_PASSWORD = 'canary/pass+word=31c8f0'
const ECHO_KEY = 'canary-echo-key-93be1f7a55'
const QFEX_SECRET = 'qfex_secret_canary_e01b6a2d'

/** Every form in which a text may be read out of a file: base64 also where it begins in the middle of something else. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const within = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
    // The characters at both ends depend on their neighbours.
    return text.slice(before === 0 ? 0 : before + 1, -1)
  })
  const url = within.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  const hex = bytes.toString('hex')
  const plain = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), hex, hex.toUpperCase()]
  return [...new Set([...plain, ...within, ...url, ...within.map(encodeURIComponent)])]
}

interface Written {
  where: string
  bytes: Buffer
}

/** `secret 3 in orders.db-wal`, so that a failure does not print the secret itself. */
function leaks(secrets: readonly string[], written: readonly Written[]): string[] {
  return secrets.flatMap((secret, at) => {
    const forms = formsOf(secret).map((form) => Buffer.from(form))
    const found = written.filter(({ bytes }) => forms.some((form) => bytes.includes(form)))
    return found.map(({ where }) => `secret ${at} in ${where}`)
  })
}

/** The files that are there to hold a secret: the configuration, the keys, and where a monitor finds the queue. */
const isKeeper = (name: string) => /\.(pem|secret|yaml|queue)$|^sandbox\.json$/.test(name)

function filesIn(dir: string, root = dir): Written[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return filesIn(path, root)
    return entry.isFile() && !isKeeper(entry.name) ? [{ where: relative(root, path), bytes: readFileSync(path) }] : []
  })
}

/** Keys of the sandbox, the echoing accounts' own, and what opens HTTP and Redis. */
function plantSecrets(place: Place, echo: { restUrl: string; wsUrl: string }, redis: TestRedis | null): string[] {
  const pem = readFileSync(join(place.dir, 'revx.pem'), 'utf8')
  const line = pem.split('\n')[1] ?? ''
  const seed = Buffer.from(line, 'base64').subarray(-32)
  const secrets = [TOKEN, ECHO_KEY, QFEX_SECRET, pem.trim(), line, seed.toString('hex'), seed.toString('base64')]
  secrets.push(readFileSync(join(place.dir, 'qfex-main.secret'), 'utf8').trim())
  place.configure((settings) => {
    secrets.push(...apiKeysOf(settings))
    settings.http = { listen: '127.0.0.1:0', token: TOKEN }
    if (redis !== null) {
      settings.queue = redis.url.replace('//', `//:${encodeURIComponent(REDIS_PASSWORD)}@`)
      secrets.push(REDIS_PASSWORD)
    }
    const { restUrl, wsUrl } = echo
    const poll = { every: '500ms', history: '1s' }
    const echoing = { restUrl, apiKey: ECHO_KEY, privateKeyFile: './revx.pem', poll }
    settings.accounts.push(
      { id: 'echo-revx', venue: 'revolut-x', ...echoing },
      { id: 'echo-older', venue: 'revolut-x', protocol: 'orders', ...echoing },
      { id: 'echo-qfex', venue: 'qfex', restUrl, wsUrl, publicKey: 'pub', secretKey: QFEX_SECRET, poll },
    )
  })
  return secrets
}

const apiKeysOf = ({ accounts }: Settings) =>
  accounts.flatMap(({ apiKey }) => (typeof apiKey === 'string' ? [apiKey] : []))

const FAULTS = [
  { kind: 'garbage_body', times: 2 },
  { kind: 'cut_body', times: 2 },
  { kind: 'wrong_type', times: 6 },
  { kind: 'missing_field', times: 6 },
  { kind: 'unknown_status', times: 2 },
  { kind: 'http_status', status: 500, times: 2 },
  { kind: 'http_status', status: 429, retryAfterMs: 100, times: 1 },
  { kind: 'refuse_auth', as: 'err', times: 1 },
  { kind: 'close_socket', times: 1 },
] as const

/** Every page, with the token, without it, and with a wrong one. */
async function browse(url: string): Promise<Written[]> {
  const paths = ['/', '/healthz', '/readyz', '/metrics', '/queues', '/queues/api/queues?activeQueue=poll', '/nowhere']
  const tokens = [TOKEN, 'wrong', null]
  const pages = paths.flatMap((path) => tokens.map((token) => ({ path, token })))
  return Promise.all(
    pages.map(async ({ path, token }) => {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` }
      const answer = await fetch(`${url}${path}`, { headers })
      const told = `${JSON.stringify([...answer.headers])}${await answer.text()}`
      return { where: `${path} (${answer.status})`, bytes: Buffer.from(told) }
    }),
  )
}

const linesOf = (where: string, { stdout, stderr }: Ended): Written => ({ where, bytes: Buffer.from(stdout + stderr) })

/** What every command prints beside the running daemon, failures with their stacks too. */
async function ask(place: Place): Promise<Written[]> {
  const { orders } = readOrders(place)
  const order = orders[0]
  if (order === undefined) throw new Error('no order to ask about')
  writeFileSync(join(place.dir, 'broken.yaml'), `${readFileSync(place.config, 'utf8')}secretKey: ${QFEX_SECRET}\n`)
  const commands = [
    ['status', '--json'],
    ['orders', '--json', '--status', 'all'],
    ['events', '--json'],
    ['explain', `${order.account}/${order.kind}/${order.venue_order_id}`, '--json'],
    ['verify', '--json', '--debug'],
    ['backup', join(place.dir, 'copy.db'), '--debug'],
    ['start', '--debug'],
    ['explain', 'nothing', '--debug'],
    ['events', '--after', 'other:1', '--debug'],
  ]
  const told: Written[] = []
  for (const command of commands) told.push(linesOf(command.join(' '), await place.run(...command)))
  return told
}

function readOrders({ database }: Place) {
  using reader = openReader(database)
  return reader.orders({})
}

const quarantinedIn = ({ database }: Place): number => {
  using reader = openReader(database)
  return reader.accounts().reduce((sum, { quarantined }) => sum + quarantined, 0)
}

test('no secret is written anywhere, whatever fails', { timeout: 180_000 }, async () => {
  await using echo = await openEchoVenue()
  await using redis = hasRedis ? await startRedis() : null
  const client = redis?.client()
  await client?.config('SET', 'requirepass', REDIS_PASSWORD)
  const place = await openPlace({ seed: 'canary' })
  const secrets = plantSecrets(place, echo, redis)
  for (const fault of FAULTS) {
    for (const venue of ['qfex', 'revolut-x']) await place.control('/faults', { ...fault, venue, chance: 0.3 })
  }

  const daemon = place.start('--debug')
  const url = await daemon.url()
  await place.control('/autopilot', { running: true, ratePerSecond: 20 })
  const kinds = () => Object.keys(echo.answers()).length
  // A hangup ends the waits after failures, so that the echo gets to say everything it has to say.
  for (let hangups = 0; kinds() < 10 && hangups < 20; hangups++) {
    const from = daemon.log.length
    daemon.signal('SIGHUP')
    await daemon.said('configuration read again', from)
    const before = Object.values(echo.answers()).reduce((sum, count) => sum + count, 0)
    await until('answers', () => Object.values(echo.answers()).reduce((sum, count) => sum + count, 0) >= before + 2)
  }
  expect(kinds()).toBe(10)
  await until('rows that nobody could read', () => quarantinedIn(place) > 3)
  const pages = await browse(url)
  const printed = await ask(place)
  await client?.config('SET', 'rdbcompression', 'no')
  await client?.save()
  const atWork = [...filesIn(place.dir), ...(redis === null ? [] : filesIn(dirname(redis.socket)))]
  const names = atWork.map(({ where }) => where)
  expect(names).toEqual(expect.arrayContaining(['orders.db', 'orders.db-wal', 'copy.db']))
  if (redis !== null) expect(names).toContain('dump.rdb')
  // From here on the queue's words are about a password that the server does not know.
  const from = daemon.log.length
  await redis?.kill()
  if (redis !== null) await until('its complaint', () => daemon.log.slice(from).some(({ level }) => level === 'warn'))
  await redis?.restart()
  expect(statSync(`${place.database}.queue`).mode & 0o777).toBe(0o600)

  daemon.signal('SIGTERM')
  const ended = await daemon.ended
  expect(ended.code).toBe(0)
  expect(isAlive(daemon.pid)).toBe(false)
  expect(daemon.log.filter(({ msg }) => msg === 'venue failed').length).toBeGreaterThan(5)

  const written = [...pages, ...printed, ...atWork, ...filesIn(place.dir), linesOf('the log', ended)]
  const all = [...secrets, ...echo.secrets()]
  expect(echo.secrets().length).toBeGreaterThan(8)
  expect(leaks(all, written)).toEqual([])
  // The search finds what is there: the configuration has to hold its keys.
  const config = { where: 'config', bytes: readFileSync(place.config) }
  expect(leaks([TOKEN, ECHO_KEY], [config])).toHaveLength(2)
  expect(all.length).toBeGreaterThan(20)
})

test.each(['plain', 'in the middle of base64', 'in a URL'])('the search sees a secret %s', (how) => {
  const text = { plain: REDIS_PASSWORD, 'in a URL': encodeURIComponent(REDIS_PASSWORD) }[how]
  const bytes = Buffer.from(text ?? Buffer.from(`user:${REDIS_PASSWORD}!`).toString('base64'))
  expect(leaks([REDIS_PASSWORD], [{ where: 'there', bytes }])).toEqual(['secret 0 in there'])
  expect(leaks([REDIS_PASSWORD], [{ where: 'there', bytes: bytes.subarray(1, -4) }])).toEqual([])
})
