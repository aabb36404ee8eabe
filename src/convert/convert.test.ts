import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeGgufFile } from '../gguf/writer.ts'
import { convertModel } from './convert.ts'
import { describeGguf, type GgufDescription } from './testing/describe-gguf.ts'
import { putFolder } from './testing/folder-on-disk.ts'
import type { FolderFiles } from './testing/folder-parts.ts'
import { FOLDER_NAMES, type FolderName, modelFolder } from './testing/model-folders.ts'
import { formatSafetensors } from './testing/safetensors-file.ts'

const recorded: Record<FolderName, GgufDescription> = JSON.parse(
  readFileSync(new URL('../../tests/fixtures/converted.json', import.meta.url), 'utf8'),
)
/** What the converter reads out of the name of a folder, which an upload has not got. */
const FROM_THE_FOLDER = ['general.name', 'general.version', 'general.basename']

async function convert(files: FolderFiles): Promise<GgufDescription & { notes: string[] }> {
  await using source = await putFolder(files)
  const { content, notes } = await convertModel(source.paths)
  const target = path.join(source.folder, 'out.gguf')
  await writeGgufFile(target, content)
  return { ...(await describeGguf(target)), notes }
}

function without(entries: Record<string, string>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.includes(key)))
}

describe('a converted model', () => {
  it.each(FOLDER_NAMES)("says key by key what llama.cpp's converter says of %s", async (name) => {
    const { metadata } = await convert(modelFolder(name))
    // The converter has no ranks for such a vocabulary and gives every token the same score; ours come from the merges.
    const better = name === 'llama-fallback' ? ['tokenizer.ggml.scores'] : []
    expect(without(metadata, better)).toEqual(without(recorded[name].metadata, [...FROM_THE_FOLDER, ...better]))
  })

  it.each(FOLDER_NAMES)("has tensor for tensor what llama.cpp's converter has of %s", async (name) => {
    const { tensors } = await convert(modelFolder(name))
    // Reckoned with another power function: families/llama.test.ts compares the numbers.
    const nearly = name === 'llama-3' ? ['rope_freqs.weight'] : []
    expect(Object.keys(tensors)).toEqual(Object.keys(recorded[name].tensors))
    expect(without(tensors, nearly)).toEqual(without(recorded[name].tensors, nearly))
  })

  it('is the same wherever the folder lies below the root of the request', async () => {
    const files = modelFolder('qwen-3')
    const below = Object.fromEntries(Object.entries(files).map(([name, content]) => [`snapshots/main/${name}`, content]))
    expect(await convert(below)).toEqual(await convert(files))
  })

  it('says that images are left out', async () => {
    expect((await convert(modelFolder('gemma-3'))).notes).toEqual(['1 tensors for images are left out: the model reads text only'])
    expect((await convert(modelFolder('gemma-2'))).notes).toEqual([])
  })
})

/** The folder of Qwen 3 with some files replaced; undefined takes one away. */
function changed(files: Record<string, FolderFiles[string] | undefined>): FolderFiles {
  const all = { ...modelFolder('qwen-3'), ...files }
  return Object.fromEntries(Object.entries(all).filter(([, content]) => content !== undefined)) as FolderFiles
}

function config(fields: Record<string, unknown>): FolderFiles {
  return changed({ 'config.json': { ...(modelFolder('qwen-3')['config.json'] as object), ...fields } })
}

describe('a folder that is no model', () => {
  it.each<[string, FolderFiles, string]>([
    ['without config.json', changed({ 'config.json': undefined }), 'there is no config.json beside the weights'],
    ['with a config.json that is no JSON', changed({ 'config.json': '{' }), 'parse config.json: it is not JSON'],
    ['with a config.json that is a list', changed({ 'config.json': '[]' }), 'config.json is not a JSON object'],
    ['that names no architecture', config({ architectures: [] }), 'unknown architecture'],
    ['of an architecture that is not known', config({ architectures: ['T5Model'] }), 'unsupported architecture "T5Model"'],
    ['of quantized weights', config({ quantization_config: { quant_method: 'awq' } }), 'the weights are quantized (awq)'],
    ['without a tokenizer', changed({ 'tokenizer.json': undefined }), 'unknown tokenizer format'],
    ['with a size that is a text', config({ hidden_size: '64' }), 'config.json: hidden_size is "64", not a whole number'],
    ['with a size below zero', config({ num_hidden_layers: -1 }), 'config.json: num_hidden_layers is -1, not a whole number'],
    ['with more blocks than it has', config({ num_hidden_layers: 3 }), 'the tensor "blk.2.attn_norm.weight" is missing'],
    ['with an endless number of blocks', config({ num_hidden_layers: 2 ** 32 - 1 }), 'the tensor "blk.2.attn_norm.weight" is missing'],
    ['with fewer blocks than it has', config({ num_hidden_layers: 1 }), 'is of a block that the 1 of the configuration do not have'],
    ['with more tokens than rows', config({ vocab_size: 4000 }), 'the configuration asks for 4000 of 64'],
    ['with more tokens than any has', config({ vocab_size: 2 ** 30 }), 'a vocabulary of 1073741824 tokens is beyond the limit of 1048576'],
    ['with another width', config({ hidden_size: 32 }), 'of 64 numbers, the configuration asks for'],
  ])('%s is refused', async (_, files, message) => {
    await expect(convert(files)).rejects.toThrow(message)
  })

  it('is refused with a code for clients', async () => {
    await expect(convert(config({ architectures: ['T5Model'] }))).rejects.toMatchObject({ code: 'not_supported' })
    await expect(convert(config({ hidden_size: '64' }))).rejects.toMatchObject({ code: 'invalid_gguf' })
  })

  it('has a tensor that the family does not know', async () => {
    const one = { name: 'model.layers.0.mlp.experts.weight', type: 'F32', shape: [1], values: new Float32Array(1) } as const
    const files = changed({ 'model.safetensors': formatSafetensors([one]), 'model.safetensors.index.json': undefined })
    await expect(convert(files)).rejects.toThrow('"model.layers.0.mlp.experts.weight" is none that the architecture qwen3 has')
  })

  it('has heads that are not two halves', async () => {
    const files = modelFolder('llama-2')
    const config = { ...(files['config.json'] as object), num_attention_heads: 3 }
    await expect(convert({ ...files, 'config.json': config })).rejects.toThrow('64 rows, which are not 3 heads of two halves')
  })
})
