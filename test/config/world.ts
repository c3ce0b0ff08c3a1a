/** A configuration in memory: the file, the files it names, and the environment, for tests of the loader. */
import { generateKeyPairSync } from 'node:crypto'
import { ConfigError } from '../../src/config/problems.ts'
import { type Config, type ConfigSource, loadConfig } from '../../src/config.ts'

export const ED25519_PEM = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
export const WALLET = '0x1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d'
export const SESSION_KEY = `0x${'11'.repeat(32)}`

export interface World {
  env?: Record<string, string>
  files?: Record<string, { text: string; mode?: number }>
}

export function source(yaml: string, { env = {}, files = {} }: World = {}): ConfigSource {
  return {
    path: '/etc/ordersync/ordersync.yaml',
    env,
    readFile: (path) => {
      if (path === '/etc/ordersync/ordersync.yaml') return { text: yaml, mode: 0o644 }
      const file = files[path]
      if (file === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
      return { text: file.text, mode: file.mode ?? 0o600 }
    },
  }
}

export const load = (yaml: string, world?: World): Config => loadConfig(source(yaml, world))

/** The lines of what is wrong, without the directory; empty where nothing is. */
export function problemsOf(yaml: string, world?: World): string[] {
  try {
    load(yaml, world)
    return []
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message.split('\n').map((line) => line.replace('/etc/ordersync/', ''))
    throw error
  }
}
