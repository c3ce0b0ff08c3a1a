/** Owns what a client is told when it does not get what it asked for: a status and one line, never what went wrong inside. */
import { STATUS_CODES } from 'node:http'

export interface Refusal {
  status: number
  error: string
  headers: Readonly<Record<string, string>>
}

export const refusal = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Refusal => ({
  status,
  error,
  headers,
})

/** The words of a status: the message of an exception may quote a payload, a path or a credential. */
export const wordsOf = (status: number): string => (STATUS_CODES[status] ?? 'failed').toLowerCase()

export const errorBody = (error: string): string => `${JSON.stringify({ error })}\n`
