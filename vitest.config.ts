import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      { extends: true, test: { name: 'check', include: ['test/**/*.check.test.ts'] } },
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'], exclude: ['test/**/*.check.test.ts'] } },
    ],
  },
})
