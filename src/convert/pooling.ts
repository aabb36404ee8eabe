import { isRecord } from '../base/json.ts'
import { invalidModel, unsupportedModel } from './failure.ts'
import type { Metadata } from './metadata.ts'
import { MAX_CONFIG_BYTES, type ModelFiles } from './model-files.ts'

/** llama_pooling_type of llama.h. */
const POOLING = { mean: 1, cls: 2, last: 3 } as const

/** How sentence-transformers makes one vector of a text: modules.json names a folder whose config.json says it. Nothing is set without one. */
export async function describePooling(files: ModelFiles, metadata: Metadata): Promise<void> {
  const bytes = await files.text('modules.json', MAX_CONFIG_BYTES)
  if (bytes === undefined) return
  const path = findPooling(bytes)
  if (path === undefined) return
  const pooling = await files.json(path === '' ? 'config.json' : `${path}/config.json`, MAX_CONFIG_BYTES)
  if (!pooling) throw invalidModel(`modules.json names ${path}/config.json, which is not there`)
  const mode = pooling.value('pooling_mode')
  const is = (key: string, name: string) => pooling.flag(key) === true || mode === name
  const found = is('pooling_mode_mean_tokens', 'mean')
    ? POOLING.mean
    : is('pooling_mode_cls_token', 'cls')
      ? POOLING.cls
      : is('pooling_mode_lasttoken', 'lasttoken')
        ? POOLING.last
        : undefined
  if (found === undefined) throw unsupportedModel(`${path}/config.json pools in another way than by mean, first or last token`)
  metadata.count(metadata.own('pooling_type'), found)
}

function findPooling(text: string): string | undefined {
  let modules: unknown
  try {
    modules = JSON.parse(text)
  } catch (cause) {
    throw invalidModel('modules.json is not JSON', { cause })
  }
  if (!Array.isArray(modules)) throw invalidModel('modules.json is not a list')
  const pooling = modules.find((module) => isRecord(module) && typeof module.type === 'string' && module.type.endsWith('Pooling'))
  return isRecord(pooling) && typeof pooling.path === 'string' ? pooling.path : undefined
}
