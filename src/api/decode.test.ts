import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { chatRequest } from './chat.ts'
import { createRequest } from './create.ts'
import { decodeBody, parseBody } from './decode.ts'
import { embedRequest } from './embed.ts'
import { generateRequest } from './generate.ts'
import { MAX_DEPTH } from './json-scan.ts'
import { showRequest } from './models.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const generate = (text: string) => decodeBody(bytes(text), generateRequest)
const chat = (value: unknown) => decodeBody(bytes(JSON.stringify(value)), chatRequest)

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_request') return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a body', () => {
  it('is one JSON value; what comes after it is ignored', () => {
    expect(generate('{"model":"a"} garbage')).toEqual({ model: 'a' })
    expect(generate('{"model":"a"}{"model":"b"}')).toEqual({ model: 'a' })
    expect(generate(' \n{"model":"a"}]')).toEqual({ model: 'a' })
  })

  it('has keys in any case, and the last of two wins', () => {
    expect(generate('{"MODEL":"a","Prompt":"p"}')).toEqual({ model: 'a', prompt: 'p' })
    expect(generate('{"model":"a","model":"b"}')).toEqual({ model: 'b' })
    expect(generate('{"model":"a","MODEL":"b"}')).toEqual({ model: 'b' })
  })

  it('may be null, hold nulls and unknown keys', () => {
    expect(generate('null')).toEqual({})
    expect(generate('{"model":null,"stream":null,"context":null,"nobody":{"knows":1}}')).toEqual({})
    expect(generate('{"context":[1,null]}')).toEqual({ context: [1, 0] })
  })

  it('cannot reach a prototype', () => {
    const decoded = decodeBody(bytes('{"__proto__":{"model":"x"},"constructor":1}'), showRequest)
    expect(decoded.model).toBeUndefined()
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
  })

  it('makes U+FFFD of half a surrogate pair and of bytes that are no UTF-8', () => {
    expect(generate('{"prompt":"a\\ud83db"}')).toEqual({ prompt: 'a\ufffdb' })
    expect(generate('{"prompt":"\\ud83d\\ude80"}')).toEqual({ prompt: '🚀' })
    expect(decodeBody(Buffer.from('7b2270726f6d7074223a2261ff62227d', 'hex'), generateRequest)).toEqual({ prompt: 'a\ufffdb' })
  })

  it('is read from a view into a larger buffer', () => {
    const whole = Buffer.from('xx{"model":"a"}yy')
    expect(decodeBody(whole.subarray(2, -2), generateRequest)).toEqual({ model: 'a' })
  })
})

describe('a malformed body', () => {
  it.each([
    ['', 'missing request body'],
    [' \r\n\t', 'missing request body'],
    ['{', 'unexpected EOF'],
    ['{"model":"abc', 'unexpected EOF'],
    ['{"model":', 'unexpected EOF'],
    ['tru', 'unexpected EOF'],
    ['{"model":}', "invalid character '}' looking for beginning of value"],
    ['{"model":"x",}', "invalid character '}' looking for beginning of object key string"],
    ['{model:1}', "invalid character 'm' looking for beginning of object key string"],
    ['{"model" "x"}', `invalid character '"' after object key`],
    ['{"model":"x"/*c*/}', "invalid character '/' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{"model":"\\q"}', "invalid character 'q' in string escape code"],
    ['{"model":"\\u12x4"}', "invalid character 'x' in \\u hexadecimal character escape"],
    ['{"model":"a\nb"}', "invalid character '\\n' in string literal"],
    ['{"seed":NaN}', "invalid character 'N' looking for beginning of value"],
    ['{"seed":-x}', "invalid character 'x' in numeric literal"],
    ['{"seed":01}', "invalid character '1' after object key:value pair"],
    ['{"seed":1.}', "invalid character '}' after decimal point in numeric literal"],
    ['{"seed":1e}', "invalid character '}' in exponent of numeric literal"],
    ['{"raw":trux}', "invalid character 'x' in literal true (expecting 'e')"],
    ["'", "invalid character '\\'' looking for beginning of value"],
    ['<html>', "invalid character '<' looking for beginning of value"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['\0\0', "invalid character '\\x00' looking for beginning of value"],
  ])('%j is refused as Go refuses it', (text, message) => {
    expect(messageOf(() => generate(text))).toBe(message)
  })

  it('may be as deep as Go allows, and no deeper, whether it is closed or not', () => {
    const nested = (depth: number, close = true) => `{"zzz":${'['.repeat(depth)}${close ? ']'.repeat(depth) : ''}}`
    expect(generate(nested(MAX_DEPTH - 1))).toEqual({})
    expect(messageOf(() => generate(nested(MAX_DEPTH)))).toBe("invalid character '[' exceeded max depth")
    expect(messageOf(() => generate(nested(100_000, false)))).toBe("invalid character '[' exceeded max depth")
    expect(messageOf(() => generate(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`))).toBe("invalid character '{' exceeded max depth")
  })

  it('costs time in line with its length', () => {
    const long = `{"prompt":"${'x'.repeat(4_000_000)}"`
    expect(messageOf(() => generate(long))).toBe('unexpected EOF')
    expect(parseBody(bytes(`${long}} x`)).value).toHaveProperty('prompt.length', 4_000_000)
  })
})

describe('a field of the wrong type', () => {
  it.each([
    ['[]', 'json: cannot unmarshal array into Go value of type api.GenerateRequest'],
    ['"x"', 'json: cannot unmarshal string into Go value of type api.GenerateRequest'],
    ['{"stream":"yes"}', 'json: cannot unmarshal string into Go struct field GenerateRequest.stream of type bool'],
    ['{"STREAM":1}', 'json: cannot unmarshal number into Go struct field GenerateRequest.stream of type bool'],
    ['{"model":["x"]}', 'json: cannot unmarshal array into Go struct field GenerateRequest.model of type string'],
    ['{"options":[]}', 'json: cannot unmarshal array into Go struct field GenerateRequest.options of type map[string]interface {}'],
    ['{"context":"x"}', 'json: cannot unmarshal string into Go struct field GenerateRequest.context of type []int'],
    ['{"context":["x"]}', 'json: cannot unmarshal string into Go struct field GenerateRequest.context of type int'],
    ['{"top_logprobs":1.5}', 'json: cannot unmarshal number 1.5 into Go struct field GenerateRequest.top_logprobs of type int'],
    ['{"images":"x"}', 'json: cannot unmarshal string into Go struct field GenerateRequest.images of type []api.ImageData'],
    ['{"images":[1]}', 'json: cannot unmarshal number into Go struct field GenerateRequest.images of type api.ImageData'],
    ['{"images":["*"]}', 'illegal base64 data at input byte 0'],
    ['{"think":3}', 'think must be a boolean or string ("high", "medium", "low", "max", true, or false)'],
    ['{"think":"x"}', 'invalid think value: "x" (must be "high", "medium", "low", "max", true, or false)'],
    ['{"keep_alive":true}', "Unsupported type: 'bool'"],
    ['{"keep_alive":[1]}', "Unsupported type: '[]interface {}'"],
    ['{"keep_alive":{}}', "Unsupported type: 'map[string]interface {}'"],
    ['{"keep_alive":"5"}', 'time: missing unit in duration "5"'],
  ])('%s is named in the words of Go', (text, message) => {
    expect(messageOf(() => generate(text))).toBe(message)
  })

  it('is named with its path in messages and tools', () => {
    const message = (fields: unknown) => messageOf(() => chat({ messages: [fields] }))
    const tool = (fields: unknown) => messageOf(() => chat({ tools: [fields] }))
    const cannot = (what: string, where: string) => `json: cannot unmarshal ${what} into Go struct field ${where}`
    expect(messageOf(() => chat({ messages: 'x' }))).toBe(cannot('string', 'ChatRequest.messages of type []api.Message'))
    expect(message(1)).toBe(cannot('number', 'ChatRequest.messages of type api.Alias'))
    expect(message({ content: 5 })).toBe(cannot('number', 'ChatRequest.messages.content of type string'))
    expect(message({ tool_calls: [{ function: 'f' }] })).toBe(
      cannot('string', 'ChatRequest.messages.tool_calls.function of type api.ToolCallFunction'),
    )
    const notAnObject = "Value looks like object, but can't find closing '}' symbol"
    expect(message({ tool_calls: [{ function: { arguments: 'x' } }] })).toBe(notAnObject)
    expect(messageOf(() => chat({ tools: {} }))).toBe(cannot('object', 'ChatRequest.tools of type api.Tools'))
    expect(tool('x')).toBe(cannot('string', 'ChatRequest.tools of type api.Tool'))
    expect(tool({ type: 1 })).toBe(cannot('number', 'Tool.tools.type of type string'))
    expect(tool({ function: 'x' })).toBe(cannot('string', 'Tool.tools.function of type api.ToolFunction'))
    expect(tool({ function: { parameters: 'x' } })).toBe(
      cannot('string', 'ToolFunction.tools.function.parameters of type api.ToolFunctionParameters'),
    )
    expect(tool({ function: { parameters: { properties: [] } } })).toBe(notAnObject)
    expect(tool({ function: { parameters: { properties: { a: { type: 1 } } } } })).toBe(
      cannot('number', 'ToolFunctionParameters.tools.function.parameters.properties.type of type []string'),
    )
  })

  it('is named with the spelling of a number that no double holds, where Go would read it', () => {
    const body = bytes('{"model":"x","options":{"seed":1e999}}')
    expect(messageOf(() => decodeBody(body, embedRequest))).toBe(
      'json: cannot unmarshal number 1e999 into Go struct field EmbedRequest.options of type float64',
    )
    expect(generate('{"ignored":1e999}')).toEqual({})
    expect(messageOf(() => generate('{"model":1e999}'))).toBe(
      'json: cannot unmarshal number into Go struct field GenerateRequest.model of type string',
    )
    expect(messageOf(() => generate('{"prompt":"1","top_logprobs":9223372036854775808}'))).toBe(
      'json: cannot unmarshal number 9223372036854775808 into Go struct field GenerateRequest.top_logprobs of type int',
    )
  })

  it('is named inside a map', () => {
    expect(messageOf(() => decodeBody(bytes('{"files":{"a":1}}'), createRequest))).toBe(
      'json: cannot unmarshal number into Go struct field CreateRequest.files of type string',
    )
    expect(decodeBody(bytes('{"files":{"a":null}}'), createRequest)).toEqual({ files: { a: '' } })
  })

  it('is found in the order of the body', () => {
    expect(messageOf(() => generate('{"raw":1,"stream":1}'))).toContain('GenerateRequest.raw')
    expect(messageOf(() => generate('{"stream":1,"raw":1}'))).toContain('GenerateRequest.stream')
  })
})

describe('what a request means', () => {
  it('counts keep_alive in seconds, reads durations, and takes less than nothing as for ever', () => {
    expect(generate('{"keep_alive":90}').keep_alive).toBe(90e9)
    expect(generate('{"keep_alive":0.5}').keep_alive).toBe(0.5e9)
    expect(generate('{"keep_alive":"1h2m3s"}').keep_alive).toBe(3723e9)
    expect(generate('{"keep_alive":"0"}').keep_alive).toBe(0)
    expect(generate('{"keep_alive":-1}').keep_alive).toBe(Number.POSITIVE_INFINITY)
    expect(generate('{"keep_alive":"-5m"}').keep_alive).toBe(Number.POSITIVE_INFINITY)
  })

  it('decodes images', () => {
    expect(generate('{"images":["aGk=",null]}').images?.map((image) => Buffer.from(image).toString())).toEqual(['hi', ''])
  })

  it('keeps what Ollama does not know of a tool', () => {
    const tool = {
      type: 'function',
      function: {
        name: 'f',
        description: 'd',
        strict: true,
        parameters: {
          type: 'object',
          additionalProperties: false,
          properties: { z: { type: 'string', format: 'date' }, a: { type: ['x'] } },
        },
      },
    }
    const decoded = chat({ tools: [tool] }).tools
    expect(decoded).toEqual([tool])
    expect(Object.keys((decoded?.[0]?.function.parameters?.properties ?? {}) as object)).toEqual(['z', 'a'])
  })

  it('finds the parts of a tool whatever the case of their keys', () => {
    expect(chat({ tools: [{ Type: 'function', Function: { Name: 'f', Parameters: { type: 'object' } } }] }).tools?.[0]).toMatchObject({
      type: 'function',
      function: { name: 'f', parameters: { type: 'object' } },
    })
  })
})
