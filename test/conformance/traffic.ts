/** Owns what passes between our clients and the sandbox: every request, reply and frame as it was on the wire. */
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { WireRequest, WireResponse } from '../../src/venues/http.ts'

/** Our own client's, or a request that a test made by hand to hear an answer that no client of ours asks for. */
export type Asker = 'client' | 'hand'

export interface Exchange {
  by: Asker
  request: WireRequest
  reply: WireResponse
}

/** One socket from its opening on. */
export interface Line {
  by: Asker
  url: string
  said: { from: 'asker' | 'sandbox'; text: string }[]
}

export interface Traffic {
  exchanges: Exchange[]
  lines: Line[]
}

export const newTraffic = (): Traffic => ({ exchanges: [], lines: [] })

/** The same sandbox, everything that passes written to `traffic`. */
export function tapped(sandbox: Sandbox, traffic: Traffic, by: Asker): Sandbox {
  return {
    ...sandbox,
    async http(request, limits, signal) {
      const reply = await sandbox.http(request, limits, signal)
      traffic.exchanges.push({ by, request, reply })
      return reply
    },
    socket(url, headers, limits, handlers) {
      const line: Line = { by, url, said: [] }
      traffic.lines.push(line)
      const socket = sandbox.socket(url, headers, limits, {
        ...handlers,
        onMessage(text) {
          line.said.push({ from: 'sandbox', text })
          handlers.onMessage(text)
        },
      })
      return {
        ...socket,
        send(text) {
          line.said.push({ from: 'asker', text })
          socket.send(text)
        },
      }
    },
  }
}
