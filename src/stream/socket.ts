/** Owns the seam between a socket and everything that reads it, so that a session runs the same over `ws` and in the simulation. */

export interface SocketHandlers {
  onOpen(): void
  onMessage(text: string): void
  /** Any sign of life that is not a message: a ping or a pong. */
  onBeat(): void
  /** Once, after which nothing more comes. `httpStatus` where the upgrade was refused. */
  onClose(why: { code: number | null; reason: string; httpStatus: number | null }): void
}

export interface Socket {
  send(text: string): void
  ping(): void
  /** Ends at once, without a closing handshake; `onClose` still comes. */
  terminate(): void
}

export interface SocketLimits {
  maxMessageBytes: number
  handshakeTimeoutMs: number
}

/** Real: `ws`. In the simulation: the sandbox in the same process. */
export type SocketTransport = (
  url: string,
  headers: Readonly<Record<string, string>>,
  limits: SocketLimits,
  handlers: SocketHandlers,
) => Socket
