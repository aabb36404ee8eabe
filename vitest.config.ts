import { defineConfig } from 'vitest/config'

// unit: beside the code, no sockets, no native library. whole: real sockets, real processes, a real engine; one file at a time, since two cores
// are all that a small machine has. fuzz: made-up input, a few hundred cases unless FUZZ_RUNS wants more.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{src,bench,web}/**/*.test.ts'], testTimeout: 10_000 } },
      {
        test: {
          name: 'whole',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/fuzz/**'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          globalSetup: ['tests/support/setup.ts'],
        },
      },
      { test: { name: 'fuzz', include: ['tests/fuzz/*.test.ts'], testTimeout: 120_000, setupFiles: ['tests/support/fuzz-seed.ts'] } },
    ],
  },
})
