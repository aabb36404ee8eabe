import type { Metadata } from './metadata.ts'
import { MAX_CONFIG_BYTES, type ModelFiles } from './model-files.ts'

/** What generation_config.json recommends. */
export async function describeSampling(files: ModelFiles, metadata: Metadata): Promise<void> {
  const config = await files.json('generation_config.json', MAX_CONFIG_BYTES)
  if (!config) return
  metadata.whole('general.sampling.top_k', config.count('top_k'))
  metadata.number('general.sampling.top_p', config.number('top_p'))
  metadata.number('general.sampling.min_p', config.number('min_p'))
  metadata.number('general.sampling.temp', config.number('temperature'))
  metadata.number('general.sampling.penalty_repeat', config.number('repetition_penalty'))
}
