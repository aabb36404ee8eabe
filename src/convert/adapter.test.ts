import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readGgufHead } from '../gguf/head.ts'
import type { GgufHead } from '../gguf/types.ts'
import { writeGgufFile } from '../gguf/writer.ts'
import { convertAdapter } from './adapter.ts'
import { convertModel } from './convert.ts'
import { ADAPTER_NAMES, ADAPTERS, type AdapterName, adapterFolder } from './testing/adapter-folders.ts'
import { describeGguf, type GgufDescription } from './testing/describe-gguf.ts'
import { putFolder } from './testing/folder-on-disk.ts'
import type { FolderFiles } from './testing/folder-parts.ts'
import { type FolderName, modelFolder } from './testing/model-folders.ts'
import { formatSafetensors } from './testing/safetensors-file.ts'

const recorded: Record<AdapterName, GgufDescription> = JSON.parse(
  readFileSync(new URL('../../tests/fixtures/converted.json', import.meta.url), 'utf8'),
)

async function headOf(name: FolderName): Promise<GgufHead> {
  await using source = await putFolder(modelFolder(name))
  const target = path.join(source.folder, 'base.gguf')
  await writeGgufFile(target, (await convertModel(source.paths)).content)
  return readGgufHead(target)
}

async function convert(files: FolderFiles, base: FolderName): Promise<GgufDescription> {
  await using source = await putFolder(files)
  const target = path.join(source.folder, 'adapter.gguf')
  await writeGgufFile(target, await convertAdapter(source.paths, await headOf(base)))
  return describeGguf(target)
}

describe('a converted adapter', () => {
  it.each(ADAPTER_NAMES)("is what llama.cpp's converter makes of %s", async (name) => {
    const { metadata, tensors } = await convert(adapterFolder(name), ADAPTERS[name].base)
    const { 'general.name': _, ...expected } = recorded[name].metadata
    expect(metadata).toEqual(expected)
    expect(tensors).toEqual(recorded[name].tensors)
  })

  it('keeps its strength where it is stabilized by its rank', async () => {
    const { metadata } = await convert(withConfig({ use_rslora: true }), 'llama-2')
    // PEFT: 8 / √4. The engine: alpha / 4.
    expect(metadata['adapter.lora.alpha']).toBe('float32 16')
  })
})

function withConfig(fields: Record<string, unknown>): FolderFiles {
  const files = adapterFolder('llama-2-adapter')
  return { ...files, 'adapter_config.json': { ...(files['adapter_config.json'] as object), ...fields } }
}

function withTensors(...tensors: [name: string, ...shape: number[]][]): FolderFiles {
  const values = tensors.map(([name, ...shape]) => {
    const count = shape.reduce((product, dimension) => product * dimension, 1)
    return { name, type: 'F32' as const, shape, values: new Float32Array(count) }
  })
  return { ...adapterFolder('llama-2-adapter'), 'adapter_model.safetensors': formatSafetensors(values) }
}

const Q = 'base_model.model.model.layers.0.self_attn.q_proj'

describe('an adapter is refused', () => {
  it.each<[string, FolderFiles, string]>([
    ['without a configuration', { 'adapter_model.safetensors': '' }, 'there is no adapter_config.json'],
    ['without alpha', withConfig({ lora_alpha: null }), 'has no lora_alpha'],
    ['of another kind', withConfig({ peft_type: 'IA3' }), 'adapters of the kind IA3 are not known'],
    ['that is DoRA', withConfig({ use_dora: true }), 'adapters of the kind DoRA are not known'],
    ['with alpha by module', withConfig({ alpha_pattern: { q_proj: 3 } }), 'alpha_pattern is not supported'],
    ['with two files', { ...withConfig({}), 'more.safetensors': '' }, 'has one safetensors file, not 2'],
    ['without tensors', withTensors(), 'the adapter has no tensors'],
    ['with whole weights', withTensors(['base_model.model.lm_head.weight', 2, 2]), 'is neither lora_A nor lora_B of a module'],
    ['with half a pair', withTensors([`${Q}.lora_A.weight`, 4, 64]), 'has lora_A and no lora_B'],
    ['with a vector', withTensors([`${Q}.lora_A.weight`, 4]), 'is no matrix'],
    ['with two ranks', withTensors([`${Q}.lora_A.weight`, 4, 64], [`${Q}.lora_B.weight`, 64, 8]), 'lora_A of the rank 4 and lora_B of 8'],
    [
      'of a wider model',
      withTensors([`${Q}.lora_A.weight`, 4, 128], [`${Q}.lora_B.weight`, 128, 4]),
      'made for another model: "model.layers.0.self_attn.q_proj" turns 128 into 128, in the model 64 into 64',
    ],
    [
      'of a deeper model',
      withTensors(['model.layers.9.mlp.up_proj.lora_A.weight', 4, 64], ['model.layers.9.mlp.up_proj.lora_B.weight', 96, 4]),
      '"model.layers.9.mlp.up_proj", which the model does not have',
    ],
    [
      'of the embedding',
      withTensors(['model.embed_tokens.lora_A.weight', 4, 64], ['model.embed_tokens.lora_B.weight', 64, 4]),
      'adapters of the embedding are not supported',
    ],
  ])('%s', async (_, files, message) => {
    await expect(convert(files, 'llama-2')).rejects.toThrow(message)
  })

  it('for an architecture that is not known', async () => {
    const base = { ...(await headOf('llama-2')), metadata: new Map([['general.architecture', 'mamba']]) }
    await using source = await putFolder(adapterFolder('llama-2-adapter'))
    await expect(convertAdapter(source.paths, base)).rejects.toThrow('unsupported architecture: adapters for "mamba"')
  })
})
