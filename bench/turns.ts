// One scenario on all servers and the engine, in turns, so that whatever else the machine does meets all of them.

import { embed, generate, type Target } from './client.ts'
import type { Engine } from './engine.ts'
import type { Measurement, Need, Scenario } from './scenario.ts'

/** Medians; undefined where a server lacks what the scenario needs, or the engine has no such figure. */
export interface Figures {
  servers: (number | undefined)[]
  engine: number | undefined
  /** Why a server has no figure. */
  missing: string[]
  /** In how many rounds the servers gave the same text, where that is a question. */
  sameTexts: { same: number; rounds: number } | undefined
}

const MISSING: Record<Need, { has: (target: Target) => boolean; hint: string }> = {
  embeddings: { has: ({ embeddingModel, kind }) => embeddingModel !== undefined && kind === 'native', hint: '--embedding-model' },
  native: { has: ({ kind }) => kind === 'native', hint: "Ollama's API" },
  process: { has: (target) => target.process !== undefined, hint: '--pid or --start' },
  restart: { has: (target) => target.process?.restart !== undefined, hint: '--start' },
  copies: { has: ({ mayCopy }) => mayCopy, hint: '--add-models' },
}

export async function measureInTurns(
  scenario: Scenario,
  targets: readonly Target[],
  engine: Engine | undefined,
  rounds: number,
): Promise<Figures> {
  const lacks = (target: Target) => (scenario.needs ?? []).filter((need) => !MISSING[need].has(target)).map((need) => MISSING[need].hint)
  const taken = targets.filter((target) => lacks(target).length === 0)
  const measured = new Map<Target, Measurement[]>(taken.map((target) => [target, []]))
  const alone: number[] = []
  try {
    for (const target of taken) await warmUp(target, scenario)
    const first = Date.now() % 1_000_000
    for (let round = 0; round < rounds && taken.length > 0; round++) {
      for (const [target, measurements] of measured) measurements.push(toMeasurement(await scenario.measure(target, first + round)))
      const promptTokens = measured.get(taken[0] as Target)?.at(-1)?.promptTokens ?? 0
      if (engine && scenario.engine) alone.push(scenario.engine(engine, promptTokens))
    }
  } finally {
    for (const target of taken) await scenario.finish?.(target)
  }
  return {
    servers: targets.map((target) => median(measured.get(target)?.map(({ figure }) => figure) ?? [])),
    engine: median(alone),
    missing: targets.filter((target) => !taken.includes(target)).map((target) => `${target.name} needs ${lacks(target).join(' and ')}`),
    sameTexts: compareTexts([...measured.values()]),
  }
}

/** Loads the model too: no scenario but the cold one pays for that. */
async function warmUp(target: Target, scenario: Scenario): Promise<void> {
  await (scenario.needs?.includes('embeddings') ? embed(target, ['warm up']) : generate(target, 'warm up', { num_predict: 8 }))
  await scenario.prepare?.(target)
}

function toMeasurement(result: number | Measurement): Measurement {
  return typeof result === 'number' ? { figure: result } : result
}

function compareTexts([first, second]: Measurement[][]): Figures['sameTexts'] {
  const texts = first?.map(({ text }) => text)
  if (!second || !texts?.every((text) => text !== undefined)) return undefined
  return { same: texts.filter((text, round) => text === second[round]?.text).length, rounds: texts.length }
}

/** Undefined of nothing. */
export function median(figures: readonly number[]): number | undefined {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}
