/** Owns the two pages a person sees: the way in, and what there is to look at. */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { contentSecurityPolicy } from './headers.ts'
import type { Health } from './health.ts'

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:3rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin-top:1rem}th,td{text-align:left;padding:.3rem 1rem .3rem 0;border-bottom:1px solid #8884}
input,button{font:inherit;padding:.3rem .6rem}nav a{margin-right:1rem}`

/** Admits this one style sheet and no other. */
const PAGE_POLICY = contentSecurityPolicy(`sha256-${createHash('sha256').update(STYLE).digest('base64')}`)

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': PAGE_POLICY,
}

export function addPageRoute(app: FastifyInstance, health: () => Health): void {
  app.get('/', (_request, reply) => sendPage(reply, 200, frontPage(health())))
}

export const sendPage = (reply: FastifyReply, status: number, page: string): FastifyReply =>
  reply.code(status).headers(PAGE_HEADERS).send(page)

export const loginPage = (failed: boolean): string =>
  layout(`<h1>ordersync</h1>${failed ? '<p role="alert">That is not the token.</p>' : ''}
<form method="post" action="/session"><label>Token <input type="password" name="token" required autofocus
autocomplete="current-password"></label> <button>Open</button></form>`)

function frontPage({ database, lock, accounts, engine }: Health): string {
  const rows = accounts.map(({ account, enabled, state, lastCompleteAt }) => {
    const cells = [
      account,
      enabled ? state : 'disabled',
      lastCompleteAt === null ? '' : new Date(lastCompleteAt).toISOString(),
    ]
    return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
  })
  const queue = engine === null ? 'none' : `${engine.name}, ${engine.reachable ? 'reachable' : 'not reachable'}`
  return layout(`<h1>ordersync</h1>
<nav><a href="/queues">Queues</a><a href="/metrics">Metrics</a><a href="/healthz">Alive</a><a href="/readyz">Ready</a></nav>
<p>Database ${database}, lock ${lock === 'held' ? 'held' : 'not held'}, queue engine ${escaped(queue)}.</p>
<table><thead><tr><th>Account</th><th>State</th><th>Last complete read</th></tr></thead><tbody>${rows.join('')}</tbody></table>`)
}

const layout = (body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ordersync</title><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
<style>${STYLE}</style></head><body>${body}</body></html>\n`

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
