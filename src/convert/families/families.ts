import { unsupportedModel } from '../failure.ts'
import type { Family } from '../family.ts'
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
