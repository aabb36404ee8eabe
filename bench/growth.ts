// npm run bench:growth -- --url http://127.0.0.1:11434 --model smollm2 [--against URL ...] [--start COMMAND | --pid ID] [--rounds 3]
//   [--clients 1,2,4,...] [--lengths 128,256,...] [--contexts 1024,2048,...] [--only REGEX] [--out docs/performance/growth.json]
// How the cost grows: tokens/s with the clients, the first token with the prompt, memory with the context. Writes what `npm run plots` draws.

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Chart, Growth } from './chart.ts'
import { generate, post, type Target, unload } from './client.ts'
import { freshStory, freshText } from './fresh-text.ts'
import { processTree, residentBytes } from './proc.ts'
import { describeRun } from './report.ts'
import { TARGET_OPTIONS, withTargets } from './targets.ts'
import { median } from './turns.ts'
import { requireWhole, untilWhole } from './whole-reply.ts'

const TOKENS = 64
/** Of the context, for what comes after the prompt. */
const ROOM = 64
const WORDS = 200

interface Question {
  name: string
  title: string
  x: string
  y: string
  at: number[]
  /** The point that is drawn; undefined when this target cannot tell. */
  measure(target: Target, x: number, seed: number): Promise<[number, number] | undefined>
}

const { values } = parseArgs({
  options: {
    ...TARGET_OPTIONS,
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '1,2,4,8,16,32' },
    lengths: { type: 'string', default: '128,256,512,1024,2048,4096,8192' },
    contexts: { type: 'string', default: '1024,2048,4096,8192,16384,32768' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: 'docs/performance/growth.json' },
  },
})

await withTargets(values, async (ours, theirs) => {
  const targets = theirs ? [ours, theirs] : [ours]
  const limit = Math.min(...(await Promise.all(targets.map(contextLength))))
  const longest = Math.max(...numbers(values.lengths))
  const questions: Question[] = [
    {
      name: 'clients',
      title: 'Tokens per second of all clients together',
      x: 'clients at once',
      y: 'tokens/s',
      at: numbers(values.clients),
      measure: together,
    },
    {
      name: 'first-token',
      title: 'Time to first token of a new prompt',
      x: 'tokens of the prompt',
      y: 'ms',
      at: [...new Set(numbers(values.lengths).map((length) => Math.min(length, limit - ROOM)))],
      measure: (target, tokens, seed) => firstToken(target, tokens, seed, Math.min(longest + ROOM, limit)),
    },
    {
      name: 'memory',
      title: 'Memory of the server with its runner',
      x: 'num_ctx',
      y: 'MB resident',
      at: numbers(values.contexts).filter((context) => context <= limit),
      measure: memory,
    },
  ]
  const charts: Chart[] = []
  for (const question of questions.filter(({ name }) => new RegExp(values.only).test(name))) charts.push(await answer(question, targets))
  const growth: Growth = { run: describeRun(), charts }
  mkdirSync(path.dirname(values.out), { recursive: true })
  writeFileSync(values.out, `${JSON.stringify(growth, undefined, 2)}\n`)
})

async function answer({ name, title, x, y, at, measure }: Question, targets: readonly Target[]): Promise<Chart> {
  const series: Chart['series'] = targets.map((target) => ({ name: target.name, points: [] }))
  const first = Date.now() % 1_000_000
  for (const one of at) {
    const found: [number, number][][] = targets.map(() => [])
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [index, target] of targets.entries()) {
        const point = await measure(target, one, first + round * 100_000 + one)
        if (point) found[index]?.push(point)
      }
    }
    for (const [index, points] of found.entries()) {
      const figure = median(points.map((point) => point[1]))
      if (figure === undefined) continue
      series[index]?.points.push([points[0]?.[0] ?? one, Number(figure.toPrecision(4))])
      console.log(`${title}: ${series[index]?.name}, ${points[0]?.[0]} ${x}: ${figure.toPrecision(4)} ${y}`)
    }
  }
  return {
    name,
    title,
    x: { label: x, doubles: true },
    y: { label: y, doubles: false },
    series: series.filter(({ points }) => points.length > 0),
  }
}

async function together(target: Target, clients: number, seed: number): Promise<[number, number]> {
  await generate(target, 'warm up', { num_predict: 8 })
  const { result } = await untilWhole(seed, async (fresh) => {
    const start = performance.now()
    const replies = await Promise.all(
      Array.from({ length: clients }, (_, client) => generate(target, freshStory(fresh * 64 + client), { num_predict: TOKENS })),
    )
    const seconds = (performance.now() - start) / 1000
    requireWhole(target, replies, TOKENS)
    return replies.reduce((sum, { evalTokens }) => sum + evalTokens, 0) / seconds
  })
  return [clients, result]
}

/** The same context for all lengths, so that no measurement pays for a load; a first question finds how many words make so many tokens. */
async function firstToken(target: Target, tokens: number, seed: number, context: number): Promise<[number, number]> {
  const options = { num_ctx: context, num_predict: 2 }
  const { promptTokens } = await generate(target, freshText(WORDS, seed + 50_000), options)
  const words = Math.floor((tokens * WORDS) / promptTokens)
  const reply = await generate(target, freshText(words, seed), options)
  return [reply.promptTokens, reply.firstTokenMs]
}

async function memory(target: Target, context: number): Promise<[number, number] | undefined> {
  if (!target.process || target.kind !== 'native') return undefined
  await unload(target)
  await generate(target, 'warm up', { num_ctx: context, num_predict: 8 })
  return [context, processTree(target.process.id).reduce((sum, id) => sum + residentBytes(id), 0) / 1e6]
}

async function contextLength(target: Target): Promise<number> {
  if (target.kind !== 'native') return Number.POSITIVE_INFINITY
  const { model_info } = await post<{ model_info: Record<string, unknown> }>(target, '/api/show', { model: target.model })
  return Number(Object.entries(model_info).find(([key]) => key.endsWith('.context_length'))?.[1] ?? Number.POSITIVE_INFINITY)
}

function numbers(list: string): number[] {
  return list.split(',').map(Number)
}
