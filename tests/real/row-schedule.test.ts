// The engine of this platform is the one that row-schedule.ts knows: otherwise replies would only be slower. Both schedules compute the same.

import os from 'node:os'
import { expect, it } from 'vitest'
import type { Schedule } from '../../src/runner/child/engine.ts'
import { createLlamaEngine } from '../../src/runner/child/llama/engine.ts'
import { loadLibrary } from '../../src/runner/child/llama/library.ts'
import { openRowSchedule } from '../../src/runner/child/llama/row-schedule.ts'
import { realSpec } from './runner-support.ts'

const mayUseAll = os.availableParallelism() === os.cpus().length && os.cpus().length > 1
const isKnown = process.platform === 'linux' && process.arch === 'x64' && mayUseAll

it('knows the engine of Linux on x64', async () => {
  expect(openRowSchedule(await loadLibrary({ gpu: false })) !== undefined).toBe(isKnown)
})

it.runIf(isKnown)('computes the same, whatever the size of the batch', async () => {
  const engine = await createLlamaEngine(realSpec(), 2)
  expect(engine.hasSchedules).toBe(true)
  const tokens = engine.tokenize('A llama went up the hill to see how far the valley reaches. '.repeat(4), {
    addSpecial: true,
    parseSpecial: false,
  })
  const compute = (schedule: Schedule, count: number) => {
    engine.clear()
    engine.setThreading({ threads: 2, schedule })
    engine.batch.clear()
    for (const [position, token] of tokens.slice(0, count).entries()) engine.batch.add(token, position, 0, true)
    engine.decode()
    return Array.from({ length: count }, (_, place) => engine.logprobs(place, tokens[0] as number, 20))
  }
  for (const count of [1, 2, 3, 8, 40]) expect(compute('static', count)).toEqual(compute('dynamic', count))
})
