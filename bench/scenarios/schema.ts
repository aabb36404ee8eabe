import { decodeSpeed, type Target } from '../client.ts'
import type { Scenario } from '../scenario.ts'
import { generateWhole } from '../whole-reply.ts'

const TOKENS = 160
/** As loose as can be, so that both replies have all of their tokens. */
const SCHEMA = {
  type: 'array',
  minItems: 40,
  items: { type: 'object', properties: { name: { type: 'string' }, legs: { type: 'integer' } } },
}

export const schemaSpeed: Scenario = {
  name: 'decode under a JSON schema',
  unit: 'tokens/s',
  about: `${TOKENS} tokens of one stream, counted between the first and the last record`,
  bar: { ollama: 1.1, llamaServer: 1.1 },
  measure: (target, seed) => speed(target, seed, { format: SCHEMA }),
}

export const schemaCost: Scenario = {
  name: 'decode speed with a schema over that without',
  unit: 'times',
  about: `${TOKENS} tokens of one stream each way`,
  async measure(target, seed) {
    const plain = await speed(target, seed, {})
    return (await speed(target, seed, { format: SCHEMA })) / plain
  },
}

async function speed(target: Target, seed: number, more: Record<string, unknown>): Promise<number> {
  const prompt = `List ${seed}.\nQ: Give me a list of 40 animals, each with its name and legs, as JSON.\nA: [`
  return decodeSpeed(await generateWhole(target, prompt, { num_predict: TOKENS }, more))
}
