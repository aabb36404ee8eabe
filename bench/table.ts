// Figures as rows of a Markdown table. A ratio is above 1 where this server is better, whatever the unit.

import type { Target } from './client.ts'
import type { Engine } from './engine.ts'
import type { Sameness } from './same-text.ts'
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

function toNotes(checks: readonly Check[], { promptTokens, again, texts, missing }: Figures): string[] {
  const missed = checks.filter(({ isMet }) => isMet === false).map(({ text }) => text)
  const notes = missed.length > 0 ? [`missed: ${missed.join(', ')}`] : checks.some(({ isMet }) => isMet) ? ['met'] : []
  if (texts.length > 0) notes.push(toTextNote(texts))
  if (promptTokens !== undefined) notes.push(`prompts of ${promptTokens.toFixed(1)} tokens in the mean`)
  if (again > 0) notes.push(`asked again ${again} times, since a reply ended early`)
  return [...notes, ...missing]
}

/** Texts that part where the next token was nearly even are the same, and how many they are is said. */
function toTextNote(texts: readonly Sameness[]): string {
  const even = texts.filter(({ kind }) => kind === 'nearly even').length
  const others = texts.flatMap((one) => (one.kind === 'different' ? [one.lead] : []))
  const note = `same text in ${texts.length - others.length} of ${texts.length}`
  const leads = others.map((lead) => (lead === undefined ? 'an unknown lead' : `a lead of ${lead.toFixed(2)}`))
  return [
    even > 0 ? `${note} (${even} of them up to a token that was nearly even)` : note,
    ...(others.length > 0 ? [`${others.length} parted at ${leads.join(', ')}`] : []),
  ].join(', ')
}

function toRatio(unit: Unit, ours: number | undefined, theirs: number | undefined): number | undefined {
  if (ours === undefined || theirs === undefined) return undefined
  return isLowerBetter(unit) ? theirs / ours : ours / theirs
}

function toText(figure: number | undefined): string {
  if (figure === undefined) return '-'
  return figure.toFixed(figure < 10 ? 2 : figure < 1000 ? 1 : 0)
}
