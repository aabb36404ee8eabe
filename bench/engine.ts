// What the engine alone reaches: the sketch of ../shared/engine, run in a process of its own between our measurements.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate, type Reply, type Target } from './client.ts'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const SEQUENCES = 8
const TOKENS = 128

interface EngineScenario {
  name: string
  server(): Promise<number>
  engine(): number
}

export function engineScenarios(target: Target, gguf: string): EngineScenario[] {
  return [
    { name: 'decode, one stream', server: () => decodeTogether(target, 1), engine: () => runSketch(gguf, 1) },
    { name: `decode, ${SEQUENCES} streams`, server: () => decodeTogether(target, SEQUENCES), engine: () => runSketch(gguf, SEQUENCES) },
  ]
}

/** Tokens/s of all streams together, from the last first token to the first end, as the sketch counts decode alone. */
async function decodeTogether(target: Target, streams: number): Promise<number> {
  await generateTogether(target, streams)
  const replies = await generateTogether(target, streams)
  return replies.reduce((sum, reply) => sum + ((reply.evalTokens - 1) / reply.streamMs) * 1000, 0)
}

/** Measured the second time: after the sketch has had both cores, the runner needs most of a second to trust that they are free again. */
function generateTogether(target: Target, streams: number): Promise<Reply[]> {
  const prompts = Array.from({ length: streams }, (_, stream) => `Story ${stream}: once upon a time there was a llama that`)
  return Promise.all(prompts.map((prompt) => generate(target, prompt, { num_predict: TOKENS })))
}

function runSketch(gguf: string, sequences: number): number {
  const source = path.join(root, '..', 'shared', 'engine', 'decode.mjs')
  if (!existsSync(source)) throw new Error('../shared/engine/decode.mjs is not here: there is nothing to compare with')
  // Beside our node_modules, where its two packages are found.
  const sketch = path.join(root, '.cache', 'decode.mjs')
  mkdirSync(path.dirname(sketch), { recursive: true })
  copyFileSync(source, sketch)
  const { stdout, stderr } = spawnSync(process.execPath, [sketch, gguf, '2', String(sequences)], { encoding: 'utf8' })
  const figure = /([\d.]+) tokens\/s/.exec(stdout)?.[1]
  if (figure === undefined) throw new Error(`the sketch gave no figure: ${stdout}${stderr}`)
  return Number(figure)
}
