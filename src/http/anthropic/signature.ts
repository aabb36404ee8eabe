// The signature of a thinking block. Anthropic's proves that the text is the model's own; nobody here must be convinced, so a signature is a hash
// that changes with the text. Where the client wants no thinking to be shown, the signature carries it, and the next turn has it back.

import { createHash } from 'node:crypto'

const CARRIER = 'llamero.thinking.'

export function toSignature(thinking: string): string {
  return createHash('sha256').update(thinking).digest('base64')
}

export function toCarrier(thinking: string): string {
  return CARRIER + Buffer.from(thinking).toString('base64url')
}

/** The thinking that a signature carries; undefined for every other signature. */
export function readSignature(signature: unknown): string | undefined {
  if (typeof signature !== 'string' || !signature.startsWith(CARRIER)) return undefined
  return Buffer.from(signature.slice(CARRIER.length), 'base64url').toString()
}
