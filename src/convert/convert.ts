// A model in Hugging Face's layout (config.json, tokenizer, safetensors) as the content of a GGUF file. What can be wrong is found before the first
// byte is written; the weights themselves are read while they are written, piece by piece, and are never whole in memory.
// Facts: the converter of llama.cpp 0.5.0. Differences: general.name and what follows from the name of a folder or from a README are not set, since
// uploads have neither; a word cutter is known by its patterns (tokenizer/pre-tokenizer.ts); scores of a byte-fallback tokenizer.json come from
// its merges, where the converter gives all the same.

import type { FloatType } from '../gguf/half-floats.ts'
import type { GgufContent, GgufTensorData } from '../gguf/writer.ts'
import { invalidModel, unsupportedModel } from './failure.ts'
import { findFamily, findPlacement } from './families/families.ts'
import type { Family, Placement, SourceModel } from './family.ts'
import { Metadata } from './metadata.ts'
import { createModelFiles, MAX_CONFIG_BYTES } from './model-files.ts'
import { requireFloats, type SourceTensor, type StoredTensor } from './safetensors.ts'
import { describeSampling } from './sampling.ts'
import { formatSize } from './size-label.ts'
import { checkTensors } from './tensor-check.ts'
import { changedShape, checkChange, readTensor } from './tensor-data.ts'
import { isBuffer } from './tensor-names.ts'
import { readWeights } from './weights.ts'

export interface ConvertedModel {
  content: GgufContent
  /** What of the source is not in the file, in words for a person. */
  notes: string[]
}

/** general.file_type: LLAMA_FTYPE_MOSTLY_F16 and _BF16. */
const FILE_TYPES = { F16: 1, BF16: 32 } as const
const QUANTIZATION_VERSION = 2

/** `paths` are the places of the files by their relative names. Throws `invalid_gguf` and `not_supported`. */
export async function convertModel(paths: ReadonlyMap<string, string>): Promise<ConvertedModel> {
  const files = createModelFiles(paths)
  const config = await files.json('config.json', MAX_CONFIG_BYTES)
  if (!config) throw invalidModel('there is no config.json beside the weights')
  const name = config.list('architectures')?.[0]
  if (typeof name !== 'string') throw invalidModel('unknown architecture: config.json names none')
  const family = findFamily(name)
  const quantized = config.fields('quantization_config')
  if (quantized)
    throw unsupportedModel(`the weights are quantized (${quantized.text('quant_method') ?? 'in some way'}): convert those that are not`)
  const language = config.fields('text_config')
  const model = { files, name, config: (language ? config.over(language) : config).withDefaults(family.defaults) }
  const { placed, leftOut } = placeTensors(await readWeights(files), family, model)
  return {
    content: await describe(placed, family, model),
    notes: leftOut > 0 ? [`${leftOut} tensors for images are left out: the model reads text only`] : [],
  }
}

interface Placed {
  source: SourceTensor
  placement: Placement
}

/** Parts of a model for several media that are not its language model. */
const OTHER_MEDIA = /(^|\.)(vision_tower|vision_model|multi_modal_projector|multimodal_projector|visual|audio_tower)\./

function placeTensors(stored: readonly StoredTensor[], family: Family, model: SourceModel): { placed: Placed[]; leftOut: number } {
  const placed: Placed[] = []
  let leftOut = 0
  for (const tensor of stored) {
    if (isBuffer(tensor.name)) continue
    if (OTHER_MEDIA.test(tensor.name)) {
      leftOut++
      continue
    }
    const placement = findPlacement(tensor.name, family, model)
    if (placement === 'unknown')
      throw unsupportedModel(`the tensor ${JSON.stringify(tensor.name)} is none that the architecture ${family.architecture} has`)
    if (!placement) continue
    const source = requireFloats(tensor)
    checkChange(source, placement)
    placed.push({ source, placement })
  }
  return { placed, leftOut }
}

async function describe(placed: readonly Placed[], family: Family, model: SourceModel): Promise<GgufContent> {
  const type = chooseType(placed)
  const metadata = new Metadata(family.architecture)
  metadata.text('general.type', 'model')
  await describeSampling(model.files, metadata)
  const generated = (family.generate?.(model, metadata) ?? []).map(
    ({ name, values }): GgufTensorData => ({ name, type: 'F32', shape: [values.length], data: new Uint8Array(values.buffer) }),
  )
  const tensors = [...generated, ...placed.map((item) => toTensor(item, type))]
  metadata.text('general.size_label', formatSize(tensors))
  await family.describe(model, metadata)
  metadata.count('general.file_type', FILE_TYPES[type])
  metadata.count('general.quantization_version', QUANTIZATION_VERSION)
  await family.writeVocabulary(model, metadata)
  checkTensors(tensors, metadata)
  return { metadata: metadata.entries, tensors }
}

/** The weights keep their 16 bits; those of 32 become F16. What most have decides for all: the first matrix, as llama.cpp's converter takes it. */
function chooseType(placed: readonly Placed[]): keyof typeof FILE_TYPES {
  const first = placed.find(({ source }) => source.shape.length > 1 && source.type !== 'F32')
  return first?.source.type === 'BF16' ? 'BF16' : 'F16'
}

function toTensor({ source, placement }: Placed, type: FloatType): GgufTensorData {
  const to = staysFloat32(placement.name, source.shape.length) ? 'F32' : type
  return {
    name: placement.name,
    type: to,
    shape: changedShape(source, placement).reverse(),
    data: () => readTensor(source, to, placement),
  }
}

/** The engine reads these in full precision only. */
function staysFloat32(name: string, dimensions: number): boolean {
  if (dimensions <= 1 || !name.endsWith('.weight') || name.endsWith('_norm.weight')) return true
  return name === 'position_embd.weight' || name === 'token_types.weight'
}
