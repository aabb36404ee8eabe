import { embed, type Target } from '../client.ts'
import { freshText } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'

const TEXTS = 64

export const embedShort: Scenario = {
  name: `${TEXTS} short texts in one request`,
  unit: 'ms',
  about: 'texts of 4 words, 8 tokens; the whole request',
  bar: { ollama: 1.2 },
  needs: ['embeddings'],
  measure: (target, seed) => timeOf(target, texts(4, seed + 250_000)),
}

export const embedTogether: Scenario = {
  name: `${TEXTS} short texts in one request against ${TEXTS} requests`,
  unit: 'times',
  about: 'the time of the requests one after the other over the time of the one request',
  needs: ['embeddings'],
  async measure(target, seed) {
    const all = texts(4, seed)
    const start = performance.now()
    for (const text of all) await embed(target, [text])
    return (performance.now() - start) / (await timeOf(target, all))
  },
}

export const embedMany: Scenario = {
  name: `${TEXTS} texts of about 60 tokens in one request`,
  unit: 'ms',
  about: 'the whole request',
  needs: ['embeddings'],
  measure: (target, seed) => timeOf(target, texts(56, seed + 500_000)),
}

function texts(words: number, seed: number): string[] {
  return Array.from({ length: TEXTS }, (_, index) => freshText(words, seed * TEXTS + index))
}

async function timeOf(target: Target, input: readonly string[]): Promise<number> {
  const start = performance.now()
  await embed(target, input)
  return performance.now() - start
}
