import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { Modelfile } from '../../src/modelfile/modelfile.ts'
import { parseModelfile } from '../../src/modelfile/parse.ts'
import { formatModelfile } from '../../src/modelfile/print.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

const PIECES = [
  'FROM ',
  'from x\n',
  'SYSTEM ',
  'TEMPLATE ',
  'LICENSE ',
  'ADAPTER ',
  'DRAFT ',
  'RENDERER ',
  'PARSER ',
  'REQUIRES ',
  'PARAMETER ',
  'PARAMETER stop ',
  'num_ctx ',
  'MESSAGE ',
  'MESSAGE user ',
  'assistant ',
  '"',
  '"""',
  "'",
  '\n',
  '\r\n',
  '\r',
  ' ',
  '\t',
  '#',
  ':',
  'a',
  '12',
  '1e3',
  '{{ .Prompt }}',
  '\u200b',
  '\ufeff',
  '\0',
  'é🚀',
]

const sources = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...PIECES) }, fc.string()), { maxLength: 30 })
    .map((parts) => `FROM m\n${parts.join('')}`),
)

const parse = (source: string | Uint8Array): Modelfile | undefined => {
  try {
    return parseModelfile(source)
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_modelfile') return undefined
    throw error
  }
}

describe('whatever a Modelfile holds', () => {
  it('it is read or refused, and what was read is printed so that it reads the same', () => {
    fc.assert(
      fc.property(sources, (source) => {
        const modelfile = parse(source)
        if (modelfile) expect(parse(formatModelfile(modelfile))).toEqual(modelfile)
      }),
      fuzzRuns(500),
    )
  })

  it('bytes are read or refused, in whatever encoding', () => {
    const marks = fc.constantFrom<number[]>([], [0xff, 0xfe], [0xfe, 0xff], [0xef, 0xbb, 0xbf])
    fc.assert(
      fc.property(marks, fc.uint8Array({ maxLength: 64 }), (mark, bytes) => {
        parse(new Uint8Array([...mark, ...bytes]))
        parse(new Uint8Array([...mark, ...new TextEncoder().encode('FROM m\nSYSTEM '), ...bytes]))
      }),
      fuzzRuns(300),
    )
  })
})
