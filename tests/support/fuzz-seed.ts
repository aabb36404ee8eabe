import fc from 'fast-check'

// One seed, so that a run says something of the change and not of the day; FUZZ_SEED looks elsewhere.
fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED ?? 20261121) })
