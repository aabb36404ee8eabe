// Structured output through the whole of it - API, grammar, engine - over the corpus of schemas, by a model of random weights at temperature 1. A
// good model hides the holes of a grammar, since it writes what is asked anyway; this one writes whatever it is let.

import { rmSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpus } from '../../src/chat/grammar/testing/corpus.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { createFromFile, post } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { makeFolder } from './runner-support.ts'

interface Answer {
  message: { content: string }
  done_reason: string
}

/** A string of random characters goes on until the quote is drawn; what is cut off says nothing. */
const TRIES = 12
const WHOLE_ANSWERS = 3
const MAX_TOKENS = 1900
const CONTEXT_TOKENS = 2048
/** What must come somewhere in the text is not found by chance. */
const NEVER_WHOLE = ['a free pattern', 'a pattern with groups']

const folder = makeFolder()
let server: TestServer
beforeAll(async () => {
  server = await startServer()
  const file = path.join(folder, 'random.gguf')
  await writeTinyModel(file, { contextTokens: CONTEXT_TOKENS })
  await createFromFile(server.url, { name: 'random', file })
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true })
})

async function answer(format: unknown, seed: number): Promise<Answer> {
  const options = { temperature: 1, top_k: 0, top_p: 1, seed, num_predict: MAX_TOKENS, num_ctx: CONTEXT_TOKENS }
  return post<Answer>(`${server.url}/api/chat`, {
    model: 'random',
    messages: [{ role: 'user', content: 'x' }],
    format,
    options,
    stream: false,
  })
}

/** Texts of replies that came to their end. */
async function wholeAnswers(format: unknown): Promise<string[]> {
  const texts: string[] = []
  for (let seed = 1; seed <= TRIES && texts.length < WHOLE_ANSWERS; seed += 2) {
    for (const { message, done_reason } of await Promise.all([answer(format, seed), answer(format, seed + 1)])) {
      if (done_reason === 'stop') texts.push(message.content)
    }
  }
  return texts
}

function compile(schema: unknown) {
  const isOld = JSON.stringify(schema).includes('additionalItems')
  const ajv = isOld ? new Ajv({ strict: false, allErrors: true }) : new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  return ajv.compile(schema as object)
}

// Ollama's API takes objects: `true` alone is no format.
const schemas = corpus.filter(({ schema, name }) => typeof schema === 'object' && !NEVER_WHOLE.includes(name))

describe('what a model of random weights writes', () => {
  it.each(schemas)('obeys the schema of $name', async ({ schema }) => {
    const isValid = compile(schema)
    const texts = await wholeAnswers(schema)
    expect(texts.length).toBeGreaterThan(0)
    for (const text of texts) expect(isValid(JSON.parse(text)) || [text, isValid.errors]).toBe(true)
  })

  it('is an object where the format is "json"', async () => {
    for (const text of await wholeAnswers('json')) expect(JSON.parse(text)).toBeTypeOf('object')
  })
})

it('is shown for sixty schemas at least', () => {
  expect(schemas.length).toBeGreaterThanOrEqual(60)
})
