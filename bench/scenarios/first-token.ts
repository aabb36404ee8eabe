import { generate } from '../client.ts'
import { freshText } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'

export const firstToken: Scenario = {
  name: 'first token, new prompt of about 600 tokens',
  unit: 'ms',
  about: 'from sending the request to the first text; the prompt is new in each round; the engine evaluates as many tokens',
  bar: { ollama: 1, llamaServer: 1, engine: 1 / 1.05 },
  async measure(target, seed) {
    const reply = await generate(target, `${seed} ${freshText(500, seed)}\nSummary:`, { num_predict: 4 })
    return { figure: reply.firstTokenMs, promptTokens: reply.promptTokens }
  },
  engine: (engine, promptTokens) => engine.prefillMs(promptTokens),
}
