import { generate } from '../client.ts'
import type { Scenario } from '../scenario.ts'

export const decode: Scenario = {
  name: 'decode, one stream',
  unit: 'tokens/s',
  about: '128 tokens to one client, counted between the first and the last record',
  async measure(target) {
    const reply = await generate(target, 'Story 0: once upon a time there was a llama that', { num_predict: 128, repeat_penalty: 1.1 })
    return ((reply.evalTokens - 1) / reply.streamMs) * 1000
  },
}
