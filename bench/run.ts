// npm run bench -- --url http://127.0.0.1:11434 --against http://127.0.0.1:11500 --model smollm2 [--against-model NAME]
//   [--start COMMAND | --pid ID] [--against-start COMMAND | --against-pid ID]   servers that the bench starts at those addresses, or whose process it looks at
//   [--embedding-model NAME] [--engine MODEL.gguf --llama-cpp FOLDER] [--add-models] [--rounds 5] [--only REGEX] [--into FILE [--block NAME]]
// Measures two servers, and the engine alone, in turns and prints medians and their ratios. Machines are noisy: only a ratio of one run says something.

import { parseArgs } from 'node:util'
import { findTarget, type Target } from './client.ts'
import { type Engine, openEngine } from './engine.ts'
import { writeBlock } from './report.ts'
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
import { schemaCost, schemaSpeed } from './scenarios/schema.ts'
import { cpuPerToken, idleMemory, startToReady } from './scenarios/server.ts'
import { tags } from './scenarios/tags.ts'
import { together } from './scenarios/together.ts'
import { type OwnServer, type ServerProcess, startServer } from './server-process.ts'
import { tableHead, toRow } from './table.ts'
import { measureInTurns } from './turns.ts'

const SCENARIOS: readonly Scenario[] = [
  decode,
  firstToken,
  prefix,
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
    url: { type: 'string', default: 'http://127.0.0.1:11434' },
    against: { type: 'string' },
    model: { type: 'string', default: 'smollm2' },
    'against-model': { type: 'string' },
    'embedding-model': { type: 'string' },
    start: { type: 'string' },
    'against-start': { type: 'string' },
    pid: { type: 'string' },
    'against-pid': { type: 'string' },
    'add-models': { type: 'boolean', default: false },
    engine: { type: 'string' },
    'llama-cpp': { type: 'string' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    into: { type: 'string' },
    block: { type: 'string', default: '' },
  },
})

const started: OwnServer[] = []
try {
  await run()
} finally {
  for (const server of started) await server.stop()
}

async function run(): Promise<void> {
  const engine = values.engine === undefined ? undefined : openEngine(values.engine, values['llama-cpp'] ?? '')
  const targets = [await open('this', values.url, values.model, values.start, values.pid)]
  if (values.against !== undefined) {
    const model = values['against-model'] ?? values.model
    targets.push(await open('other', values.against, model, values['against-start'], values['against-pid']))
  }
  const [ours, theirs] = targets
  if (!ours || !(theirs || engine)) throw new Error('give the other server with --against URL, or a GGUF file with --engine FILE')
  const title = `${describe(ours)} against ${theirs ? describe(theirs) : 'the engine alone'}, ${values.rounds} rounds in turns, medians`
  const lines = [title, '', ...tableHead(theirs, engine)]
  for (const line of lines) console.log(line)
  for (const scenario of SCENARIOS.filter(({ name }) => new RegExp(values.only).test(name))) {
    const row = await measureRow(scenario, targets, engine)
    console.log(row)
    lines.push(row)
  }
  if (values.into !== undefined) writeBlock(values.into, values.block, lines)
}

async function measureRow(scenario: Scenario, targets: readonly Target[], engine: Engine | undefined): Promise<string> {
  try {
    return toRow(scenario, await measureInTurns(scenario, targets, engine, Number(values.rounds)), targets[1], engine)
  } catch (error) {
    process.exitCode = 1
    return `| ${scenario.name} | failed: ${error instanceof Error ? error.message : String(error)} |`
  }
}

async function open(name: string, url: string, model: string, command: string | undefined, id: string | undefined): Promise<Target> {
  let found: ServerProcess | undefined
  if (command !== undefined) {
    const server = await startServer(command, url)
    started.push(server)
    found = server
  } else if (id !== undefined) found = { id: Number(id) }
  const embeddingModel = values['embedding-model']
  return findTarget({
    ...{ name, url, model, mayCopy: values['add-models'] },
    ...(found ? { process: found } : {}),
    ...(embeddingModel === undefined ? {} : { embeddingModel }),
  })
}

function describe({ kind, version, url, model }: Target): string {
  return `${url} (${kind === 'native' ? '' : `${kind} `}${version}, ${model})`
}
