/** Ends a switch over a union: adding a member stops it compiling until every switch has a case for it. */
export function assertNever(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`)
}
