// What follows a reply on standard error: the timings of --verbose, and a word about messages that were left out.

import type { MetricsBody, TruncationBody } from '../../api/generate.ts'
import { formatDurationNs } from '../../base/duration.ts'
import type { Context } from '../verb.ts'

const LABEL_COLUMNS = 22

export function formatFigures(figures: MetricsBody): string {
  const lines: [string, string | undefined][] = [
    ['total duration', duration(figures.total_duration)],
    ['load duration', duration(figures.load_duration)],
    ['prompt eval count', count(figures.prompt_eval_count)],
    ['prompt eval duration', duration(figures.prompt_eval_duration)],
    ['prompt eval rate', rate(figures.prompt_eval_count, figures.prompt_eval_duration)],
    ['eval count', count(figures.eval_count)],
    ['eval duration', duration(figures.eval_duration)],
    ['eval rate', rate(figures.eval_count, figures.eval_duration)],
  ]
  return lines.map(([label, value]) => (value === undefined ? '' : `${`${label}:`.padEnd(LABEL_COLUMNS)}${value}\n`)).join('')
}

/** Silence about what the model did not see is the worst of Ollama's habits. */
export async function noteTruncation({ client, io }: Context, model: string, reply: TruncationBody): Promise<void> {
  if (!reply.truncated) return
  const { models } = await client.ps()
  const loaded = models.find(({ name }) => name === model || name === `${model}:latest`)
  const dropped = reply.prompt_dropped_messages ?? 0
  const what =
    dropped > 0 ? `${dropped} earlier message${dropped === 1 ? '' : 's'}` : `${reply.prompt_dropped_tokens ?? 'some'} tokens of the prompt`
  const context = loaded ? `the context of ${loaded.context_length} tokens` : 'the context'
  io.stderr.write(`note: ${what} did not fit into ${context}; raise it with --num-ctx\n`)
}

function duration(ns: number | undefined): string | undefined {
  return ns ? formatDurationNs(ns) : undefined
}

function count(tokens: number | undefined): string | undefined {
  return tokens ? `${tokens} token(s)` : undefined
}

function rate(tokens: number | undefined, ns: number | undefined): string | undefined {
  return tokens && ns ? `${(tokens / (ns / 1e9)).toFixed(2)} tokens/s` : undefined
}
