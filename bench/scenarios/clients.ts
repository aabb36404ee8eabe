import { generate, type Target } from '../client.ts'
import { freshPrompt, type Scenario } from '../scenario.ts'

const CLIENTS = 8
const PROMPT_TOKENS = 48
const TOKENS = 64

const ask = (target: Target, seed: number) =>
  Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => generate(target, freshPrompt(16, seed * CLIENTS + client), { num_predict: TOKENS })),
  )

export const clients: Scenario = {
  name: `${CLIENTS} clients at once`,
  unit: 'tokens/s',
  about: `prompts of about ${PROMPT_TOKENS} tokens, ${TOKENS} tokens each; all tokens over the time until the last one ends`,
  bar: { ollama: 1.5, llamaServer: 1.05, engine: 0.9 },
  async measure(target, seed) {
    const start = performance.now()
    const replies = await ask(target, seed)
    return (replies.reduce((sum, reply) => sum + reply.evalTokens, 0) / (performance.now() - start)) * 1000
  },
  engine: (engine) => engine.together(CLIENTS, PROMPT_TOKENS, TOKENS),
}

export const clientsFirstToken: Scenario = {
  name: `${CLIENTS} clients at once, worst first token`,
  unit: 'ms',
  about: 'the longest wait for a first token among the eight',
  bar: { ollama: 3, llamaServer: 1 },
  measure: async (target, seed) => Math.max(...(await ask(target, seed + 1000)).map((reply) => reply.firstTokenMs)),
}
