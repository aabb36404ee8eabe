import { generate } from '../client.ts'
import { freshText } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'

export const prefix: Scenario = {
  name: 'second question on a prefix of about 1,500 tokens',
  unit: 'ms',
  about: 'first token of the second request that shares a long beginning with the first',
  bar: { own: 30, ollama: 1, llamaServer: 1 },
  async measure(target, seed) {
    const beginning = `${seed} ${freshText(1250, seed)}`
    await generate(target, `${beginning}\nQuestion: what is this?\nAnswer:`, { num_predict: 4 })
    return (await generate(target, `${beginning}\nQuestion: and who wrote it?\nAnswer:`, { num_predict: 4 })).firstTokenMs
  },
}
