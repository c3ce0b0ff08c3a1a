/** What the folder of every venue must have alike: somebody who knows one finds the way in all. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defaultAccounts } from '../../src/sandbox/sandbox.ts'

const VENUES_DIR = 'src/venues'

const folders = readdirSync(VENUES_DIR, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

describe.each(folders)('the folder %s', (folder) => {
  test.each(['README.md', 'wire.ts', 'map.ts', 'client.ts'])('has %s', (file) => {
    expect(existsSync(`${VENUES_DIR}/${folder}/${file}`)).toBe(true)
  })

  test('is opened by the registry', () => {
    const registry = readFileSync(`${VENUES_DIR}/registry.ts`, 'utf8')
    expect(registry).toContain(`./${folder}/client.ts`)
    expect(registry).toContain(`case '${folder}':`)
  })

  test('has an account under the contract', () => {
    expect(defaultAccounts('folder').map(({ venue }) => venue)).toContain(folder)
  })
})
