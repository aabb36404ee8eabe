// llama.cpp's own server has another API: requests and records are translated, so that scenarios need not know.

export type ServerKind = 'native' | 'llama-server'

interface NativeRecord {
  response?: string
  error?: string
  done?: boolean
  eval_count?: number
  prompt_eval_count?: number
  logprobs?: TokenRecord[]
}

export interface TokenRecord {
  token: string
  bytes?: number[]
  top_logprobs: { logprob: number }[]
}

export async function findKind(url: string): Promise<ServerKind> {
  if ((await fetch(`${url}/api/version`)).ok) return 'native'
  if ((await fetch(`${url}/props`)).ok) return 'llama-server'
  throw new Error(`${url} answers neither as Ollama nor as llama-server does`)
}

interface Fields {
  prompt: string
  options: Record<string, unknown>
  format?: unknown
  top_logprobs?: number
}

export function toCompletionRequest({ prompt, options, format, top_logprobs }: Fields): object {
  const { num_predict, ...others } = options
  return {
    ...{ prompt, n_predict: num_predict, ...others, stream: true, cache_prompt: true },
    ...(format ? { json_schema: format } : {}),
    ...(top_logprobs === undefined ? {} : { n_probs: top_logprobs }),
  }
}

/** Undefined for a line that says nothing. */
export function toNativeRecord(line: string): NativeRecord | undefined {
  if (line.startsWith('{')) return { error: line }
  if (!line.startsWith('data: {')) return undefined
  const record = JSON.parse(line.slice('data: '.length))
  if (record.error) return { error: JSON.stringify(record.error) }
  return {
    response: record.content,
    done: record.stop,
    eval_count: record.tokens_predicted,
    prompt_eval_count: record.tokens_evaluated,
    logprobs: record.completion_probabilities,
  }
}
