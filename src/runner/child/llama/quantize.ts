// Converts one model file into another with the engine's own mixes of types. One call that returns when the file is written; the engine's log on
// standard error tells each tensor. The process is there for this alone, so nothing that it allocates is freed.

import os from 'node:os'
import { AppError } from '../../../base/errors.ts'
import type { QuantizeSpec } from '../../protocol.ts'
import { defaultThreads } from '../cores.ts'
import { bindApi } from './api.ts'
import { loadLibrary } from './library.ts'
import { allocateBytes } from './native-memory.ts'
import { TENSOR_OVERRIDE } from './structs.ts'

/** Rows that are in memory at once; the engine would take 8 GiB. */
const MAX_BUFFER_BYTES = 256 * 1024 * 1024

/** Throws `load_failed` without an engine and `engine_error` when it cannot; half a file may be left. */
export async function quantizeFile({ sourcePath, targetPath, fileType, tensorTypes }: QuantizeSpec): Promise<void> {
  // Who chats meanwhile comes first.
  os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL)
  const api = bindApi(await loadLibrary({ gpu: false }))
  api.backendInit()
  const status = api.modelQuantize(sourcePath, targetPath, {
    ...api.quantizeDefaultParams(),
    nthread: defaultThreads(),
    ftype: fileType,
    // A file of 16-bit weights may have a few tensors of a quantized type.
    allow_requantize: true,
    tt_overrides: tensorTypes.length > 0 ? writeOverrides(tensorTypes) : null,
    max_buf_size: MAX_BUFFER_BYTES,
  })
  if (status !== 0) throw new AppError('engine_error', 'the engine cannot quantize this model')
}

/** The address of the list. */
function writeOverrides(tensorTypes: QuantizeSpec['tensorTypes']): bigint {
  const list = allocateBytes((tensorTypes.length + 1) * TENSOR_OVERRIDE.sizeBytes)
  const view = new DataView(list.view)
  new Uint8Array(list.view).fill(0)
  for (const [index, { pattern, type }] of tensorTypes.entries()) {
    const at = index * TENSOR_OVERRIDE.sizeBytes
    view.setBigUint64(at + TENSOR_OVERRIDE.pattern, writeText(pattern), true)
    view.setInt32(at + TENSOR_OVERRIDE.type, type, true)
  }
  return list.address
}

function writeText(text: string): bigint {
  const bytes = new TextEncoder().encode(`${text}\0`)
  const memory = allocateBytes(bytes.byteLength)
  new Uint8Array(memory.view).set(bytes)
  return memory.address
}
