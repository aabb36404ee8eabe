import { generate, type Reply, type Target } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'
import { requireWhole } from '../whole-reply.ts'

const CLIENTS = 8
const TOKENS = 64

async function ask(target: Target, seed: number): Promise<{ replies: Reply[]; promptTokens: number; totalMs: number }> {
  const start = performance.now()
  const prompts = Array.from({ length: CLIENTS }, (_, client) => freshStory(seed * CLIENTS + client))
  const replies = await Promise.all(prompts.map((prompt) => generate(target, prompt, { num_predict: TOKENS })))
  const totalMs = performance.now() - start
  requireWhole(target, replies, TOKENS)
  return { replies, promptTokens: sum(replies.map((reply) => reply.promptTokens)) / CLIENTS, totalMs }
}

export const clients: Scenario = {
  name: `${CLIENTS} clients at once`,
  unit: 'tokens/s',
  about: `prompts of about 48 tokens, ${TOKENS} tokens each; all tokens over the time until the last one ends; the engine reads as many`,
  bar: { ollama: 1.5, llamaServer: 1.05, engine: 0.9 },
  async measure(target, seed) {
    const { replies, promptTokens, totalMs } = await ask(target, seed)
    return { figure: (sum(replies.map(({ evalTokens }) => evalTokens)) / totalMs) * 1000, promptTokens }
  },
  engine: (engine, promptTokens) => engine.together(CLIENTS, Math.round(promptTokens), TOKENS),
}

export const clientsFirstToken: Scenario = {
  name: `${CLIENTS} clients at once, worst first token`,
  unit: 'ms',
  about: 'the longest wait for a first token among the eight, of replies that all have their tokens',
  bar: { ollama: 3, llamaServer: 1 },
  async measure(target, seed) {
    const { replies, promptTokens } = await ask(target, seed + 1000)
    return { figure: Math.max(...replies.map((reply) => reply.firstTokenMs)), promptTokens }
  },
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
