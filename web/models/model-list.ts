// The models of the server, as the console last heard of them, and what the lists and choices of its pages make of that.

import type { TagsResponseBody } from '../../src/api/models.ts'
import { toFailure } from '../api/failure.ts'
import { createState, type State } from '../base/state.ts'

export type Model = TagsResponseBody['models'][number]

export type ModelList = { kind: 'unread' } | { kind: 'read'; models: readonly Model[] } | { kind: 'failed'; message: string }

export interface Models {
  readonly list: State<ModelList>
  /** Never rejects; what was read before stays where it fails. */
  refresh(): Promise<void>
}

export function createModels(readTags: () => Promise<TagsResponseBody>): Models {
  const list = createState<ModelList>({ kind: 'unread' })
  return {
    list,
    async refresh() {
      try {
        const { models } = await readTags()
        list.set({ kind: 'read', models: models ?? [] })
      } catch (error) {
        if (list.value.kind !== 'read') list.set({ kind: 'failed', message: toFailure(error).message })
      }
    },
  }
}

export function modelsOf(list: ModelList): readonly Model[] {
  return list.kind === 'read' ? list.models : []
}

/** Those that one can talk to. A server that tells no capabilities may mean any. */
export function talkative(models: readonly Model[]): Model[] {
  return models.filter(({ capabilities }) => !capabilities?.length || capabilities.includes('completion'))
}

export function can(model: Model | undefined, capability: string): boolean {
  return model?.capabilities?.includes(capability) ?? false
}

/** The one that was chosen, if it is still there; otherwise the one that was changed last, which the server lists first. */
export function chooseModel(models: readonly Model[], wanted: string): Model | undefined {
  return models.find(({ name }) => name === wanted) ?? (wanted === '' ? models[0] : undefined)
}

/** All words must be somewhere in what the list shows. */
export function searchModels(models: readonly Model[], typed: string): Model[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return models.filter(({ name, details, capabilities = [] }) => {
    const shown = [name, details.family, details.parameter_size, details.quantization_level, ...capabilities].join(' ').toLowerCase()
    return words.every((word) => shown.includes(word))
  })
}
