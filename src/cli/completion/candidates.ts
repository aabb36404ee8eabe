// What may stand where the cursor is: verbs, flags, and what a verb's arguments are. Pure; names of models come from the caller.

import type { FlagTable } from '../arguments.ts'
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
  if (takesNextWord(afterVerb.at(-1), verb.flags)) return []
  if (current.startsWith('-') && !afterVerb.includes('--')) return flagNames(verb.flags)
  if (countArguments(afterVerb, verb.flags) >= maxArguments(verb)) return []
  return argumentsOf(verb, sources)
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

/** A flag whose value is the next word. */
function takesNextWord(word: string | undefined, flags: FlagTable): boolean {
  if (word === undefined || !word.startsWith('-') || word.includes('=')) return false
  const flag = Object.entries(flags).find(([name, { short }]) => word === `--${name}` || (short !== undefined && word === `-${short}`))?.[1]
  return flag !== undefined && flag.type !== 'boolean' && flag.implied === undefined
}

function countArguments(words: readonly string[], flags: FlagTable): number {
  return words.filter((word, index) => !word.startsWith('-') && !takesNextWord(words[index - 1], flags)).length
}

/** A prompt follows the model; of a verb whose number of arguments depends on its flags, one is a name. */
function maxArguments({ name, arguments: { max } }: Verb): number {
  return ONE_NAME.includes(name) ? 1 : max
}

const ONE_NAME: readonly string[] = ['run', 'pull', 'stop', 'list', 'ps']
