// Decode beside busy processes, which a desktop always has: as the server does it by itself, and over the best of all thread counts that a user
// could have asked for, tried one by one in the same minute.

import os from 'node:os'
import { besideBusy } from '../busy.ts'
import { decodeSpeed, generate, type Target } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'
import { generateWhole } from '../whole-reply.ts'

const TOKENS = 64

const beside = (count: number): Scenario => ({
  name: `decode beside ${count} busy processes`,
  unit: 'tokens/s',
  about: `${TOKENS} tokens of one stream, after as many that are not counted; the neighbours run since before those`,
  bar: { ollama: 1, llamaServer: 1 },
  measure: (target, seed) => besideBusy(count, () => speed(target, seed, {})),
})

const besideOverBest = (count: number): Scenario => ({
  name: `decode beside ${count} busy processes, over the best fixed num_thread`,
  unit: 'times',
  about: `the speed without num_thread over the best of num_thread 1 to ${os.cpus().length}`,
  bar: { own: 0.85 },
  needs: ['native'],
  async measure(target, seed) {
    const [free = 0, ...fixed] = await besideBusy(count, async () => {
      const speeds = [await speed(target, seed, {})]
      for (const num_thread of os.cpus().keys()) speeds.push(await speed(target, seed, { num_thread: num_thread + 1 }))
      return speeds
    })
    return free / Math.max(...fixed)
  },
})

export const busy: readonly Scenario[] = [beside(2), besideOverBest(2), beside(4), besideOverBest(4)]

async function speed(target: Target, seed: number, options: Record<string, unknown>): Promise<number> {
  await generate(target, freshStory(2 * seed), { num_predict: TOKENS, ...options })
  return decodeSpeed(await generateWhole(target, freshStory(2 * seed + 1), { num_predict: TOKENS, ...options }))
}
