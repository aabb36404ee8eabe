import { decodeSpeed, generate } from '../client.ts'
import { freshPrompt, type Scenario } from '../scenario.ts'

const TOKENS = 128

export const decode: Scenario = {
  name: 'decode, one stream',
  unit: 'tokens/s',
  about: `${TOKENS} tokens to one client, counted between the first and the last record`,
  bar: { ollama: 1.05, llamaServer: 1, engine: 0.97 },
  measure: async (target, seed) => decodeSpeed(await generate(target, freshPrompt(8, seed), { num_predict: TOKENS })),
  engine: (engine) => engine.decode(TOKENS),
}
