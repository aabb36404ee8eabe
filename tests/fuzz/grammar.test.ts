import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isAppError } from '../../src/base/errors.ts'
import { Gbnf } from '../../src/chat/grammar/testing/gbnf.ts'
import { toGrammar } from '../../src/chat/grammar/to-grammar.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

const NAMES = ['a', 'ab', 'b"', '', 'é\n', 'value', 'constructor']
const bound = fc.oneof(
  fc.integer({ min: -1200, max: 1200 }),
  fc.double({ min: -20, max: 20, noNaN: true }).map((value) => Number(value.toFixed(3))),
)
const count = fc.integer({ min: 0, max: 5 })
const optional = <T>(keywords: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(keywords, { requiredKeys: [] })
const typed = <T extends object>(type: string, keywords: fc.Arbitrary<T>) => keywords.map((others) => ({ type, ...others }))

const { schema: schemas } = fc.letrec<{ schema: unknown; leaf: unknown; group: unknown }>((tie) => ({
  schema: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('group')),
  leaf: fc.oneof(
    fc.constantFrom<unknown>(
      {},
      true,
      { type: 'null' },
      { type: 'boolean' },
      { $ref: '#' },
      { const: 'x' },
      { enum: [1, 'a', null] },
      { type: ['string', 'null'] },
    ),
    typed('integer', optional({ minimum: bound, maximum: bound, exclusiveMinimum: bound })),
    typed('number', optional({ minimum: bound, maximum: bound, exclusiveMinimum: bound, exclusiveMaximum: bound })),
    typed('string', optional({ minLength: count, maxLength: count })),
    typed(
      'string',
      fc.record(
        { pattern: fc.constantFrom('^a*b{2,}$', 'x|^yy', '^[^a-c"]?\\d$', '^(ab|\\\\)+.$'), maxLength: fc.constantFrom(3, 9, 90) },
        { requiredKeys: ['pattern'] },
      ),
    ),
    typed('string', fc.record({ format: fc.constantFrom('date-time', 'duration', 'ipv6', 'email', 'uri', 'uuid') })),
  ),
  group: fc.oneof(
    typed(
      'object',
      optional({
        properties: fc.dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 4 }),
        required: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 }),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
        minProperties: count,
      }),
    ),
    typed(
      'array',
      optional({
        items: tie('schema'),
        minItems: count,
        maxItems: count,
        prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
      }),
    ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
  ),
}))

it('every schema is refused with its place, or its grammar writes only what it allows', () => {
  let written = 0
  fc.assert(
    fc.property(schemas, fc.infiniteStream(fc.double({ min: 0, max: 0.999999, noNaN: true })), (schema, stream) => {
      let grammar: string
      try {
        grammar = toGrammar({ type: 'schema', schema })
      } catch (error) {
        expect(isAppError(error, 'invalid_format') || error).toBe(true)
        return
      }
      const ajv = new Ajv2020({ strict: false, ownProperties: true })
      addFormats.default(ajv)
      const isValid = ajv.compile(schema as object)
      const numbers = stream[Symbol.iterator]()
      const sample = new Gbnf(grammar).sample(() => numbers.next().value ?? 0, 150)
      written++
      expect(judge(isValid, JSON.parse(sample)) || [sample, isValid.errors]).toBe(true)
    }),
    fuzzRuns(400),
  )
  expect(written).toBeGreaterThan(100)
})

/** A schema that refers to itself without end is one that the judge cannot judge. */
function judge(isValid: (value: unknown) => unknown, value: unknown): unknown {
  try {
    return isValid(value)
  } catch (error) {
    if (error instanceof RangeError) return true
    throw error
  }
}
