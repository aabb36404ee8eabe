// The model files of a new model in the quantization that was asked for. Each result is checked before it becomes a blob; whoever leaves ends
// the work, and nothing of it stays.

import { onAbort } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { readGgufHead } from '../../gguf/head.ts'
import { getNumber } from '../../gguf/metadata.ts'
import { findFileType, quantizationOf } from '../../gguf/quantization.ts'
import type { GgufHead } from '../../gguf/types.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { watch } from '../../registry/progress.ts'
import type { Progress } from '../../registry/registry.ts'
import type { QuantizeModel } from '../../runner/runner.ts'
import type { Store } from '../../store/store.ts'
import type { Base } from './base.ts'
import { type PlannedLayer, plannedLayer } from './layers.ts'
import { estimateQuantizedBytes, isUnquantized, mustQuantize, type Quantization, toQuantizeSpec } from './quantization-plan.ts'

export interface Quantizer {
  store: Store
  clock: Clock
  quantize: QuantizeModel
}

/** Ollama's clients know this digest as "not a blob": progress of work on a file. */
const WORK_DIGEST = '0000000000000000000'

export interface WantedQuantizations {
  model: Quantization | undefined
  draft: Quantization | undefined
}

/** The base with its model files in the wanted quantizations, or as they are. Models that came with the request are said to be valid. */
export async function* quantizeBase(
  base: Base,
  wantedOnes: WantedQuantizations,
  quantizer: Quantizer,
  signal: AbortSignal,
): AsyncGenerator<Progress, Base> {
  if (wantedOnes.model && !base.head) mustQuantize(undefined, wantedOnes.model)
  const result: Base = { ...base, layers: [] }
  for (const layer of base.layers) {
    const isModel = layer.mediaType === MEDIA_TYPES.model
    const wanted = isModel ? wantedOnes.model : layer.mediaType === MEDIA_TYPES.draft ? wantedOnes.draft : undefined
    if (!isModel && !wanted) {
      result.layers.push(layer)
      continue
    }
    const head = await readGgufHead(quantizer.store.blobs.path(layer.digest))
    const { fileSizeBytes } = head
    if (wanted && !isModel) checkDraftIsWhole(head)
    if (wanted && mustQuantize(head, wanted)) {
      const made = yield* quantizeLayer({ layer, head, wanted }, quantizer, signal)
      result.layers.push(made)
      if (isModel) result.head = await readGgufHead(quantizer.store.blobs.path(made.digest))
      // What was converted or merged on the way here is as large as all the rest.
      if (layer.isNew) await quantizer.store.removeUnused([layer], { release: true })
      continue
    }
    result.layers.push(layer)
    if (isModel && layer.from === undefined)
      yield { status: 'validating GGUF model', digest: WORK_DIGEST, totalBytes: fileSizeBytes, completedBytes: fileSizeBytes }
  }
  return result
}

function checkDraftIsWhole(head: GgufHead): void {
  const current = quantizationOf(head)
  if (isUnquantized(current)) return
  throw new AppError('invalid_request', `draft quantization requires an unquantized draft model, got ${current}`, {
    details: { param: 'draft_quantize' },
  })
}

interface Work {
  layer: PlannedLayer
  head: GgufHead
  wanted: Quantization
}

async function* quantizeLayer(
  { layer, head, wanted }: Work,
  { store, clock, quantize }: Quantizer,
  signal: AbortSignal,
): AsyncGenerator<Progress, PlannedLayer> {
  const status = `quantizing ${quantizationOf(head)} model to ${wanted}`
  const totalBytes = head.fileSizeBytes
  const left = new AbortController()
  const off = onAbort(signal, () => left.abort())
  const read = countTensors(head)
  let convertedAll: () => void = () => {}
  const converted = new Promise<void>((resolve) => {
    convertedAll = resolve
  })
  const convert = async (targetPath: string): Promise<void> => {
    const spec = toQuantizeSpec(wanted, head, { sourcePath: store.blobs.path(layer.digest), targetPath })
    await quantize(spec, { signal: left.signal, onTensor: read.add })
    convertedAll()
    await checkResult(targetPath, head, wanted)
  }
  const blob = store.blobs.make(convert, { neededBytes: estimateQuantizedBytes(wanted, head), signal: left.signal })
  try {
    const amount = () => ({ totalBytes, completedBytes: Math.floor(totalBytes * read.share()) })
    yield* watch(Promise.race([converted, blob]), amount, { status, digest: WORK_DIGEST, clock, signal })
    yield { status, digest: WORK_DIGEST, totalBytes, completedBytes: totalBytes }
    yield { status: 'verifying conversion' }
    return plannedLayer(layer.mediaType, await blob)
  } finally {
    off()
    left.abort()
    // Its error has been thrown already, or the one who left is the reason of it.
    await blob.catch(() => undefined)
  }
}

/** How much of the file has been converted, by the names of the tensors. */
function countTensors({ tensors }: GgufHead): { add(name: string): void; share(): number } {
  const sizes = new Map(tensors.map(({ name, sizeBytes }) => [name, sizeBytes]))
  const allBytes = tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let doneBytes = 0
  return {
    add(name) {
      doneBytes += sizes.get(name) ?? 0
      sizes.delete(name)
    },
    share: () => (allBytes === 0 ? 1 : doneBytes / allBytes),
  }
}

/** The same tensors in the same shapes, all of them inside of the file, and the name that was asked for. */
async function checkResult(file: string, source: GgufHead, wanted: Quantization): Promise<void> {
  const made = await readGgufHead(file)
  const shapes = new Map(source.tensors.map(({ name, shape }) => [name, shape.join()]))
  const fits = made.tensors.length === source.tensors.length && made.tensors.every(({ name, shape }) => shapes.get(name) === shape.join())
  const fileType = getNumber(made, 'general.file_type')
  if (!fits || fileType !== findFileType(wanted))
    throw new AppError('engine_error', 'the engine has written another model than it was asked for', {
      details: { wanted, fileType, tensors: made.tensors.length },
    })
}
