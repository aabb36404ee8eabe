// npm run bench:profile -- --start 'node bin/llamero.js serve' --model smollm2 [--url http://127.0.0.1:11434] [--tokens 512] [--files] [--into FILE [--block token]]
// Where the time of one token goes: samples of the server and of its runner while one client streams, in microseconds per token. Of this server only.
// What a sample belongs to is the innermost function that has a file, by its folder (--files: by itself): native code counts for whoever called it. Being watched has its price: compare
// shares, and take speeds from `npm run bench`.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { generate } from './client.ts'
import { freshStory } from './fresh-text.ts'
import { describeRun, writeBlock } from './report.ts'
import { TARGET_OPTIONS, withTargets } from './targets.ts'

/** Of a token; what is smaller goes together. */
const SHOWN_MICROSECONDS = 1
/** Named by file even where folders are enough: in them are the calls of the engine. */
const ENGINE = 'runner/child/llama/'

const { values } = parseArgs({
  options: {
    ...TARGET_OPTIONS,
    tokens: { type: 'string', default: '512' },
    files: { type: 'boolean', default: false },
    into: { type: 'string' },
    block: { type: 'string', default: 'token' },
  },
})
if (values.start === undefined) throw new Error('give the command that starts the server with --start COMMAND')

/** Lines by path. */
const bundles = new Map<string, string[]>()
const folder = mkdtempSync(path.join(tmpdir(), 'llamero-bench-profile-'))
const hook = path.join(path.dirname(fileURLToPath(import.meta.url)), 'profile-hook.js')
process.env.BENCH_PROFILES = folder
process.env.NODE_OPTIONS = `--import ${pathToFileURL(hook)}`
try {
  let [from, to, tokens] = [0, 0, 0]
  await withTargets(values, async (target) => {
    await generate(target, freshStory(1), { num_predict: 128 })
    from = nowMicroseconds()
    tokens = (await generate(target, freshStory(2), { num_predict: Number(values.tokens) })).evalTokens
    to = nowMicroseconds()
  })
  const lines = [`${tokens} tokens to one client, ${((to - from) / tokens).toFixed(0)} µs each:`, '', ...toTable(from, to, tokens)]
  console.log(lines.join('\n'))
  if (values.into !== undefined) writeBlock(values.into, values.block, [describeRun(), '', ...lines])
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function toTable(from: number, to: number, tokens: number): string[] {
  const rows = ['| process | where | µs per token |', '|---|---|---|']
  for (const name of readdirSync(folder).sort().reverse()) {
    const profile = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Profile
    const costs = [...sumUp(profile, from, to)].map(([where, sum]) => ({ where, each: sum / tokens })).sort((a, b) => b.each - a.each)
    const small = costs.filter(({ each }) => each < SHOWN_MICROSECONDS).reduce((sum, { each }) => sum + each, 0)
    const shown = [...costs.filter(({ each }) => each >= SHOWN_MICROSECONDS), { where: 'everything smaller', each: small }]
    rows.push(...shown.map(({ where, each }) => `| ${name.startsWith('runner') ? 'runner' : 'server'} | ${where} | ${each.toFixed(1)} |`))
  }
  return rows
}

interface CallFrame {
  functionName: string
  url: string
  lineNumber: number
}

interface Profile {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[]
  startTime: number
  samples: number[]
  timeDeltas: number[]
}

/** Microseconds by place, of the time between two moments of the machine's monotonic clock. */
function sumUp({ nodes, startTime, samples, timeDeltas }: Profile, from: number, to: number): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)))
  const placeOf = (id: number | undefined): string => {
    const frame = id === undefined ? undefined : byId.get(id)?.callFrame
    if (!frame) return 'Node'
    return frame.url === '' && !frame.functionName.startsWith('(') ? placeOf(parents.get(id as number)) : toPlace(frame)
  }
  const places = new Map([...byId.keys()].map((id) => [id, placeOf(id)]))
  const sums = new Map<string, number>()
  let at = startTime
  // A sample stands for the time until the next one.
  for (const [index, sample] of samples.entries()) {
    at += timeDeltas[index] ?? 0
    if (at < from || at > to) continue
    const place = places.get(sample) as string
    sums.set(place, (sums.get(place) ?? 0) + (timeDeltas[index + 1] ?? 0))
  }
  return sums
}

function toPlace({ url, functionName, lineNumber }: CallFrame): string {
  if (url === '') return functionName === '(root)' ? 'Node' : functionName
  const source = url.includes('/dist/') ? bundledSource(fileURLToPath(url), lineNumber) : url
  const [, dependency] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? []
  const [, ownPath] = /(?:^|\/)src\/(.*)$/.exec(source) ?? []
  const place = dependency ?? ownPath ?? source
  if (values.files || dependency !== undefined || place.startsWith(ENGINE)) return place
  return place.startsWith('node:') ? 'Node itself' : `${path.dirname(place)}/`
}

/** The bundler writes a line `// src/base/clock.ts` before the code of each file. */
function bundledSource(file: string, lineNumber: number): string {
  const lines = bundles.get(file) ?? readFileSync(file, 'utf8').split('\n')
  bundles.set(file, lines)
  const heading = lines.slice(0, lineNumber + 1).findLast((line) => /^\/\/ (?:src|node_modules)\/\S+$/.test(line))
  return heading?.slice('// '.length) ?? file
}

function nowMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
