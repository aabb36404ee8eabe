import { generate, unload } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'

export const cold: Scenario = {
  name: 'cold load to first token',
  unit: 'ms',
  about: 'a short new prompt when the model is not in memory (keep_alive 0 before); its file is in the page cache',
  bar: { ollama: 1 / 0.8 },
  needs: ['native'],
  async measure(target, seed) {
    await unload(target)
    return (await generate(target, freshStory(seed), { num_predict: 4 })).firstTokenMs
  },
}
