// Figures as rows of a Markdown table. A ratio is above 1 where this server is better, whatever the unit.

import type { Target } from './client.ts'
import type { Engine } from './engine.ts'
import { isLowerBetter, type Scenario, type Unit } from './scenario.ts'
import type { Figures } from './turns.ts'

export function tableHead(ours: Target, other: Target | undefined, engine: Engine | undefined): string[] {
  const titles = [
    'scenario',
    'unit',
    ours.name,
    ...(other ? [other.name, 'ratio'] : []),
    ...(engine ? ['engine', 'ratio to it'] : []),
    'bar',
    '',
  ]
  return [`| ${titles.join(' | ')} |`, `|${'---|'.repeat(titles.length)}`]
}

export function toRow(scenario: Scenario, figures: Figures, other: Target | undefined, engine: Engine | undefined): string {
  const { name, unit } = scenario
  const [ours, theirs] = figures.servers
  const toOther = toRatio(unit, ours, theirs)
  const toEngine = toRatio(unit, ours, figures.engine)
  const cells = [name, unit, toText(ours)]
  if (other) cells.push(toText(theirs), toText(toOther))
  if (engine) cells.push(toText(figures.engine), toText(toEngine))
  const checks = [
    ...checkOwn(scenario, ours),
    ...(other ? checkRatio('ratio', other.kind === 'native' ? scenario.bar?.ollama : scenario.bar?.llamaServer, toOther) : []),
    ...(engine ? checkRatio('ratio to the engine', scenario.bar?.engine, toEngine) : []),
  ]
  return `| ${[...cells, checks.map(({ text }) => text).join('; '), toNotes(checks, figures).join('; ')].join(' | ')} |`
}

interface Check {
  text: string
  /** Undefined when there is no figure. */
  isMet: boolean | undefined
}

function checkOwn({ unit, bar }: Scenario, ours: number | undefined): Check[] {
  const own = bar?.own
  if (own === undefined) return []
  const isLower = isLowerBetter(unit)
  return [{ text: `${isLower ? '<=' : '>='} ${own} ${unit}`, isMet: ours === undefined ? undefined : isLower ? ours <= own : ours >= own }]
}

function checkRatio(of: string, least: number | undefined, ratio: number | undefined): Check[] {
  if (least === undefined) return []
  return [{ text: `${of} >= ${Number(least.toFixed(2))}`, isMet: ratio === undefined ? undefined : ratio >= least }]
}

function toNotes(checks: readonly Check[], { sameTexts, missing }: Figures): string[] {
  const missed = checks.filter(({ isMet }) => isMet === false).map(({ text }) => text)
  const notes = missed.length > 0 ? [`missed: ${missed.join(', ')}`] : checks.some(({ isMet }) => isMet) ? ['met'] : []
  if (sameTexts) notes.push(`same text in ${sameTexts.same} of ${sameTexts.rounds}`)
  return [...notes, ...missing]
}

function toRatio(unit: Unit, ours: number | undefined, theirs: number | undefined): number | undefined {
  if (ours === undefined || theirs === undefined) return undefined
  return isLowerBetter(unit) ? theirs / ours : ours / theirs
}

function toText(figure: number | undefined): string {
  if (figure === undefined) return '-'
  return figure.toFixed(figure < 10 ? 2 : figure < 1000 ? 1 : 0)
}
