// npm run bench:soak -- --minutes 20 --clients 16 --model smollm2 --second-model gemma3 (--start COMMAND | --pid ID) [--url URL]
//   [--cache FOLDER --cache-limit-mib N]
// Clients of mixed lengths that ask two models, leave in the middle, and see the models taken out of memory under them. Says at the end what went
// wrong: errors, memory that grows, a cache beyond its limit, processes that are left; and then fails.

import { parseArgs } from 'node:util'
import { createRandom } from '../src/gguf/testing/random.ts'
import { post, type Target, unload } from './client.ts'
import { askOnce, type SoakTally } from './soak-client.ts'
import { findGrowth, SoakWatch } from './soak-watch.ts'
import { TARGET_OPTIONS, withTargets } from './targets.ts'

/** So long most requests go to one model, which then goes out of memory. */
const PHASE_MS = 30_000
/** Part of the requests that go to the other model meanwhile. */
const STRAYS = 0.1
const SAMPLES = 240
const SHORTEST_SAMPLE_MS = 250
/** For processes to end. */
const END_MS = 15_000
const ROWS = 12

const { values } = parseArgs({
  options: {
    ...TARGET_OPTIONS,
    'second-model': { type: 'string' },
    minutes: { type: 'string', default: '20' },
    clients: { type: 'string', default: '16' },
    seed: { type: 'string', default: '1' },
    cache: { type: 'string' },
    'cache-limit-mib': { type: 'string' },
  },
})
const durationMs = Number(values.minutes) * 60_000
const second = values['second-model']
if (second === undefined) throw new Error('give the other model with --second-model NAME')
const models: [string, string] = [values.model, second]

const wrong: string[] = []
let watch: SoakWatch | undefined
await withTargets(values, async (target) => {
  if (!target.process) throw new Error('give the process of the server with --pid ID, or the command that starts it with --start COMMAND')
  const limitBytes = Number(values['cache-limit-mib'] ?? Number.POSITIVE_INFINITY) * 2 ** 20
  watch = new SoakWatch(target.process.id, values.cache === undefined ? undefined : { folder: values.cache, limitBytes })
  const tally: SoakTally = { requests: 0, cancelled: 0, tokens: 0, errors: new Map() }
  await soak(target, watch, tally)
  for (const model of models) await unload(target, model)
  await until(() => watch?.left().length === 0)
  report(watch, tally)
})
// A server that we started has been stopped by now.
if (values.start !== undefined && watch) {
  await until(() => watch?.left().length === 0)
  if (!watch.isServerGone()) wrong.push('the server did not end')
  if (watch.left().length > 0) wrong.push(`processes that outlived the server: ${watch.left().join(', ')}`)
}
for (const text of wrong) console.log(`WRONG: ${text}`)
console.log(wrong.length === 0 ? 'nothing wrong' : `${wrong.length} things wrong`)
if (wrong.length > 0) process.exitCode = 1

async function soak(target: Target, watching: SoakWatch, tally: SoakTally): Promise<void> {
  const start = performance.now()
  const phase = () => Math.floor((performance.now() - start) / Math.min(PHASE_MS, durationMs / 4))
  const client = async (index: number) => {
    const random = createRandom(Number(values.seed) * 1000 + index)
    while (performance.now() - start < durationMs) {
      const isStray = random() < STRAYS
      await askOnce(target.url, models[(phase() + (isStray ? 1 : 0)) % 2] as string, random, tally)
    }
  }
  const sampling = setInterval(() => watching.sample(), Math.max(SHORTEST_SAMPLE_MS, durationMs / SAMPLES))
  let last = 0
  const switching = setInterval(() => {
    if (phase() === last) return
    last = phase()
    const body = { model: models[(last + 1) % 2], keep_alive: 0, stream: false }
    post(target, '/api/generate', body).catch((error) => wrong.push(`an unload failed: ${error}`))
  }, 500)
  try {
    await Promise.all(Array.from({ length: Number(values.clients) }, (_, index) => client(index)))
  } finally {
    clearInterval(sampling)
    clearInterval(switching)
  }
}

function report(watching: SoakWatch, { requests, cancelled, tokens, errors }: SoakTally): void {
  const { samples } = watching
  const every = Math.max(1, Math.floor(samples.length / ROWS))
  console.log('| minute | server MB | runners MB | runners | cache MB | on disk MB |\n|---|---|---|---|---|---|')
  for (const { atMs, serverMb, runnersMb, runners, cacheMb, cacheDiskMb } of samples.filter((_, index) => index % every === 0)) {
    const megabytes = [cacheMb, cacheDiskMb].map((one) => one.toFixed(0)).join(' | ')
    console.log(`| ${(atMs / 60_000).toFixed(1)} | ${serverMb.toFixed(0)} | ${runnersMb.toFixed(0)} | ${runners} | ${megabytes} |`)
  }
  const failed = [...errors.values()].reduce((sum, one) => sum + one, 0)
  console.log(`\n${requests} requests, ${cancelled} of them left by the client, ${failed} errors, ${tokens} tokens in whole replies`)
  for (const [text, times] of errors) wrong.push(`${times} x ${text}`)
  if (tokens === 0) wrong.push('no reply was whole')
  const growth = findGrowth(samples)
  if (growth === undefined) console.log(`${samples.length} samples are too few to tell whether memory grows`)
  else wrong.push(...growth)
  if (watching.left().length > 0) wrong.push(`processes that are left with nothing loaded: ${watching.left().join(', ')}`)
  const excess = watching.excess()
  if (excess !== undefined) wrong.push(excess)
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + END_MS
  while (!condition() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100))
}
