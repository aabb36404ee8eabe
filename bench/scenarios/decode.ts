import { decodeSpeed } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'
import { generateWhole } from '../whole-reply.ts'

const TOKENS = 128

export const decode: Scenario = {
  name: 'decode, one stream',
  unit: 'tokens/s',
  about: `${TOKENS} tokens to one client, counted between the first and the last record`,
  bar: { ollama: 1.05, llamaServer: 1, engine: 0.97 },
  measure: async (target, seed) => decodeSpeed(await generateWhole(target, freshStory(seed), { num_predict: TOKENS })),
  engine: (engine) => engine.decode(TOKENS),
}
