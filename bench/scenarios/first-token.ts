import { generate } from '../client.ts'
import { freshText, type Scenario } from '../scenario.ts'

export const firstToken: Scenario = {
  name: 'first token, new prompt of about 600 tokens',
  unit: 'ms',
  about: 'from sending the request to the first text; the prompt is new in each round',
  measure: async (target, round) =>
    (await generate(target, `${round} ${freshText(500, round)}\nSummary:`, { num_predict: 4 })).firstTokenMs,
}
