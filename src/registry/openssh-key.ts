// The OpenSSH file format of an unencrypted ed25519 key, as ssh-keygen and Ollama write it (PROTOCOL.key of OpenSSH).

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { AppError } from '../base/errors.ts'

const MAGIC = 'openssh-key-v1\0'
const KEY_TYPE = 'ssh-ed25519'
const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----'
const END = '-----END OPENSSH PRIVATE KEY-----'
const MAX_KEY_FILE_LENGTH = 16 * 1024
const BLOCK_BYTES = 8

/** Throws `invalid_request` for anything but an ed25519 key without a passphrase. */
export function parseOpensshKey(pem: string): KeyObject {
  const text = pem.trim()
  if (text.length > MAX_KEY_FILE_LENGTH || !text.startsWith(BEGIN) || !text.endsWith(END))
    throw unusable('it is not an OpenSSH private key')
  const reader = new FieldReader(Buffer.from(text.slice(BEGIN.length, -END.length), 'base64'))
  if (reader.bytes(MAGIC.length).toString('latin1') !== MAGIC) throw unusable('it is not an OpenSSH private key')
  if (reader.field().toString() !== 'none') throw unusable('it has a passphrase')
  reader.field()
  reader.field()
  if (reader.number() !== 1) throw unusable('it holds more than one key')
  reader.field()
  const secret = new FieldReader(reader.field())
  const [check, checkAgain] = [secret.number(), secret.number()]
  if (check !== checkAgain) throw unusable('it is damaged')
  if (secret.field().toString() !== KEY_TYPE) throw unusable('it is no ed25519 key')
  const publicPart = secret.field()
  const privatePart = secret.field()
  if (publicPart.length !== 32 || privatePart.length !== 64) throw unusable('it is damaged')
  const [x, d] = [publicPart, privatePart.subarray(0, 32)].map((part) => part.toString('base64url'))
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: x ?? '', d: d ?? '' }, format: 'jwk' })
}

export function formatOpensshKey(key: KeyObject): string {
  const { x, d } = key.export({ format: 'jwk' })
  const publicPart = Buffer.from(x ?? '', 'base64url')
  const privatePart = Buffer.concat([Buffer.from(d ?? '', 'base64url'), publicPart])
  const check = randomBytes(4)
  const secret = Buffer.concat([check, check, field(KEY_TYPE), field(publicPart), field(privatePart), field('')])
  const padding = Buffer.from(Array.from({ length: (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES }, (_, index) => index + 1))
  const file = Buffer.concat([
    Buffer.from(MAGIC, 'latin1'),
    field('none'),
    field('none'),
    field(''),
    number(1),
    field(publicBlob(publicPart)),
    field(Buffer.concat([secret, padding])),
  ])
  const lines = file.toString('base64').match(/.{1,70}/g) ?? []
  return `${[BEGIN, ...lines, END].join('\n')}\n`
}

/** Base64 of the public half, as the second word of a `.pub` file has it. */
export function formatPublicKey(key: KeyObject): string {
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  return publicBlob(Buffer.from(x ?? '', 'base64url')).toString('base64')
}

export function formatPublicLine(key: KeyObject): string {
  return `${KEY_TYPE} ${formatPublicKey(key)}\n`
}

function publicBlob(publicPart: Buffer): Buffer {
  return Buffer.concat([field(KEY_TYPE), field(publicPart)])
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([number(bytes.length), bytes])
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

class FieldReader {
  readonly #data: Buffer
  #position = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  bytes(length: number): Buffer {
    const end = this.#position + length
    if (end > this.#data.length) throw unusable('it is cut off')
    const part = this.#data.subarray(this.#position, end)
    this.#position = end
    return part
  }

  number(): number {
    return this.bytes(4).readUInt32BE()
  }

  field(): Buffer {
    return this.bytes(this.number())
  }
}

function unusable(reason: string): AppError {
  return new AppError('invalid_request', `the registry key cannot be used: ${reason}`)
}
