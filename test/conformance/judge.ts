/** Owns the judgement of recorded traffic by a venue's contract: which message is which, and what is wrong with it. */
import { z } from 'zod'
import { type Contract, createChecker, type Operation } from './contract.ts'
import { isObject, type Json, type JsonObject } from './dialect.ts'
import { fieldsNamed, fieldsSaid } from './fields.ts'
import type { Exchange, Line, Traffic } from './traffic.ts'

/** Something that one of the two says otherwise than the contract. */
export interface Finding {
  by: 'client' | 'sandbox'
  /** `GET /user/trade 200`, `order_response`… */
  message: string
  at: string
  is: string
}

export interface Verdict {
  findings: Finding[]
  /** Fields that the contract names in a message that came, and that none ever had, as `Order.price`. */
  unsaid: string[]
  /** Messages of the contract that were not sent, as `client: GET /refdata`. */
  unheard: string[]
}

/** How the messages of a socket are told apart: by names, those of the contract or others. */
export interface Naming {
  sent(message: Row): string
  /** `asked`: what the asker has said before on this socket, oldest first. */
  received(message: Row, asked: readonly Row[]): string
}

type Row = Record<string, unknown>
const row = z.record(z.string(), z.unknown())

export function judge(contract: Contract, traffic: Traffic, hosts: readonly string[], naming: Naming): Verdict {
  const bench = createBench(contract)
  const isHere = (url: string) => hosts.includes(new URL(url).host)
  for (const exchange of traffic.exchanges) {
    if (isHere(exchange.request.url)) judgeExchange(exchange, contract, bench)
  }
  const hasSocket = Object.keys(contract.socket.received).length > 0
  for (const line of hasSocket ? traffic.lines : []) if (isHere(line.url)) judgeLine(line, contract, naming, bench)
  return bench.verdict()
}

/** Requests of our clients that no contract knows. */
export function strangers({ exchanges }: Traffic, contracts: readonly Contract[]): string[] {
  const http = contracts.flatMap((contract) => contract.http)
  const unknown = exchanges.flatMap(({ by, request: { method, url } }) => {
    const isKnown = operationOf(method, new URL(url), http) !== null
    return by === 'hand' || isKnown ? [] : [`${method} ${url.split('?')[0]}`]
  })
  return [...new Set(unknown)]
}

function createBench(contract: Contract) {
  const check = createChecker(contract)
  const { schemas } = contract.components
  const findings = new Map<string, Finding>()
  const said = new Set<string>()
  const heard = new Set<string>()
  const find = (finding: Finding) => void findings.set(Object.values(finding).join(' '), finding)
  return {
    find,
    hold(by: Finding['by'], message: string, schema: JsonObject, value: unknown) {
      heard.add(`${by}: ${message}`)
      for (const problem of check(schema, value)) find({ by, message, ...problem })
      if (by === 'sandbox') fieldsSaid(schema, value, message, schemas, said)
    },
    verdict(): Verdict {
      const replies = repliesOf(contract)
      const spoken = replies.filter(([message]) => heard.has(`sandbox: ${message}`))
      const named = spoken.flatMap(([message, schema]) => [...fieldsNamed(schema, message, schemas)])
      const requests = [...contract.http.map(nameOf), ...Object.keys(contract.socket.sent)]
      const messages = [
        ...requests.map((request) => `client: ${request}`),
        ...replies.map(([reply]) => `sandbox: ${reply}`),
      ]
      return {
        findings: [...findings.values()],
        unsaid: [...new Set(named)].filter((field) => !said.has(field)),
        unheard: messages.filter((message) => !heard.has(message)),
      }
    },
  }
}

type Bench = ReturnType<typeof createBench>

const nameOf = ({ method, path }: Operation): string => `${method} ${path}`

function repliesOf({ http, socket }: Contract): [string, JsonObject][] {
  const replies = http.flatMap((operation) =>
    Object.entries(operation.replies).map(([status, schema]): [string, JsonObject] => [
      `${nameOf(operation)} ${status}`,
      schema,
    ]),
  )
  return [...replies, ...Object.entries(socket.received)]
}

// ---- HTTP -----------------------------------------------------------------------------------------------------------

function judgeExchange({ by, request, reply }: Exchange, { http }: Contract, bench: Bench): void {
  const url = new URL(request.url)
  const match = operationOf(request.method, url, http)
  if (match === null) return
  const { operation, path } = match
  const name = nameOf(operation)
  if (by === 'client') bench.hold('client', name, operation.request, requestOf(request, url, path, operation.request))
  const body: unknown = JSON.parse(reply.body)
  const status = statusOf(operation, reply.status, body)
  const schema = operation.replies[status]
  if (schema === undefined) {
    bench.find({ by: 'sandbox', message: `${name} ${status}`, at: '', is: 'no_such_message' })
  } else {
    const headers = decoded(reply.headers, partOf(partOf(schema, 'properties'), 'headers'))
    bench.hold('sandbox', `${name} ${status}`, schema, { headers, body })
  }
}

/** The operation that a request is for; a fixed path before any that has a parameter in its place. */
function operationOf(method: string, { pathname }: URL, http: readonly Operation[]) {
  const found = http.flatMap((operation) => {
    const path = operation.method === method ? pathOf(operation.path, pathname) : null
    return path === null ? [] : [{ operation, path }]
  })
  return found.sort((a, b) => Object.keys(a.path).length - Object.keys(b.path).length)[0] ?? null
}

/** The parameters in a path; null where it is another one. */
function pathOf(template: string, path: string): Record<string, string> | null {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  const pattern = new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '([^/]+)')}$`)
  const values = pattern.exec(path)?.slice(1)
  return values === undefined ? null : Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}

function requestOf(request: Exchange['request'], url: URL, path: Record<string, string>, schema: JsonObject): Row {
  const parts = partOf(schema, 'properties')
  const body: unknown = request.body === null ? undefined : JSON.parse(request.body)
  return {
    path,
    query: decoded(Object.fromEntries(url.searchParams), partOf(parts, 'query')),
    headers: decoded(request.headers, partOf(parts, 'headers')),
    ...(body === undefined ? {} : { body }),
  }
}

/** `5XX` and `default` stand for every status that has no words of its own; an RPC error has them under any status. */
function statusOf({ replies }: Operation, status: number, body: unknown): string {
  const isRpcError = row.safeParse(body).data?.error !== undefined && replies.default !== undefined
  const names = isRpcError ? ['default'] : [String(status), `${Math.floor(status / 100)}XX`, 'default']
  return names.find((name) => replies[name] !== undefined) ?? String(status)
}

/** Texts as the types that their schema gives them; a text that is not of its type stays one, and is found. */
function decoded(texts: Readonly<Record<string, string>>, schema: JsonObject): Row {
  const fields = partOf(schema, 'properties')
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, typed(text, partOf(fields, name).type ?? null)]),
  )
}

function typed(text: string, type: Json): unknown {
  if (type === 'array') return text.split(',')
  return (type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

function partOf(schema: JsonObject, name: string): JsonObject {
  const part = schema[name]
  return isObject(part) ? part : {}
}

// ---- sockets --------------------------------------------------------------------------------------------------------

function judgeLine({ by, said }: Line, { socket }: Contract, naming: Naming, bench: Bench): void {
  const asked: Row[] = []
  for (const { from, text } of said) {
    const isAsked = from === 'asker'
    const message = isAsked && by === 'hand' ? row.safeParse(tryJson(text)).data : row.parse(JSON.parse(text))
    // Only a hand sends what is no message at all, to hear what is said to that.
    if (message === undefined) continue
    const name = isAsked ? naming.sent(message) : naming.received(message, asked)
    if (isAsked) asked.push(message)
    if (isAsked && by === 'hand') continue
    const schema = isAsked ? socket.sent[name] : socket.received[name]
    const speaker = isAsked ? 'client' : 'sandbox'
    if (schema === undefined) bench.find({ by: speaker, message: name, at: '', is: 'no_such_message' })
    else bench.hold(speaker, name, schema, message)
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
