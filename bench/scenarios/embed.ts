import { embed } from '../client.ts'
import { freshText, type Scenario } from '../scenario.ts'

const TEXTS = 64

export const embedTogether: Scenario = {
  name: `${TEXTS} short texts in one request against ${TEXTS} requests`,
  unit: 'times',
  about: 'texts of 4 words, 8 tokens; the time of the requests one after the other over the time of the one request',
  embeds: true,
  async measure(target, round) {
    const texts = Array.from({ length: TEXTS }, (_, index) => freshText(4, round * TEXTS + index))
    const start = performance.now()
    for (const text of texts) await embed(target, [text])
    const apart = performance.now()
    await embed(target, texts)
    return (apart - start) / (performance.now() - apart)
  },
}

export const embedMany: Scenario = {
  name: `${TEXTS} texts of about 60 tokens in one request`,
  unit: 'ms',
  about: 'the whole request',
  embeds: true,
  async measure(target, round) {
    const texts = Array.from({ length: TEXTS }, (_, index) => freshText(56, round * TEXTS + index + 500_000))
    const start = performance.now()
    await embed(target, texts)
    return performance.now() - start
  },
}
