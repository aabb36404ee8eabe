// One scenario on all servers and the engine, in turns, so that whatever else the machine does meets all of them.

import { embed, generate, type Target } from './client.ts'
import type { Engine } from './engine.ts'
import { compareTexts, type Sameness } from './same-text.ts'
import type { Measurement, Need, Scenario } from './scenario.ts'
import { untilWhole } from './whole-reply.ts'

/** Medians; undefined where a server lacks what the scenario needs, or the engine has no such figure. */
export interface Figures {
  servers: (number | undefined)[]
  engine: number | undefined
  /** Why a server has no figure. */
  missing: string[]
  /** Of a prompt in the mean, as the first server counted them; undefined where the scenario does not say. */
  promptTokens: number | undefined
  /** How many rounds were asked again, since a reply ended before it had all of its tokens. */
  again: number
  /** Round by round, where it is a question whether the servers gave the same text. */
  texts: Sameness[]
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
  const measured: Measurement[][] = taken.map(() => [])
  const alone: number[] = []
  const texts: Sameness[] = []
  let repeats = 0
  try {
    for (const target of taken) await warmUp(target, scenario)
    const first = Date.now() % 1_000_000
    for (let round = 0; round < rounds && taken.length > 0; round++) {
      const { result, again } = await untilWhole(first + round, (seed) => measureRound(scenario, taken, seed))
      repeats += again
      texts.push(...result.texts)
      for (const [index, measurement] of result.measurements.entries()) measured[index]?.push(measurement)
      if (engine && scenario.engine) alone.push(scenario.engine(engine, result.measurements[0]?.promptTokens ?? 0))
    }
  } finally {
    for (const target of taken) await scenario.finish?.(target)
  }
  return {
    servers: targets.map((target) => median(measured[taken.indexOf(target)]?.map(({ figure }) => figure) ?? [])),
    engine: median(alone),
    missing: targets.filter((target) => !taken.includes(target)).map((target) => `${target.name} needs ${lacks(target).join(' and ')}`),
    promptTokens: mean(measured[0]?.flatMap(({ promptTokens }) => promptTokens ?? []) ?? []),
    again: repeats,
    texts,
  }
}

/** Each server gets the same seed. */
async function measureRound(
  scenario: Scenario,
  targets: readonly Target[],
  seed: number,
): Promise<{ measurements: Measurement[]; texts: Sameness[] }> {
  const measurements: Measurement[] = []
  for (const target of targets) measurements.push(toMeasurement(await scenario.measure(target, seed)))
  return { measurements, texts: await compareReplies(scenario, targets, measurements, seed) }
}

/** One comparison, or none where there is nothing to compare. */
async function compareReplies(
  { trace }: Scenario,
  [one, other]: readonly Target[],
  [first, second]: readonly Measurement[],
  seed: number,
): Promise<Sameness[]> {
  if (!(trace && one && other) || first?.text === undefined || second?.text === undefined) return []
  const isEqual = first.text === second.text
  const tokensOf = async (target: Target) => (isEqual ? [] : trace(target, seed))
  return [compareTexts({ text: first.text, tokens: await tokensOf(one) }, { text: second.text, tokens: await tokensOf(other) })]
}

/** Loads the model too: no scenario but the cold one pays for that. */
async function warmUp(target: Target, scenario: Scenario): Promise<void> {
  await (scenario.needs?.includes('embeddings') ? embed(target, ['warm up']) : generate(target, 'warm up', { num_predict: 8 }))
  await scenario.prepare?.(target)
}

function toMeasurement(result: number | Measurement): Measurement {
  return typeof result === 'number' ? { figure: result } : result
}

/** Undefined of nothing. */
export function median(figures: readonly number[]): number | undefined {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

function mean(figures: readonly number[]): number | undefined {
  return figures.length === 0 ? undefined : figures.reduce((sum, figure) => sum + figure, 0) / figures.length
}
