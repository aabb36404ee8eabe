import { generate } from '../client.ts'
import type { Scenario } from '../scenario.ts'

const PROMPT = 'Q: Give me a list of 40 animals, each with its name and legs, as JSON.\nA: ['
const TOKENS = 160
/** As loose as can be, so that both replies have all of their tokens. */
const SCHEMA = {
  type: 'array',
  minItems: 40,
  items: { type: 'object', properties: { name: { type: 'string' }, legs: { type: 'integer' } } },
}

export const schemaCost: Scenario = {
  name: 'decode speed with a schema over that without',
  unit: 'times',
  about: `${TOKENS} tokens of one stream each way, counted between the first and the last record`,
  async measure(target) {
    const speed = async (more: Record<string, unknown>) => {
      const { evalTokens, streamMs } = await generate(target, PROMPT, { num_predict: TOKENS }, more)
      if (evalTokens < TOKENS) throw new Error(`${target.name}: the reply ended after ${evalTokens} tokens, too few to compare`)
      return (evalTokens - 1) / streamMs
    }
    const plain = await speed({})
    return (await speed({ format: SCHEMA })) / plain
  },
}
