import { generate, type Target } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'

const LENGTHS = [12, 40, 25, 8, 60, 16, 48, 30]

const ask = (target: Target, seed: number, client: number) =>
  generate(target, freshStory(seed * 100 + client), { num_predict: LENGTHS[client] })

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** Above 1: eight chats of different lengths end earlier together than one after the other. New texts each time, so that no cache helps either way. */
export const together: Scenario = {
  name: '8 chats: one after the other / together',
  unit: 'times',
  about: 'the time for eight chats one after the other over the time for eight others at once',
  async measure(target, seed) {
    const clients = LENGTHS.map((_, client) => client)
    const aloneMs = await timeOf(async () => {
      for (const client of clients) await ask(target, seed, client)
    })
    return aloneMs / (await timeOf(() => Promise.all(clients.map((client) => ask(target, seed + 5000, client)))))
  },
}
