// npm run bench -- --url http://127.0.0.1:11434 --against http://127.0.0.1:11500 --model smollm2 [--against-model NAME] [--against-name 'Ollama 0.33.0']
//   [--start COMMAND | --pid ID] [--against-start COMMAND | --against-pid ID]   servers that the bench starts at those addresses, or whose process it looks at
//   [--embedding-model NAME] [--engine MODEL.gguf --llama-cpp FOLDER] [--add-models] [--rounds 5] [--only REGEX] [--into FILE [--block NAME]]
// Measures two servers, and the engine alone, in turns and prints medians and their ratios. Machines are noisy: only a ratio of one run says something.

import { parseArgs } from 'node:util'
import type { Target } from './client.ts'
import { type Engine, openEngine } from './engine.ts'
import { describeRun, writeBlock } from './report.ts'
import type { Scenario } from './scenario.ts'
import { busy } from './scenarios/busy.ts'
import { clients, clientsFirstToken } from './scenarios/clients.ts'
import { cold } from './scenarios/cold.ts'
import { decode } from './scenarios/decode.ts'
import { dialects } from './scenarios/dialects.ts'
import { embedMany, embedShort, embedTogether } from './scenarios/embed.ts'
import { firstToken } from './scenarios/first-token.ts'
import { prefix } from './scenarios/prefix.ts'
import { repeat } from './scenarios/repeat.ts'
import { afterRestart, afterUnload, backToFirst } from './scenarios/return.ts'
import { schemaCost, schemaSpeed } from './scenarios/schema.ts'
import { cpuPerToken, idleMemory, startToReady } from './scenarios/server.ts'
import { tags } from './scenarios/tags.ts'
import { together } from './scenarios/together.ts'
import { tableHead, toRow } from './table.ts'
import { describeTarget, TARGET_OPTIONS, withTargets } from './targets.ts'
import { measureInTurns } from './turns.ts'

const SCENARIOS: readonly Scenario[] = [
  decode,
  firstToken,
  prefix,
  ...backToFirst,
  afterUnload,
  afterRestart,
  clients,
  clientsFirstToken,
  ...busy,
  repeat,
  schemaSpeed,
  embedShort,
  cold,
  startToReady,
  idleMemory,
  cpuPerToken,
  tags,
  // Beside the table of the bars: what one server does over what it does otherwise.
  schemaCost,
  together,
  embedTogether,
  embedMany,
  ...dialects,
]

const { values } = parseArgs({
  options: {
    ...TARGET_OPTIONS,
    engine: { type: 'string' },
    'llama-cpp': { type: 'string' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    into: { type: 'string' },
    block: { type: 'string', default: 'table' },
  },
})

await withTargets(values, async (ours, theirs) => {
  const engine = values.engine === undefined ? undefined : openEngine(values.engine, values['llama-cpp'] ?? '')
  if (!(theirs || engine)) throw new Error('give the other server with --against URL, or a GGUF file with --engine FILE')
  const title = `${describeTarget(ours)} against ${theirs ? describeTarget(theirs) : 'the engine alone'}, ${values.rounds} rounds in turns, medians`
  const lines = [title, '', ...tableHead(ours, theirs, engine)]
  for (const line of lines) console.log(line)
  for (const scenario of SCENARIOS.filter(({ name }) => new RegExp(values.only).test(name))) {
    const row = await measureRow(scenario, ours, theirs, engine)
    console.log(row)
    lines.push(row)
  }
  if (values.into !== undefined) writeBlock(values.into, values.block, [describeRun(), '', ...lines])
})

async function measureRow(scenario: Scenario, ours: Target, theirs: Target | undefined, engine: Engine | undefined): Promise<string> {
  try {
    const figures = await measureInTurns(scenario, theirs ? [ours, theirs] : [ours], engine, Number(values.rounds))
    return toRow(scenario, figures, theirs, engine)
  } catch (error) {
    process.exitCode = 1
    return `| ${scenario.name} | failed: ${error instanceof Error ? error.message : String(error)} |`
  }
}
