import { decodeSpeed, generate, trace } from '../client.ts'
import type { Scenario } from '../scenario.ts'

const NAMES = ['Amara', 'Bruno', 'Chen', 'Dalia', 'Emil', 'Farah', 'Goran', 'Hana']

const story = (seed: number) => {
  const name = NAMES[seed % NAMES.length] as string
  return `Once upon a time, in village number ${seed}, there lived a llama named ${name} who loved to climb the high mountains. Every morning ${name} walked \
along the river, greeted the farmers in the fields, and carried fresh bread to the school on the hill. The children waited at the gate, and ${name} was proud of that work.`
}

const promptOf = (seed: number) => `First copy:\n${story(seed)}\n\nSecond copy:\n${story(seed)}\n\nThird copy:\n`
const LENGTH = { num_predict: 80 }

/** Copies a paragraph: what rewriting a text or editing code mostly is. */
export const repeat: Scenario = {
  name: 'output that repeats its input',
  unit: 'tokens/s',
  about: 'a paragraph of about 80 tokens that a raw prompt has once and begins again; decode only',
  bar: { ollama: 1.5, llamaServer: 1.5 },
  async measure(target, seed) {
    const reply = await generate(target, promptOf(seed), LENGTH)
    return { figure: decodeSpeed(reply), text: reply.text }
  },
  trace: (target, seed) => trace(target, promptOf(seed), LENGTH),
}
