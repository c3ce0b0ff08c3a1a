/** The migrations in `drizzle/` and the schema in the source say the same. */
import { readFileSync } from 'node:fs'
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api'
import { expect, test } from 'vitest'
import * as schema from '../../src/store/schema.ts'

test('nothing is left to generate: run `npm run db:generate` after a change of the schema', async () => {
  const { entries } = JSON.parse(readFileSync('drizzle/meta/_journal.json', 'utf8'))
  const snapshot = `drizzle/meta/${String(entries.length - 1).padStart(4, '0')}_snapshot.json`
  const migrated = JSON.parse(readFileSync(snapshot, 'utf8'))
  const current = await generateSQLiteDrizzleJson({ ...schema })
  expect(await generateSQLiteMigration(migrated, current)).toEqual([])
})
