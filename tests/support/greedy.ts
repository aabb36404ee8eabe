import { post } from './models.ts'

/** Bytes in base64, lead over the second in log-probability. */
export type GreedyToken = [string, number]

export const GREEDY_TOKENS = 32

/** Batched arithmetic differs in the last bits, which may turn a token that leads by less than this. */
export const HARDLY_LEADS = 0.35

/** Of the likeliest over the next. */
export function leadOf([first, second]: readonly { logprob: number }[] = []): number {
  return first && second ? first.logprob - second.logprob : Number.POSITIVE_INFINITY
}

/** The likeliest tokens after a prompt that no template touches. */
export async function sayGreedily(url: string, model: string, prompt: string): Promise<GreedyToken[]> {
  const { logprobs } = await post<{ logprobs: Logprob[] }>(`${url}/api/generate`, {
    model,
    prompt,
    raw: true,
    stream: false,
    logprobs: true,
    top_logprobs: 2,
    options: { temperature: 0, repeat_penalty: 1, num_predict: GREEDY_TOKENS },
  })
  return logprobs.map(({ bytes, top_logprobs: top }) => [Buffer.from(bytes ?? []).toString('base64'), Number(leadOf(top).toFixed(4))])
}

interface Logprob {
  bytes?: number[]
  top_logprobs: { logprob: number }[]
}
