// Which quantizations a create request may ask for. The conversion itself is not offered yet: a request that would need it is refused
// with that word, one that needs nothing done passes.

import { AppError } from '../../base/errors.ts'
import { getNumber } from '../../gguf/metadata.ts'
import { quantizationName } from '../../gguf/quantization.ts'
import type { Base } from './base.ts'

const KNOWN = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_K_S', 'Q4_K_M']
const UNQUANTIZED = ['F16', 'BF16', 'F32']

export function checkQuantization(requested: string | undefined, base: Base): void {
  if (!requested) return
  const wanted = requested.toUpperCase() === 'Q4_K' ? 'Q4_K_M' : requested.toUpperCase()
  if (!KNOWN.includes(wanted)) {
    throw new AppError('invalid_request', `unsupported quantization type ${wanted} - supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0`, {
      details: { param: 'quantize' },
    })
  }
  const current = base.head ? quantizationName(getNumber(base.head, 'general.file_type')) : ''
  if (!UNQUANTIZED.includes(current))
    throw new AppError('invalid_request', 'quantization is only supported for F16, BF16 and F32 models', { details: { param: 'quantize' } })
  if (current !== wanted)
    throw new AppError(
      'not_supported',
      `quantizing ${current} to ${wanted} is not offered yet: use llama-quantize of llama.cpp and create from its file`,
    )
}
