// A LoRA adapter as PEFT saves it (adapter_config.json, adapter_model.safetensors) as the content of a GGUF file for one base model. Each pair must
// fit a tensor that the base has: the engine would otherwise find out when somebody runs the model. All numbers are kept in 32 bits.
// Facts: convert_lora_to_gguf.py of llama.cpp 0.5.0. One difference: rank-stabilized adapters keep their strength, since the engine divides alpha by the
// rank and PEFT by its root. Refused, as nothing of the engine could carry it: DoRA, trained embeddings, alpha by module.

import { architectureNumber, architectureOf } from '../gguf/metadata.ts'
import type { GgufHead } from '../gguf/types.ts'
import type { GgufContent, GgufTensorData } from '../gguf/writer.ts'
import { invalidModel, unsupportedModel } from './failure.ts'
import { findFamilyOf, findPlacement } from './families/families.ts'
import type { SourceModel } from './family.ts'
import { Fields } from './fields.ts'
import { Metadata } from './metadata.ts'
import { createModelFiles, MAX_CONFIG_BYTES, type ModelFiles } from './model-files.ts'
import { readSafetensors, requireFloats, type SourceTensor, type StoredTensor } from './safetensors.ts'
import { checkChange, readTensor, type TensorChange } from './tensor-data.ts'

const QUANTIZATION_VERSION = 2

/** `paths` are the places of the files by their relative names. Throws `invalid_gguf` and `not_supported`. */
export async function convertAdapter(paths: ReadonlyMap<string, string>, base: GgufHead): Promise<GgufContent> {
  const files = createModelFiles(paths)
  const config = await files.json('adapter_config.json', MAX_CONFIG_BYTES)
  if (!config) throw invalidModel('there is no adapter_config.json beside the weights')
  checkMethod(config)
  const pairs = groupPairs(await readTensors(files))
  const metadata = new Metadata(architectureOf(base))
  metadata.text('general.type', 'adapter')
  metadata.text('adapter.type', 'lora')
  metadata.number('adapter.lora.alpha', readAlpha(config))
  metadata.count('general.quantization_version', QUANTIZATION_VERSION)
  return { metadata: metadata.entries, tensors: placePairs(pairs, files, base) }
}

function checkMethod(config: Fields): void {
  const method = config.text('peft_type') ?? 'LORA'
  if (method !== 'LORA') throw unsupportedModel(`adapters of the kind ${method} are not known, only LoRA`)
  if (config.flag('use_dora')) throw unsupportedModel('adapters of the kind DoRA are not known, only LoRA')
  for (const key of ['alpha_pattern', 'rank_pattern', 'alora_invocation_tokens']) {
    const value = config.value(key)
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
      throw unsupportedModel(`adapter_config.json: ${key} is not supported`)
  }
}

function readAlpha(config: Fields): number {
  const alpha = config.number('lora_alpha') ?? config.fields('lora_parameters')?.number('alpha')
  if (alpha === undefined) throw invalidModel('adapter_config.json has no lora_alpha')
  return config.flag('use_rslora') ? alpha * Math.sqrt(config.requireCount('r')) : alpha
}

async function readTensors(files: ModelFiles): Promise<StoredTensor[]> {
  const weights = files.names.filter((name) => name.endsWith('.safetensors'))
  const [name] = weights
  if (name === undefined || weights.length > 1) throw invalidModel(`an adapter has one safetensors file, not ${weights.length}`)
  return readSafetensors(files.path(name) ?? '', name)
}

interface Pair {
  a?: SourceTensor
  b?: SourceTensor
}

const PART = /^(?:base_model\.model\.)?(.+)\.lora_([AB])\.weight$/

/** By the module that they change. */
function groupPairs(tensors: readonly StoredTensor[]): Map<string, Pair> {
  const pairs = new Map<string, Pair>()
  for (const tensor of tensors) {
    const [, module, part] = PART.exec(tensor.name) ?? []
    if (module === undefined) throw unsupportedModel(`the tensor ${JSON.stringify(tensor.name)} is neither lora_A nor lora_B of a module`)
    if (tensor.shape.length !== 2) throw invalidModel(`the tensor ${JSON.stringify(tensor.name)} is no matrix`)
    const pair = pairs.get(module) ?? {}
    pair[part === 'A' ? 'a' : 'b'] = requireFloats(tensor)
    pairs.set(module, pair)
  }
  if (pairs.size === 0) throw invalidModel('the adapter has no tensors')
  return pairs
}

function placePairs(pairs: ReadonlyMap<string, Pair>, files: ModelFiles, base: GgufHead): GgufTensorData[] {
  const architecture = architectureOf(base)
  const family = findFamilyOf(architecture)
  if (!family) throw unsupportedModel(`unsupported architecture: adapters for ${JSON.stringify(architecture)} are not known`)
  const model: SourceModel = { files, name: architecture, config: configOf(base) }
  const shapes = new Map(base.tensors.map(({ name, shape }) => [name, shape]))
  return [...pairs].flatMap(([module, { a, b }]) => {
    if (!a || !b) throw invalidModel(`the module ${JSON.stringify(module)} has lora_${a ? 'A' : 'B'} and no lora_${a ? 'B' : 'A'}`)
    const placement = findPlacement(`${module}.weight`, family, model)
    const shape = placement && placement !== 'unknown' ? shapes.get(placement.name) : undefined
    if (!placement || placement === 'unknown' || !shape)
      throw invalidModel(`the adapter changes the module ${JSON.stringify(module)}, which the model does not have`)
    if (placement.name === 'token_embd.weight') throw unsupportedModel('adapters of the embedding are not supported')
    checkPair(module, { a, b }, shape)
    const weave = placement.weaveHeads === undefined ? {} : { weaveHeads: placement.weaveHeads }
    return [toTensor(`${placement.name}.lora_a`, a, {}), toTensor(`${placement.name}.lora_b`, b, weave)]
  })
}

/** What a family asks of a configuration when it places a tensor. */
function configOf(base: GgufHead): Fields {
  return new Fields('the base model', {
    num_attention_heads: architectureNumber(base, 'attention.head_count'),
    num_key_value_heads: architectureNumber(base, 'attention.head_count_kv'),
  })
}

/** `shape` has the inputs first, as GGUF has it. */
function checkPair(module: string, { a, b }: Required<Pair>, shape: readonly number[]): void {
  const [rank, inputs] = a.shape
  const [outputs, same] = b.shape
  if (rank !== same) throw invalidModel(`the module ${JSON.stringify(module)} has lora_A of the rank ${rank} and lora_B of ${same}`)
  if (shape.length !== 2 || inputs !== shape[0] || outputs !== shape[1]) {
    throw invalidModel(
      `the adapter is made for another model: ${JSON.stringify(module)} turns ${inputs} into ${outputs}, in the model ${shape.join(' into ')}`,
    )
  }
}

function toTensor(name: string, source: SourceTensor, change: TensorChange): GgufTensorData {
  checkChange(source, change)
  return { name, type: 'F32', shape: [...source.shape].reverse(), data: () => readTensor(source, 'F32', change) }
}
