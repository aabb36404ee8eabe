// What the engine alone reaches, in processes of its own between our measurements: llama.cpp's llama-bench and llama-batched-bench.

import { spawnSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'

export interface Engine {
  /** Tokens per second of one sequence. */
  decode(tokens: number): number
  prefillMs(tokens: number): number
  /** Decoded tokens per second of sequences that begin at once, their prompts included. */
  together(sequences: number, promptTokens: number, tokens: number): number
}

/** `tools`: the folder of llama.cpp's programs, as cmake builds them. */
export function openEngine(gguf: string, tools: string): Engine {
  const threads = String(os.cpus().length)
  const bench = (promptTokens: number, tokens: number) => {
    const { avg_ts } = run(path.join(tools, 'llama-bench'), [
      ...['-m', gguf, '-t', threads, '-p', String(promptTokens), '-n', String(tokens), '-r', '1', '-o', 'jsonl'],
    ])
    return Number(avg_ts)
  }
  return {
    decode: (tokens) => bench(0, tokens),
    prefillMs: (tokens) => (tokens / bench(tokens, 0)) * 1000,
    together(sequences, promptTokens, tokens) {
      const context = sequences * (promptTokens + tokens) * 2
      const { t } = run(path.join(tools, 'llama-batched-bench'), [
        ...['-m', gguf, '-t', threads, '-c', String(context), '-b', '512', '-ub', '512', '--output-format', 'jsonl'],
        ...['-npp', String(promptTokens), '-ntg', String(tokens), '-npl', String(sequences)],
      ])
      return (sequences * tokens) / Number(t)
    },
  }
}

/** The last record that the program writes. */
function run(program: string, parameters: string[]): Record<string, unknown> {
  const { stdout, stderr, error } = spawnSync(program, parameters, { encoding: 'utf8' })
  const line = (stdout ?? '').split('\n').findLast((one) => one.startsWith('{'))
  if (line === undefined) throw new Error(`${path.basename(program)} gave no figure: ${error?.message ?? (stderr ?? '').slice(-500)}`)
  return JSON.parse(line)
}
