// npm run bench -- --url http://127.0.0.1:11434 --against http://127.0.0.1:11500 --model smollm2 [--against-model NAME]
//   [--embedding-model NAME] [--rounds 5] [--only REGEX]
// Measures two servers in turns and prints medians and their ratio. Machines are noisy: only the ratio of one run says something.
// npm run bench -- --url ... --model ... --engine MODEL.gguf compares decode with ../shared/engine/decode.mjs instead.

import { parseArgs } from 'node:util'
import { embed, generate, type Target } from './client.ts'
import { engineScenarios } from './engine.ts'
import type { Scenario } from './scenario.ts'
import { clients, clientsFirstToken } from './scenarios/clients.ts'
import { decode } from './scenarios/decode.ts'
import { dialects } from './scenarios/dialects.ts'
import { embedMany, embedTogether } from './scenarios/embed.ts'
import { firstToken } from './scenarios/first-token.ts'
import { prefix } from './scenarios/prefix.ts'
import { repeat } from './scenarios/repeat.ts'
import { schemaCost } from './scenarios/schema.ts'
import { together } from './scenarios/together.ts'

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:11434' },
    against: { type: 'string' },
    model: { type: 'string', default: 'smollm2' },
    'against-model': { type: 'string' },
    'embedding-model': { type: 'string' },
    engine: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
})
const SCENARIOS: readonly Scenario[] = [
  decode,
  firstToken,
  prefix,
  clients,
  clientsFirstToken,
  together,
  embedTogether,
  embedMany,
  schemaCost,
  repeat,
  ...dialects,
]
const rounds = Number(values.rounds)
const embeddingModel = values['embedding-model']
const embedding = embeddingModel === undefined ? {} : { embeddingModel }
const first: Target = { name: 'this', url: values.url, model: values.model, ...embedding }

if (values.engine) await compareWithEngine(values.engine)
else if (values.against) await compare({ name: 'other', url: values.against, model: values['against-model'] ?? values.model, ...embedding })
else throw new Error('give the other server with --against URL, or a GGUF file with --engine FILE')

async function compare(second: Target): Promise<void> {
  const only = new RegExp(values.only ?? '')
  console.log(`${first.url} (${first.model}) against ${second.url} (${second.model}), ${rounds} rounds in turns, medians\n`)
  console.log('| scenario | unit | this | other | ratio (above 1: this is better) |\n|---|---|---|---|---|')
  for (const scenario of SCENARIOS.filter(({ name }) => only.test(name))) {
    if (scenario.embeds && embeddingModel === undefined) {
      console.log(`| ${scenario.name} | ${scenario.unit} | left out: --embedding-model is not given | | |`)
      continue
    }
    const [ours, theirs] = await inTurns(scenario, [first, second])
    const ratio = scenario.unit === 'ms' ? theirs / ours : ours / theirs
    console.log(`| ${scenario.name} | ${scenario.unit} | ${digits(ours)} | ${digits(theirs)} | ${ratio.toFixed(2)} |`)
  }
}

async function inTurns(scenario: Scenario, targets: [Target, Target]): Promise<[number, number]> {
  const figures: [number[], number[]] = [[], []]
  for (const target of targets) await (scenario.embeds ? embed(target, ['warm up']) : generate(target, 'warm up', { num_predict: 8 }))
  for (let round = 0; round < rounds; round++) {
    for (const index of [0, 1] as const) figures[index].push(await scenario.measure(targets[index], (Date.now() % 1_000_000) + round))
  }
  return [median(figures[0]), median(figures[1])]
}

async function compareWithEngine(gguf: string): Promise<void> {
  console.log(`${first.url} (${first.model}) against the engine alone, ${rounds} rounds in turns, medians\n`)
  console.log('| scenario | unit | through HTTP | engine | ratio |\n|---|---|---|---|---|')
  for (const { name, server, engine } of engineScenarios(first, gguf)) {
    const figures: [number[], number[]] = [[], []]
    await server()
    for (let round = 0; round < rounds; round++) {
      figures[0].push(await server())
      figures[1].push(engine())
    }
    const [ours, theirs] = [median(figures[0]), median(figures[1])]
    console.log(`| ${name} | tokens/s | ${ours.toFixed(1)} | ${theirs.toFixed(1)} | ${(ours / theirs).toFixed(2)} |`)
  }
}

function digits(figure: number): string {
  return figure.toFixed(figure < 10 ? 2 : 1)
}

function median(figures: number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
