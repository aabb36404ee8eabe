import { decodeSpeed, generate } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'
import { requireWhole } from '../whole-reply.ts'

const TOKENS = 128

export const decode: Scenario = {
  name: 'decode, one stream',
  unit: 'tokens/s',
  about: `${TOKENS} tokens to one client, counted between the first and the last record`,
  bar: { ollama: 1.05, llamaServer: 1, engine: 0.97 },
  async measure(target, seed) {
    const reply = await generate(target, freshStory(seed), { num_predict: TOKENS })
    requireWhole(target, [reply], TOKENS)
    return decodeSpeed(reply)
  },
  engine: (engine) => engine.decode(TOKENS),
}
