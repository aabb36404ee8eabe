import { generate } from '../client.ts'
import { freshPrompt, type Scenario } from '../scenario.ts'

const CLIENTS = 8

const ask = (target: Parameters<Scenario['measure']>[0], round: number) =>
  Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => generate(target, freshPrompt(16, round * CLIENTS + client), { num_predict: 64 })),
  )

export const clients: Scenario = {
  name: '8 clients at once',
  unit: 'tokens/s',
  about: 'prompts of about 48 tokens, 64 tokens each; all tokens over the time until the last one ends',
  async measure(target, round) {
    const start = performance.now()
    const replies = await ask(target, round)
    return (replies.reduce((sum, reply) => sum + reply.evalTokens, 0) / (performance.now() - start)) * 1000
  },
}

export const clientsFirstToken: Scenario = {
  name: '8 clients at once, worst first token',
  unit: 'ms',
  about: 'the longest wait for a first token among the eight',
  measure: async (target, round) => Math.max(...(await ask(target, round + 1000)).map((reply) => reply.firstTokenMs)),
}
