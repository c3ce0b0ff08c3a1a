/** Owns the shape of the whole configuration. */
import { z } from 'zod'
import { accountSettings } from './account-settings.ts'
import { Secret } from './secret.ts'
import { isLoopback, secret, text } from './values.ts'

/** Where HTTP listens. `port` 0 takes a free one. */
export interface ListenAddress {
  host: string
  port: number
}

/** `127.0.0.1:8080`, `localhost:0` or `[::1]:8080`; null where the text is none of the kind. */
export function parseListen(value: string): ListenAddress | null {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(value) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  return host === undefined || port > 65_535 ? null : { host, port }
}

const listen = z
  .string({ error: () => 'is not an address; write one such as 127.0.0.1:8080' })
  .transform((value, context) => {
    const address = parseListen(value)
    if (address !== null) return address
    context.addIssue({ code: 'custom', message: 'is not an address; write one such as 127.0.0.1:8080' })
    return z.NEVER
  })

/** Without a token, whoever reaches the port reads every order. */
export const needsToken = (address: ListenAddress): boolean => !isLoopback(address.host)

const httpServer = z
  .strictObject({ listen: listen.prefault('127.0.0.1:8080'), token: secret('token').nullable().default(null) })
  .superRefine((server, context) => {
    if (server.token !== null || !needsToken(server.listen)) return
    const message =
      'is missing, and listen is reachable from other machines; set token or tokenFile, or listen on 127.0.0.1'
    context.addIssue({ code: 'custom', path: ['token'], message })
  })

const http = z.union([z.literal(false), httpServer], {
  error: () => 'is neither false nor settings; write false, or { listen: 127.0.0.1:8080 }',
})

const QUEUE_WORDS = 'auto, embedded or a redis:// URL'
const queue = z
  .string({ error: () => `is not text; write ${QUEUE_WORDS}` })
  .default('auto')
  .transform((value, context) => {
    if (value === 'auto' || value === 'embedded') return { engine: value } as const
    if (/^rediss?:\/\//.test(value) && URL.canParse(value)) return { engine: 'redis', url: new Secret(value) } as const
    context.addIssue({ code: 'custom', message: `is not a queue; write ${QUEUE_WORDS}` })
    return z.NEVER
  })

/** What a reader of the database needs; the rest of the file may be wrong. */
export const readerSettings = z.object({
  database: text('a path').default('./data/orders.db'),
  http: http.prefault({}),
})

export const settings = z.strictObject({
  ...readerSettings.shape,
  queue,
  accounts: z
    .array(accountSettings, { error: (issue) => missingAccounts(issue.input) })
    .min(1, 'is empty; add an account (`ordersync init` shows one for each venue)'),
})

const missingAccounts = (input: unknown) =>
  input === undefined
    ? 'is missing; add an account (`ordersync init` shows one for each venue)'
    : 'is not a list; begin each account with a dash'

export type Settings = z.output<typeof settings>
export type QueueSetting = Settings['queue']
