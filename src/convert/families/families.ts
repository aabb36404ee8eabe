import { unsupportedModel } from '../failure.ts'
import type { Family, SourceModel } from '../family.ts'
import { BERT } from './bert.ts'
import { GEMMA_2, GEMMA_3 } from './gemma.ts'
import { LLAMA, MISTRAL } from './llama.ts'
import { PHI_3 } from './phi.ts'
import { QWEN_2, QWEN_3 } from './qwen.ts'

const FAMILIES: readonly Family[] = [LLAMA, MISTRAL, QWEN_2, QWEN_3, GEMMA_2, GEMMA_3, PHI_3, BERT]

/** Throws `not_supported` for a name that none has. */
export function findFamily(name: string): Family {
  const family = FAMILIES.find(({ names }) => names.includes(name))
  if (family) return family
  const known = FAMILIES.flatMap(({ names }) => names).join(', ')
  throw unsupportedModel(`unsupported architecture ${JSON.stringify(name)}: the known ones are ${known}`)
}

/** By llama.cpp's name. Llama and Mistral, which share one, place their tensors alike. */
export function findFamilyOf(architecture: string): Family | undefined {
  return FAMILIES.find((family) => family.architecture === architecture)
}

/** Models of several parts name their language model first; those without a head, as made for embeddings, leave the outer module out. */
export function findPlacement(tensor: string, family: Family, model: SourceModel): ReturnType<Family['place']> {
  const name = tensor.replace('language_model.', '')
  const found = family.place(name, model)
  return found === 'unknown' ? family.place(`model.${name}`, model) : found
}
