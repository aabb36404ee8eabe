import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatRequest } from '../../src/api/chat.ts'
import { createRequest } from '../../src/api/create.ts'
import { decodeBody, parseBody } from '../../src/api/decode.ts'
import { embeddingsRequest, embedRequest } from '../../src/api/embed.ts'
import type { Fields, Struct } from '../../src/api/fields.ts'
import { generateRequest } from '../../src/api/generate.ts'
import { copyRequest, deleteRequest, showRequest } from '../../src/api/models.ts'
import { pullRequest, pushRequest } from '../../src/api/transfer.ts'
import { isAppError } from '../../src/base/errors.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

const STRUCTS = [
  chatRequest,
  createRequest,
  embedRequest,
  embeddingsRequest,
  generateRequest,
  copyRequest,
  deleteRequest,
  showRequest,
  pullRequest,
  pushRequest,
] as const satisfies readonly Struct<Fields>[]

const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u',
  '\\ud83d',
  'null',
  'true',
  'fals',
  '-',
  '0',
  '1.5',
  '1e400',
  '1e',
  ' ',
  '\n',
  '\0',
  '\ufeff',
  '/*',
  '"model":',
  '"messages":',
  '"tools":',
  '"options":',
  '"stream":',
  '"keep_alive":',
  '"images":',
  '"format":',
  '"think":',
  '"input":',
  '"files":',
  '"MODEL":"m"',
  '"5m"',
  'é',
]
const KEYS = [
  'model',
  'MODEL',
  'name',
  'messages',
  'role',
  'content',
  'tool_calls',
  'function',
  'arguments',
  'tools',
  'parameters',
  'properties',
  'options',
  'stop',
  'num_ctx',
  'stream',
  'keep_alive',
  'images',
  'format',
  'think',
  'input',
  'context',
  'files',
  'adapters',
  'license',
  'info',
  'top_logprobs',
  'dimensions',
  '__proto__',
  'constructor',
  'toString',
]

const leaves = fc.oneof(fc.jsonValue({ maxDepth: 0 }), fc.constantFrom('aGk=', 'high', '5m', 'json', -1, 1.5, 2 ** 53))
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaves,
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie('value')), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}))

function decodes(bytes: Uint8Array): void {
  for (const struct of STRUCTS) {
    try {
      expect(typeof decodeBody(bytes, struct as Struct<Fields>)).toBe('object')
    } catch (error) {
      if (!isAppError(error, 'invalid_request') && !isAppError(error, 'invalid_option')) throw error
    }
  }
}

describe('whatever a body holds, it is decoded or refused', () => {
  it('as bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodes(bytes)),
      fuzzRuns(300),
    )
  })

  it('as something like JSON', () => {
    const texts = fc.array(fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...PIECES) }, fc.string()), { maxLength: 40 })
    fc.assert(
      fc.property(texts, (parts) => decodes(new TextEncoder().encode(parts.join('')))),
      fuzzRuns(300),
    )
  })

  it('as JSON of any shape under the keys that are known', () => {
    fc.assert(
      fc.property(values, (value) => decodes(new TextEncoder().encode(JSON.stringify(value)))),
      fuzzRuns(300),
    )
  })

  it('and nests without end', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), fc.constantFrom('[', '{"model":', '{"messages":[', '{"options":{"x":['), (depth, open) => {
        decodes(new TextEncoder().encode(open.repeat(depth)))
      }),
      { numRuns: 10 },
    )
  })
})

describe('a body of one JSON value', () => {
  it('is that value, whatever follows it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n{"a":1}', ' garbage', '}'), (value, rest) => {
        // A number ends where something else begins.
        fc.pre(typeof value !== 'number' || !/^[ \n]?[^ \n{]/.test(rest))
        expect(parseBody(new TextEncoder().encode(JSON.stringify(value) + rest)).value).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      fuzzRuns(300),
    )
  })
})
