/** Owns Derive's errors: their codes and words, https://docs.derive.xyz/error-codes. */

export interface RpcError {
  code: number
  message: string
  data: string | null
}

/** What a method says: its result, or why not. */
export type Answer = { result: unknown } | { error: RpcError }

const MESSAGES = {
  [-32700]: 'Parse error',
  [-32601]: 'Method not found',
  [-32602]: 'Invalid params',
  [-32603]: 'Internal error',
  [-32000]: 'Rate limit exceeded',
  [-32100]: 'Number of concurrent websocket clients limit exceeded',
  11006: 'Does not exist',
  14000: 'Account not found',
  14001: 'Subaccount not found',
  14014: 'Signature invalid for message or transaction',
  14020: 'X-DeriveWallet does not own subaccount',
  14021: 'Missing auth headers',
  14025: 'Must include wallet or subaccount_id',
  14026: 'Session key not found',
  14030: 'Session key expired',
  14031: 'Session key scope insufficient',
} as const

export type RpcCode = keyof typeof MESSAGES

export const refused = (code: RpcCode, data: string | null = null): { error: RpcError } => ({
  error: { code: Number(code), message: MESSAGES[code], data },
})

/** What stands in for a failure that was ordered by its HTTP status. */
export function codeOfStatus(status: number): RpcCode {
  if (status === 429) return -32000
  if (status === 401) return 14014
  if (status === 403) return 14031
  return status === 404 ? -32601 : -32603
}
