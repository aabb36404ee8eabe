// Whether a file is in a layout of Ollama's own, and what its translation will hold. Pure: nothing is read but a head, nothing is written.

import { AppError, isAppError } from '../base/errors.ts'
import type { GgufHead } from '../gguf/types.ts'
import { Draft } from './draft.ts'
import { LAYOUTS } from './families/families.ts'
import type { Layout } from './layout.ts'

/** Of a file: the model that writes, or what sees for it. */
export type TranslatedPart = 'text' | 'projector'

export interface TranslatedHeads {
  /** Of the file that the engine will load; the source's own where its layout cannot be read yet. */
  text: GgufHead
  /** Of the second file, where the first has a tower in it. */
  projector?: GgufHead
}

/** Undefined for a file in the engine's layout. The head's short arrays suffice. */
export function translateHead(head: GgufHead): TranslatedHeads | undefined {
  const layout = findLayout(head)
  if (!layout) return undefined
  try {
    return translate(head, layout)
  } catch (error) {
    // Whoever loads it hears why; until then it can be listed, shown and removed.
    if (!isAppError(error, 'invalid_gguf')) throw error
    return { text: head }
  }
}

function translate(head: GgufHead, layout: Layout): TranslatedHeads {
  const sees = layout.toText && layout.toProjector && head.tensors.some(({ name }) => name.startsWith('v.'))
  return {
    text: layout.toText ? draftOf(head, layout.toText).toHead() : head,
    ...(sees && layout.toProjector ? { projector: draftOf(head, layout.toProjector).toHead() } : {}),
  }
}

export interface DraftedPart {
  draft: Draft
  /** Where no copy can be made the engine may have the source. */
  isOptional: boolean
}

/** Undefined for a file in the engine's layout. Throws `load_failed` where the layout is known and cannot be read. */
export function draftPart(head: GgufHead, part: TranslatedPart): DraftedPart | undefined {
  const layout = findLayout(head)
  if (!layout) return undefined
  const change = part === 'text' ? layout.toText : layout.toProjector
  if (change) return { draft: draftOf(head, change), isOptional: layout.isOptional === true }
  throw new AppError(
    'load_failed',
    `this file is in a layout of Ollama's own (${String(head.metadata.get('general.architecture'))}) that Llamero does not read yet; a GGUF of the same model from Hugging Face works: llamero pull hf.co/<user>/<repository>`,
  )
}

function findLayout(head: GgufHead): Layout | undefined {
  const file = new Draft(head)
  const { architecture } = file
  return LAYOUTS.find((layout) => layout.architectures.includes(architecture) && layout.isMarked(file))
}

function draftOf(head: GgufHead, change: (file: Draft) => void): Draft {
  const file = new Draft(head)
  change(file)
  return file
}
