/** Owns the directory of a private engine: closed to other users, and a path short enough for a unix socket. */
import { mkdir, mkdtemp, readlink, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The kernel cuts socket paths at 108 bytes, some at 104. */
const LONGEST_SOCKET_PATH = 100
/** In `home`: points to the temporary directory where the sockets are, if they are not in `home` itself. */
const ELSEWHERE = 'sockets'

/**
 * Makes `home` anew, 0700, and returns where a socket called `name` may stand: in `home`, or in a temporary directory
 * that `home` points to where the path would be too long.
 */
export async function makeHome(home: string, name: string): Promise<string> {
  await removeHome(home)
  await mkdir(home, { mode: 0o700 })
  if (Buffer.byteLength(join(home, name)) <= LONGEST_SOCKET_PATH) return home
  const elsewhere = await mkdtemp(join(tmpdir(), 'ordersync-'))
  await symlink(elsewhere, join(home, ELSEWHERE))
  return elsewhere
}

/** Where the sockets of an earlier process are, if it left any. */
export async function findSockets(home: string): Promise<string> {
  return (await target(home)) ?? home
}

export async function removeHome(home: string): Promise<void> {
  const elsewhere = await target(home)
  if (elsewhere !== null) await rm(elsewhere, { recursive: true, force: true })
  await rm(home, { recursive: true, force: true })
}

const target = (home: string): Promise<string | null> => readlink(join(home, ELSEWHERE)).catch(() => null)
