import { generate } from '../client.ts'
import { freshPrompt, type Scenario } from '../scenario.ts'

export const decode: Scenario = {
  name: 'decode, one stream',
  unit: 'tokens/s',
  about: '128 tokens to one client, counted between the first and the last record',
  async measure(target, round) {
    const reply = await generate(target, freshPrompt(8, round), { num_predict: 128 })
    return ((reply.evalTokens - 1) / reply.streamMs) * 1000
  },
}
