// `system_fingerprint` tells a client that sends a seed whether the same seed may give another text than before: it changes with the model and
// with the program that runs it.
// wire: Ollama says fp_ollama, and clients tell it by that; without a seed there is nothing that a fingerprint could explain, so it stays.

import { createHash } from 'node:crypto'

export const OLLAMA_FINGERPRINT = 'fp_ollama'
const DIGITS = 12

export function toFingerprint(modelDigestHex: string, programVersion: string): string {
  return `fp_${createHash('sha256').update(`${modelDigestHex} ${programVersion}`).digest('hex').slice(0, DIGITS)}`
}
