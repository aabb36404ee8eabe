// Schemas as clients send them, and corners of them. `takes` and `refuses` are JSON texts besides what random walks find.

export interface CorpusEntry {
  name: string
  schema: unknown
  takes?: readonly string[]
  refuses?: readonly string[]
}

const object = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({ type: 'object', properties, ...more })
const string = { type: 'string' }
const integer = { type: 'integer' }

export const corpus: readonly CorpusEntry[] = [
  { name: 'an empty schema', schema: {}, takes: ['{}', '{"a":1}'], refuses: ['1', '[]'] },
  {
    name: 'any object',
    schema: { type: 'object' },
    takes: ['{}', '{"a": [1, {"b": null}]}', '{\n  "a":1}'],
    refuses: ['[]', '{"a":}', '{,}', '{"a":1,}', ' {}'],
  },
  {
    name: 'anything',
    schema: { title: 'Anything' },
    takes: ['null', '-1.5e3', '"x"', '[]'],
    refuses: ['', 'nul', '01', '.5', '1e999', '"\t"', '"\\ud800"'],
  },
  { name: 'true', schema: true, takes: ['{}'], refuses: ['x'] },
  { name: 'null', schema: { type: 'null' }, takes: ['null'], refuses: ['"null"'] },
  { name: 'boolean', schema: { type: 'boolean' }, takes: ['true', 'false'], refuses: ['True'] },
  { name: 'string', schema: string, takes: ['""', '"é😀\\n\\u00e9\\""'], refuses: ["'x'", '"', '"\\x"', '"\\/"'] },
  { name: 'integer', schema: integer, takes: ['0', '-12', '1234567890123456'], refuses: ['1.0', '+1', '12345678901234567'] },
  { name: 'number', schema: { type: 'number' }, takes: ['0', '-0.5', '1e-7', '2.5E+10'], refuses: ['.5', '1.', 'NaN'] },
  {
    name: 'lengths',
    schema: { type: 'string', minLength: 2, maxLength: 4 },
    takes: ['"ab"', '"😀\\"\\n\\u0041"'],
    refuses: ['"a"', '"abcde"', '"\\u0041"'],
  },
  {
    name: 'a long text',
    schema: { type: 'string', minLength: 150, maxLength: 300 },
    takes: [`"${'a'.repeat(150)}"`, `"${'a'.repeat(300)}"`],
    refuses: [`"${'a'.repeat(149)}"`, `"${'a'.repeat(301)}"`],
  },
  {
    name: 'a very long text',
    schema: { type: 'string', maxLength: 5000 },
    takes: ['""', `"${'a'.repeat(5000)}"`, `"${'a'.repeat(4999)}"`],
    refuses: [`"${'a'.repeat(5001)}"`],
  },
  { name: 'a huge limit', schema: { type: 'string', minLength: 1, maxLength: 1_000_000 }, takes: ['"a"'], refuses: ['""'] },
  {
    name: 'an exact length',
    schema: { type: 'string', minLength: 300, maxLength: 300 },
    takes: [`"${'a'.repeat(300)}"`],
    refuses: [`"${'a'.repeat(299)}"`],
  },
  { name: 'an empty text', schema: { type: 'string', maxLength: 0 }, takes: ['""'], refuses: ['"a"'] },
  { name: 'a natural number', schema: { type: 'integer', minimum: 0 }, takes: ['0', '10'], refuses: ['-1'] },
  { name: 'a positive number', schema: { type: 'integer', exclusiveMinimum: 0 }, takes: ['1'], refuses: ['0', '-0'] },
  {
    name: 'a range',
    schema: { type: 'integer', minimum: -12, maximum: 345 },
    takes: ['-12', '-1', '0', '345'],
    refuses: ['-13', '346', '1000'],
  },
  {
    name: 'a negative range',
    schema: { type: 'integer', minimum: -1900, maximum: -88 },
    takes: ['-1900', '-88', '-100'],
    refuses: ['-87', '-1901', '0'],
  },
  {
    name: 'a range of one length',
    schema: { type: 'integer', minimum: 1989, maximum: 2031 },
    takes: ['1989', '2000', '2031'],
    refuses: ['1988', '2032'],
  },
  { name: 'one number', schema: { type: 'integer', minimum: 7, maximum: 7 }, takes: ['7'], refuses: ['70'] },
  { name: 'fractions as limits', schema: { type: 'integer', minimum: 0.5, exclusiveMaximum: 3 }, takes: ['1', '2'], refuses: ['0', '3'] },
  {
    name: '64-bit limits',
    schema: { type: 'integer', minimum: -(2 ** 63), maximum: 2 ** 63 },
    takes: ['9999999999999999'],
    refuses: ['1.5'],
  },
  {
    name: 'a probability',
    schema: { type: 'number', minimum: 0, maximum: 1 },
    takes: ['0', '1', '0.25', '1.0', '0.0'],
    refuses: ['1.01', '-0.1', '2', '1e1'],
  },
  {
    name: 'an open interval',
    schema: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
    takes: ['0.5', '0.001', '0.999'],
    refuses: ['0', '0.0', '1', '1.0'],
  },
  {
    name: 'an interval with fractions',
    schema: { type: 'number', minimum: -1.25, maximum: 10.5 },
    takes: ['-1.25', '-1.2', '0', '9.99', '10.5', '10.50'],
    refuses: ['-1.26', '10.51', '-2', '11'],
  },
  {
    name: 'an interval within one',
    schema: { type: 'number', minimum: 2.125, exclusiveMaximum: 2.5 },
    takes: ['2.125', '2.2', '2.4999'],
    refuses: ['2', '2.1', '2.12', '2.5', '2.50'],
  },
  {
    name: 'a negative interval',
    schema: { type: 'number', exclusiveMinimum: -3, exclusiveMaximum: 0 },
    takes: ['-2.999', '-0.1', '-1'],
    refuses: ['-3', '0', '-0', '-3.0', '-0.0'],
  },
  { name: 'a half-open number', schema: { type: 'number', minimum: 18.5 }, takes: ['18.5', '19', '1234.5'], refuses: ['18.4', '18', '0'] },
  {
    name: 'a small number',
    schema: { type: 'number', minimum: 1e-7, maximum: 2.5e-7 },
    takes: ['0.0000001', '0.0000002'],
    refuses: ['0.0000003', '0'],
  },
  { name: 'a large number', schema: { type: 'number', maximum: 1e21 }, takes: ['5', '-5'], refuses: ['1e5'] },
  { name: 'a list', schema: { type: 'array', items: integer }, takes: ['[]', '[1, 2]', '[\n 1,\n 2\n]'], refuses: ['[1,]', '["a"]'] },
  { name: 'any list', schema: { type: 'array' }, takes: ['[]', '[1, "a", {}]'], refuses: ['{}'] },
  {
    name: 'a list with counts',
    schema: { type: 'array', items: string, minItems: 2, maxItems: 3 },
    takes: ['["a","b"]'],
    refuses: ['["a"]', '["a","b","c","d"]'],
  },
  { name: 'a long list', schema: { type: 'array', items: { type: 'boolean' }, minItems: 130, maxItems: 1000 }, refuses: ['[true]'] },
  {
    name: 'at most one',
    schema: { type: 'array', items: integer, maxItems: 1, uniqueItems: true },
    takes: ['[]', '[1]'],
    refuses: ['[1,1]'],
  },
  { name: 'an empty list', schema: { type: 'array', maxItems: 0 }, takes: ['[]'], refuses: ['[1]'] },
  { name: 'at least one of anything', schema: { type: 'array', minItems: 1 }, takes: ['[null]'], refuses: ['[]'] },
  {
    name: 'a tuple',
    schema: { type: 'array', prefixItems: [string, integer], items: false, minItems: 2 },
    takes: ['["a", 1]'],
    refuses: ['["a"]', '["a", 1, 2]'],
  },
  {
    name: 'a list without items that are not told',
    schema: { type: 'array', unevaluatedItems: false },
    takes: ['[]'],
    refuses: ['[1]', '["a"]'],
  },
  {
    name: 'a tuple and more',
    schema: { type: 'array', prefixItems: [string], items: integer, maxItems: 3 },
    takes: ['["a"]', '["a",1,2]'],
    refuses: ['[1]', '["a",1,2,3]'],
  },
  { name: 'a tuple by items', schema: { items: [string, integer], additionalItems: false }, takes: ['["a", 1]'], refuses: ['[1, "a"]'] },
  {
    name: 'words',
    schema: { enum: ['red', 'a "b"', 'é', 1, null, true] },
    takes: ['"red"', '"a \\"b\\""', '1', 'null'],
    refuses: ['red', '"re"', '2'],
  },
  { name: 'words of a type', schema: { type: 'string', enum: ['a', 1, 'bb'], maxLength: 1 }, takes: ['"a"'], refuses: ['1', '"bb"'] },
  { name: 'constants', schema: { enum: [{ a: [1, 'x'] }, []] }, takes: ['{"a":[1,"x"]}', '[]'], refuses: ['{}'] },
  { name: 'a constant', schema: { const: 'fixed' }, takes: ['"fixed"'], refuses: ['"fix"'] },
  {
    name: 'a person',
    schema: object(
      { name: { type: 'string', maxLength: 12 }, age: { type: 'integer', minimum: 0, maximum: 99 } },
      { required: ['name', 'age'], additionalProperties: false },
    ),
    takes: ['{\n  "name": "John",\n  "age": 45\n}', '{"name":"J","age":0}'],
    refuses: ['{"age":45,"name":"J"}', '{"name":"J"}', '{"name":"J","age":100}'],
  },
  {
    name: 'optional members',
    schema: object({ a: integer, b: integer, c: integer }),
    takes: ['{}', '{"b":1}', '{"a":1,"c":2}', '{"a":1,"b":2,"c":3}'],
    refuses: ['{"c":1,"a":2}', '{"a":1,}', '{"d":1}', '{,"a":1}'],
  },
  {
    name: 'a required member in the middle',
    schema: object({ a: integer, b: integer, c: integer }, { required: ['b'] }),
    takes: ['{"b":1}', '{"a":1,"b":1}', '{"b":1,"c":1}'],
    refuses: ['{"a":1}', '{"a":1,"c":1}', '{"b":1,"a":1}'],
  },
  { name: 'no members', schema: object({}, { additionalProperties: false }), takes: ['{}', '{ }'], refuses: ['{"a":1}'] },
  {
    name: 'further members',
    schema: object({ and: integer, also: integer }, { required: ['and'], additionalProperties: string }),
    takes: ['{"and":1,"an":"x"}', '{"and":1,"also":2,"android":"x","":"y"}', '{"and":1,"\\n":"x"}'],
    refuses: ['{"and":1,"and":"x"}', '{"and":1,"also":"x"}', '{"and":1,"\\u0061nd":"x"}', '{"and":1,"x":2}'],
  },
  {
    name: 'further members of any kind',
    schema: object({ 'a"\n😀': integer, '': integer }, { additionalProperties: true }),
    takes: ['{"a":[]}', '{"a\\"\\n😀":1,"a\\"\\n":null}'],
    refuses: ['{"":"x"}', '{"a\\"\\n😀":"x"}'],
  },
  {
    name: 'a map',
    schema: { type: 'object', additionalProperties: { type: 'number' } },
    takes: ['{}', '{"x":1.5,"y":2}'],
    refuses: ['{"x":"1"}'],
  },
  {
    name: 'a map with counts',
    schema: { type: 'object', additionalProperties: integer, minProperties: 1, maxProperties: 2 },
    takes: ['{"a":1}'],
    refuses: ['{}', '{"a":1,"b":2,"c":3}'],
  },
  {
    name: 'a map with keys of a pattern',
    schema: { type: 'object', propertyNames: { pattern: '^[a-z]{2}$' }, additionalProperties: integer },
    takes: ['{"ab":1}'],
    refuses: ['{"abc":1}', '{"A":1}'],
  },
  {
    name: 'a map with listed keys',
    schema: { type: 'object', propertyNames: { enum: ['x', 'y'] }, additionalProperties: integer },
    takes: ['{"x":1}'],
    refuses: ['{"z":1}'],
  },
  {
    name: 'one member at least',
    schema: object({ a: integer, b: integer }, { minProperties: 1 }),
    takes: ['{"a":1}', '{"b":1}'],
    refuses: ['{}'],
  },
  {
    name: 'required without a schema',
    schema: object({ a: integer }, { required: ['a', 'b'] }),
    takes: ['{"a":1,"b":[]}'],
    refuses: ['{"a":1}'],
  },
  { name: 'required only', schema: { required: ['a'] }, takes: ['{"a":1}', '{"a":1,"b":2}'], refuses: ['{}'] },
  {
    name: 'nested objects',
    schema: object(
      {
        a: object(
          { b: object({ c: { type: 'array', items: object({ d: string }, { required: ['d'] }) } }, { required: ['c'] }) },
          { required: ['b'] },
        ),
      },
      { required: ['a'] },
    ),
    takes: ['{"a":{"b":{"c":[{"d":"x"}]}}}'],
    refuses: ['{"a":{}}'],
  },
  { name: 'types in a list', schema: { type: ['string', 'null'], maxLength: 2 }, takes: ['null', '"ab"'], refuses: ['1', '"abc"'] },
  {
    name: 'OpenAPI nullable',
    schema: object({ a: { type: 'integer', nullable: true, minimum: 3 } }, { required: ['a'] }),
    takes: ['{"a":null}', '{"a":3}'],
    refuses: ['{"a":2}'],
  },
  { name: 'anyOf', schema: { anyOf: [string, { type: 'integer', maximum: 5, minimum: 0 }] }, takes: ['"x"', '5'], refuses: ['6', 'null'] },
  {
    name: 'anyOf beside keywords',
    schema: object({ a: integer, b: integer }, { anyOf: [{ required: ['a'] }, { required: ['b'] }] }),
    takes: ['{"a":1}', '{"b":1}', '{"a":1,"b":2}'],
    refuses: ['{}'],
  },
  { name: 'oneOf of types', schema: { oneOf: [string, integer, { type: 'null' }] }, takes: ['"x"', '1', 'null'], refuses: ['true'] },
  {
    name: 'oneOf by a tag',
    schema: {
      oneOf: [
        object({ kind: { const: 'cat' }, lives: integer }, { required: ['kind', 'lives'] }),
        object({ kind: { enum: ['dog', 'wolf'] } }, { required: ['kind'] }),
      ],
    },
    takes: ['{"kind":"cat","lives":9}', '{"kind":"dog"}'],
    refuses: ['{"kind":"cat"}', '{"kind":"dog","lives":1}'],
  },
  {
    name: 'oneOf by members',
    schema: { oneOf: [object({ a: integer }, { required: ['a'] }), object({ b: integer }, { required: ['b'] })] },
    takes: ['{"a":1}', '{"b":1}'],
    refuses: ['{"a":1,"b":1}', '{}'],
  },
  {
    name: 'allOf',
    schema: {
      allOf: [object({ a: integer }, { required: ['a'] }), object({ b: string, a: { type: 'integer', minimum: 5 } }, { required: ['b'] })],
    },
    takes: ['{"a":5,"b":"x"}'],
    refuses: ['{"a":4,"b":"x"}', '{"a":5}'],
  },
  {
    name: 'allOf with bounds',
    schema: { allOf: [{ type: 'integer', minimum: 0 }, { maximum: 9 }, { type: 'number', exclusiveMaximum: 8 }] },
    takes: ['0', '7'],
    refuses: ['8', '-1'],
  },
  {
    name: 'allOf of anyOf',
    schema: { allOf: [{ anyOf: [string, integer] }, { anyOf: [integer, { type: 'null' }] }] },
    takes: ['1'],
    refuses: ['null', '"x"'],
  },
  {
    name: 'allOf with words',
    schema: { allOf: [{ enum: ['a', 'b', 'c'] }, { enum: ['b', 'c', 'd'] }, { not_a_keyword: 1, type: 'string' }] },
    takes: ['"b"'],
    refuses: ['"a"', '"d"'],
  },
  {
    name: 'allOf of lists',
    schema: {
      allOf: [
        { type: 'array', items: { minimum: 1 } },
        { items: { type: 'integer', maximum: 3 }, maxItems: 2 },
      ],
    },
    takes: ['[]', '[1,3]'],
    refuses: ['[0]', '[4]', '[1,1,1]'],
  },
  {
    name: 'a reference',
    schema: object(
      { a: { $ref: '#/$defs/Name' }, b: { $ref: '#/$defs/Name', description: 'x' } },
      { required: ['a', 'b'], $defs: { Name: { type: 'string', minLength: 1 } } },
    ),
    takes: ['{"a":"x","b":"y"}'],
    refuses: ['{"a":"","b":"y"}'],
  },
  {
    name: 'a reference in one allOf',
    schema: object(
      { a: { allOf: [{ $ref: '#/definitions/N' }], default: 1, title: 'A' } },
      { required: ['a'], definitions: { N: { type: 'integer', maximum: 3, minimum: 0 } } },
    ),
    takes: ['{"a":3}'],
    refuses: ['{"a":4}'],
  },
  {
    name: 'a reference with keywords beside it',
    schema: { $ref: '#/$defs/a~1b%25', maximum: 3, $defs: { 'a/b%': { type: 'integer', minimum: 1 } } },
    takes: ['1', '3'],
    refuses: ['0', '4'],
  },
  {
    name: 'a tree',
    schema: {
      $ref: '#/$defs/Node',
      $defs: {
        Node: object({ value: integer, children: { type: 'array', items: { $ref: '#/$defs/Node' } } }, { required: ['value', 'children'] }),
      },
    },
    takes: ['{"value":1,"children":[{"value":2,"children":[]}]}'],
    refuses: ['{"value":1}', '{"value":1,"children":[1]}'],
  },
  {
    name: 'a chain',
    schema: object({ next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, { required: ['next'] }),
    takes: ['{"next":{"next":null}}'],
    refuses: ['{"next":1}', '{}'],
  },
  {
    name: 'two that refer to each other',
    schema: { $ref: '#/$defs/A', $defs: { A: object({ b: { $ref: '#/$defs/B' } }), B: object({ a: { $ref: '#/$defs/A' } }) } },
    takes: ['{}', '{"b":{"a":{}}}'],
    refuses: ['{"a":{}}'],
  },
  {
    name: 'an extended base',
    schema: {
      allOf: [{ $ref: '#/$defs/Base' }, object({ extra: string }, { required: ['extra'] })],
      unevaluatedProperties: false,
      $defs: { Base: object({ id: integer }, { required: ['id'] }) },
    },
    takes: ['{"id":1,"extra":"x"}'],
    refuses: ['{"id":1}', '{"id":1,"extra":"x","y":1}'],
  },
  {
    name: 'a pattern',
    schema: { type: 'string', pattern: '^[A-Z]{2}-\\d{3,4}$' },
    takes: ['"AB-123"', '"AB-1234"'],
    refuses: ['"ab-123"', '"AB-12"', '"AB-12345"'],
  },
  {
    name: 'a free pattern',
    schema: { pattern: 'cat|dogs?$' },
    takes: ['"cat"', '"a cat!"', '"hot dog"', '"dogs"'],
    refuses: ['"cow"', '"dog!"'],
  },
  {
    name: 'a pattern with groups',
    schema: { type: 'string', pattern: '^(?:(?<area>\\(\\d+\\)) ?)?[^a-z\\s]+(\\.|-){2}.$' },
    takes: ['"(12) X.-é"', '"\\"..\\""'],
    refuses: ['"x..y"', '"(1 X..y"'],
  },
  {
    name: 'a pattern with what JSON escapes',
    schema: { type: 'string', pattern: '^["\\\\\\n\\x01\\u{1F600}-]{3}\\/$' },
    takes: ['"\\"\\\\\\n/"', '"😀--/"'],
    refuses: ['"abc/"'],
  },
  {
    name: 'a pattern with lengths',
    schema: { type: 'string', pattern: '^\\w+$', minLength: 3, maxLength: 5 },
    takes: ['"abc"', '"a_9Zz"'],
    refuses: ['"ab"', '"abcdef"', '"a-b"'],
  },
  {
    name: 'a pattern that implies its lengths',
    schema: { type: 'string', pattern: '^(ab){1,2}$', minLength: 2, maxLength: 4 },
    takes: ['"ab"', '"abab"'],
    refuses: ['"a"'],
  },
  {
    name: 'a pattern with a large count',
    schema: { type: 'string', pattern: '^([a-z]{0,100}-){1,30}$' },
    takes: ['"-"', '"a-b-"'],
    refuses: ['"a"', '""'],
  },
  ...['date', 'time', 'date-time', 'duration', 'uuid', 'email', 'ipv4', 'ipv6', 'hostname', 'uri'].map((format) => ({
    name: format,
    schema: { type: 'string', format },
  })),
  {
    name: 'formats in an object',
    schema: object(
      {
        at: { type: 'string', format: 'date-time' },
        url: { type: 'string', format: 'uri', minLength: 1, maxLength: 2083 },
        size: { type: 'integer', format: 'int32' },
        secret: { type: 'string', format: 'password' },
      },
      { required: ['at'] },
    ),
    takes: ['{"at":"2024-02-29T12:00:00Z","size":1}', '{"at":"2023-12-31T23:59:59.123+01:00"}'],
    refuses: ['{"at":"2023-02-29T12:00:00Z"}', '{"at":"2023-02-28"}'],
  },
  {
    name: 'names of all kinds',
    schema: object(
      {
        'with "quotes"': integer,
        'new\nline': integer,
        'back\\slash': integer,
        'ünï 😀': integer,
        '': integer,
        root: integer,
        'root-kv': integer,
        value: integer,
      },
      { required: ['with "quotes"', 'new\nline', 'back\\slash', 'ünï 😀', '', 'root', 'root-kv', 'value'] },
    ),
  },
  {
    name: 'many optional members',
    schema: object(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, { type: 'boolean' }]))),
    takes: ['{}', '{"p0":true,"p59":false}', '{"p30":true}'],
    refuses: ['{"p59":true,"p0":true}'],
  },
]
