import { AppError } from '../base/errors.ts'

/** `sha256:` and 64 lower-case hexadecimal digits. Only parseDigest makes one, so a Digest is always safe in a path. */
export type Digest = string & { readonly __brand: 'Digest' }

const DIGEST = /^sha256[:-]([0-9a-fA-F]{64})$/

/** Whether parseDigest takes it. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text)
}

/** Accepts `sha256:` and `sha256-`, either case of hex. Throws `invalid_digest`. */
export function parseDigest(text: string): Digest {
  const hex = DIGEST.exec(text)?.[1]
  if (hex === undefined) throw new AppError('invalid_digest', 'invalid digest format', { details: { digest: text } })
  return toDigest(hex.toLowerCase())
}

/** From 64 hexadecimal digits that a hash function gave. */
export function toDigest(hex: string): Digest {
  return `sha256:${hex}` as Digest
}

/** The 64 digits without `sha256:`. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length)
}
