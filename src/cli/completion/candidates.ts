// What may stand where the cursor is: verbs, flags, and what a verb's arguments are. Pure; names of models come from the caller.

import type { Flag, FlagTable } from '../arguments.ts'
import type { Verb } from '../verb.ts'

export interface CandidateSources {
  verbs: readonly Verb[]
  programFlags: FlagTable
  models(): Promise<readonly string[]>
  running(): Promise<readonly string[]>
}

/** `words`: after the program, up to the cursor; the last one is the one that is being written, and may be empty. */
export async function findCandidates(words: readonly string[], sources: CandidateSources): Promise<string[]> {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const name = before.find((word) => !word.startsWith('-'))
  const candidates = await candidatesFor(current, { before, name, sources })
  return candidates.filter((candidate) => candidate.startsWith(current))
}

interface Place {
  before: readonly string[]
  /** Of the verb, where one has been written. */
  name: string | undefined
  sources: CandidateSources
}

async function candidatesFor(current: string, { before, name, sources }: Place): Promise<readonly string[]> {
  const { verbs, programFlags } = sources
  if (name === undefined) return current.startsWith('-') ? flagNames(programFlags) : visibleNames(verbs)
  const verb = verbs.find((each) => each.name === name || each.aliases?.includes(name))
  if (!verb) return []
  const afterVerb = before.slice(before.indexOf(name) + 1)
  const flagBefore = findFlag(afterVerb.at(-1), verb.flags)
  if (flagBefore && takesNextWord(flagBefore)) return flagBefore.values ?? []
  if (current.startsWith('--') && current.includes('=')) return valuesOf(current, verb.flags)
  if (flagBefore?.values && !current.startsWith('-')) return [...flagBefore.values, ...(await argumentsAt(verb, afterVerb, sources))]
  if (current.startsWith('-') && !afterVerb.includes('--')) return flagNames(verb.flags)
  return argumentsAt(verb, afterVerb, sources)
}

async function argumentsAt(verb: Verb, words: readonly string[], sources: CandidateSources): Promise<readonly string[]> {
  return countArguments(words, verb.flags) >= maxArguments(verb) ? [] : argumentsOf(verb, sources)
}

async function argumentsOf({ completes, name }: Verb, { verbs, models, running }: CandidateSources): Promise<readonly string[]> {
  if (completes === 'models') return models()
  if (completes === 'running') return running()
  if (completes === 'verbs') return visibleNames(verbs).filter((each) => each !== name)
  return completes ?? []
}

function visibleNames(verbs: readonly Verb[]): string[] {
  return verbs.filter((verb) => !verb.hidden).map((verb) => verb.name)
}

function flagNames(flags: FlagTable): string[] {
  return [...Object.keys(flags), 'help'].map((name) => `--${name}`)
}

/** `--think=low` and its like, as whole words. */
function valuesOf(word: string, flags: FlagTable): string[] {
  const head = word.slice(0, word.indexOf('='))
  return (findFlag(head, flags)?.values ?? []).map((value) => `${head}=${value}`)
}

function findFlag(word: string | undefined, flags: FlagTable): Flag | undefined {
  if (word === undefined) return undefined
  return Object.entries(flags).find(([name, { short }]) => word === `--${name}` || (short !== undefined && word === `-${short}`))?.[1]
}

/** Its value is the next word, whatever that is. */
function takesNextWord({ type, implied }: Flag): boolean {
  return type !== 'boolean' && implied === undefined
}

function countArguments(words: readonly string[], flags: FlagTable): number {
  return words.filter((word, index) => {
    const before = findFlag(words[index - 1], flags)
    const isValue = before !== undefined && (takesNextWord(before) || before.values?.includes(word) === true)
    return !word.startsWith('-') && !isValue
  }).length
}

/** A prompt follows the model; of a verb whose number of arguments depends on its flags, one is a name. */
function maxArguments({ name, arguments: { max } }: Verb): number {
  return ONE_NAME.includes(name) ? 1 : max
}

const ONE_NAME: readonly string[] = ['run', 'pull', 'stop', 'list', 'ps']
