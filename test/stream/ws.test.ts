import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { SocketHandlers } from '../../src/stream/socket.ts'
import { openWebSocket } from '../../src/stream/ws.ts'

const limits = { maxMessageBytes: 1_000, handshakeTimeoutMs: 5_000 }
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function portOf(server: { address(): unknown }): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new Error('not listening')
  return Number(address.port)
}

async function serve() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  closers.push(async () => {
    for (const client of server.clients) client.terminate()
    server.close()
    await once(server, 'close')
  })
  return { server, url: `ws://127.0.0.1:${portOf(server)}` }
}

/** Opens a socket, and resolves each wait when what it waits for comes. */
function open(url: string) {
  const messages: string[] = []
  const waiting: { is: string; tell: (value: unknown) => void }[] = []
  const tell = (is: string, value: unknown = null) => {
    for (const waiter of waiting.filter((candidate) => candidate.is === is)) waiter.tell(value)
  }
  const next = (is: string) => new Promise<unknown>((resolve) => waiting.push({ is, tell: resolve }))
  let onClose: SocketHandlers['onClose'] = () => {}
  const closed = new Promise<Parameters<SocketHandlers['onClose']>[0]>((resolve) => {
    onClose = resolve
  })
  const socket = openWebSocket(url, { 'x-key': 'k' }, limits, {
    onOpen: () => tell('open'),
    onMessage(text) {
      messages.push(text)
      tell('message', text)
    },
    onBeat: () => tell('beat'),
    onClose,
  })
  return { socket, messages, next, closed }
}

describe('a real socket', () => {
  it('sends its headers and our name, and carries text and binary frames as text, both ways', async () => {
    const { server, url } = await serve()
    const connected = once(server, 'connection')
    const client = open(url)
    await client.next('open')
    const [peer, request] = await connected
    expect(request.headers).toMatchObject({ 'x-key': 'k', 'user-agent': expect.stringMatching(/^ordersync\//) })
    expect(request.headers['sec-websocket-extensions']).toBeUndefined()
    const received = once(peer, 'message')
    client.socket.send('{"ä":1}')
    expect(String((await received)[0])).toBe('{"ä":1}')
    const text = client.next('message')
    peer.send('text é')
    await text
    const binary = client.next('message')
    peer.send(Buffer.from('binary é'))
    await binary
    expect(client.messages).toEqual(['text é', 'binary é'])
    client.socket.terminate()
    expect(await client.closed).toMatchObject({ code: 1006, httpStatus: null })
  })

  it('counts a ping and a pong as a beat', async () => {
    const { server, url } = await serve()
    const connected = once(server, 'connection')
    const client = open(url)
    await client.next('open')
    const [peer] = await connected
    const pong = client.next('beat')
    client.socket.ping()
    await pong
    const ping = client.next('beat')
    peer.ping()
    await ping
    client.socket.terminate()
    await client.closed
  })

  it('tells code and reason of a close', async () => {
    const { server, url } = await serve()
    server.on('connection', (peer) => peer.close(4001, 'session replaced'))
    expect(await open(url).closed).toEqual({ code: 4001, reason: 'session replaced', httpStatus: null })
  })

  it('closes on a message over the limit instead of keeping it', async () => {
    const { server, url } = await serve()
    server.on('connection', (peer) => peer.send('x'.repeat(1_001)))
    const client = open(url)
    expect(await client.closed).toMatchObject({ reason: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' })
    expect(client.messages).toEqual([])
  })

  it.each([401, 403, 429, 302])('tells the status of a refused upgrade: %i', async (status) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(async () => {
      server.close()
      await once(server, 'close')
    })
    server.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno`)
    })
    expect(await open(`ws://127.0.0.1:${portOf(server)}`).closed).toMatchObject({ httpStatus: status })
  })

  it('closes with the code of the network alone where nobody listens', async () => {
    expect(await open('ws://127.0.0.1:1').closed).toEqual({ code: 1006, reason: 'ECONNREFUSED', httpStatus: null })
  })

  it('can be ended before it is open, and then still closes', async () => {
    const { url } = await serve()
    const client = open(url)
    client.socket.terminate()
    expect(await client.closed).toMatchObject({ httpStatus: null })
  })
})
