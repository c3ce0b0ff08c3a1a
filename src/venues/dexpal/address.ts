/** Owns which texts name the same wallet, and how many of them go into one request. */

/** The most that one request may ask for; the venue publishes no limit, but every proxy has one for its URLs. */
export const MAX_ADDRESSES_A_REQUEST = 50
export const MAX_URL_CHARS = 2_000

/** Hex addresses ignore case (a checksum is spelled in it); on every other chain case is part of the address. */
export const normaliseAddress = (address: string): string =>
  /^0x[0-9a-f]+$/i.test(address) ? address.toLowerCase() : address

/** `exchange:wallet:id`, where the id may hold colons of its own. Its wallet follows {@link normaliseAddress}. */
export function normaliseOrderId(orderId: string): string {
  const wallet = walletOf(orderId)
  if (wallet === null) return orderId
  const start = orderId.indexOf(':') + 1
  return orderId.slice(0, start) + normaliseAddress(wallet) + orderId.slice(start + wallet.length)
}

/** The wallet as the id spells it; null where the id has another form. */
export function walletOf(orderId: string): string | null {
  return /^[^:]*:([^:]+):/.exec(orderId)?.[1] ?? null
}

/** The value of `addr`: the commas stay as they are. */
export const addressList = (addresses: readonly string[]): string => addresses.map(encodeURIComponent).join(',')

/** As few lists as the limits allow, in the order given. `room` is what the URL has left for the list. */
export function chunk(addresses: readonly string[], room: number): string[][] {
  const chunks: string[][] = []
  let last: string[] = []
  for (const address of addresses) {
    const fits = last.length < MAX_ADDRESSES_A_REQUEST && addressList([...last, address]).length <= room
    // An address that is too long for any URL goes alone: the venue can only say no.
    if (fits && chunks.length > 0) last.push(address)
    else {
      last = [address]
      chunks.push(last)
    }
  }
  return chunks
}
