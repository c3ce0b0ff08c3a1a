/** Owns the worst of venues: whatever it is told it says back, in every kind of answer it has. */
import { createServer, type IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'

export interface EchoVenue extends AsyncDisposable {
  readonly restUrl: string
  readonly wsUrl: string
  /** What it was sent that nobody may write down: keys, signatures, nonces. */
  secrets(): string[]
  /** How often each kind of answer went out. */
  answers(): Readonly<Record<string, number>>
}

interface Answer {
  kind: string
  status: number
  body: string
}

const SECRET_HEADERS = ['x-revx-api-key', 'x-revx-signature', 'x-qfex-hmac-signature', 'x-qfex-nonce', 'authorization']

/** A refusal comes last, since nobody asks again soon after it. */
function answersTo({ headers, url = '' }: IncomingMessage): Answer[] {
  const told = JSON.stringify(headers)
  const key = String(headers['x-revx-api-key'] ?? headers['x-qfex-nonce'] ?? '')
  const failure = (message: string) => JSON.stringify({ message, error_id: '7d85b5e7', timestamp: 3_318_215_482_991 })
  const row = { id: 'f3a1', symbol: key, side: told, headers, note: `key ${key}`, [key]: 1, list: [key, { key }] }
  return [
    { kind: 'row', status: 200, body: JSON.stringify({ data: [row], metadata: { timestamp: 1 } }) },
    { kind: 'failure', status: 500, body: failure(`no luck with ${told}`) },
    { kind: 'text', status: 200, body: `<html>${url} ${told} ${Buffer.from(key).toString('base64')}</html>` },
    { kind: 'misused', status: 400, body: failure(`the key ${key} (${encodeURIComponent(key)}) at ${url}: ${told}`) },
    { kind: 'problem', status: 503, body: JSON.stringify({ title: told, detail: `key ${key}` }) },
    { kind: 'refusal', status: 401, body: failure(`unknown key ${key}, signed ${told}`) },
  ]
}

/** What a socket is told back, in turn. */
const framesOn = (text: string): { kind: string; frame: string }[] => [
  { kind: 'err frame', frame: JSON.stringify({ err: { error_code: 'InternalError', message: `cannot do ${text}` } }) },
  { kind: 'text frame', frame: `what is ${text}` },
  {
    kind: 'order frame',
    frame: JSON.stringify({ order_response: { order_id: 'a1', status: 'ACK', symbol: text, quantity: text } }),
  },
  { kind: 'refusing frame', frame: JSON.stringify({ err: { error_code: 'InvalidSignature', message: text } }) },
]

export async function openEchoVenue(): Promise<EchoVenue> {
  const secrets = new Set<string>()
  const counts: Record<string, number> = {}
  const count = (kind: string) => {
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  let asked = 0
  const server = createServer((request, response) => {
    for (const name of SECRET_HEADERS) {
      const value = request.headers[name]
      if (typeof value === 'string') secrets.add(value)
    }
    const answers = answersTo(request)
    const answer = answers[Math.min(asked++, answers.length - 1)]
    if (answer === undefined) return response.destroy()
    count(answer.kind)
    return response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  })
  const sockets = new WebSocketServer({ server })
  let greeted = 0
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const text = data.toString()
      for (const [, value] of text.matchAll(/"(?:nonce|signature)":"([^"]+)"/g)) if (value) secrets.add(value)
      const frames = framesOn(text)
      const told = frames[Math.min(greeted++, frames.length - 1)]
      if (told === undefined) return
      count(told.kind)
      socket.send(told.frame)
      // What says nothing to the question would leave it open until it is late.
      if (told.kind !== 'err frame') socket.close(1011, text.slice(0, 100))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    restUrl: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    secrets: () => [...secrets],
    answers: () => counts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
