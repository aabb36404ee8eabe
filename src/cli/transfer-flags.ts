// The flags of verbs that move models over the network.

import { formatBytes, parseBytes } from '../base/bytes.ts'
import type { FlagTable, Invocation } from './arguments.ts'
import { usageError } from './arguments.ts'

export const TRANSFER_FLAGS = {
  insecure: { type: 'boolean', help: 'Use http instead of https' },
  'limit-rate': { type: 'string', help: 'Bytes per second at most: 500k, 2M, 1.5MiB' },
} as const satisfies FlagTable

/** As fields of the request. */
export interface TransferSettings {
  insecure?: true
  limit_rate?: number
}

/** Throws `invalid_request`. */
export function readTransferFlags(invocation: Invocation): TransferSettings {
  return {
    ...(invocation.boolean('insecure') ? { insecure: true } : {}),
    ...(invocation.given('limit-rate') ? { limit_rate: parseRate(invocation.text('limit-rate')) } : {}),
  }
}

function parseRate(text: string): number {
  const bytesPerSecond = parseBytes(text.replace(/\/s$/i, ''))
  if (bytesPerSecond !== undefined && bytesPerSecond >= 1) return bytesPerSecond
  throw usageError(`invalid value for --limit-rate: ${JSON.stringify(text)} (must be bytes per second, like 500k or ${formatBytes(2e6)})`)
}
