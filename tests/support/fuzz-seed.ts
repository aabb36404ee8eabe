import fc from 'fast-check'

// One seed, so that a run says something of the change and not of the day; FUZZ_SEED looks elsewhere. FUZZ_RUNS tries more cases than CI has
// time for: FUZZ_RUNS=10000 npm run fuzz.
fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED ?? 20261121) })

/** How many cases to try: so many, unless FUZZ_RUNS says otherwise. */
export function fuzzRuns(short: number): { numRuns: number } {
  return { numRuns: Number(process.env.FUZZ_RUNS ?? short) }
}
