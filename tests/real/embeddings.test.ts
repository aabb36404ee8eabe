import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readGgufHead } from '../../src/gguf/head.ts'
import { entriesOf, writeGgufFile } from '../../src/gguf/writer.ts'
import { convertMiniLm, findMiniLm, MINILM_WEIGHTS_SHA256 } from '../support/minilm.ts'
import { createFromFile, post } from '../support/models.ts'
import { root } from '../support/paths.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Embedded {
  model: string
  embeddings: number[][]
  prompt_eval_count?: number
  total_duration?: number
}

interface Reference {
  weights: string
  texts: { text: string; tokens: number; vector: number[] }[]
}

const CONTEXT_TOKENS = 512
/** The reference has 32-bit weights and five digits; ours are those of the import, 16 bits. */
const SAME = 0.99999

const reference = JSON.parse(readFileSync(path.join(root, 'tests', 'fixtures', 'minilm-vectors.json'), 'utf8')) as Reference
const folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-embeddings-'))

let server: TestServer
beforeAll(async () => {
  const file = path.join(folder, 'minilm.gguf')
  await convertMiniLm(await findMiniLm(), file)
  server = await startServer()
  await createFromFile(server.url, { name: 'minilm', file })
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true, force: true })
})

const embed = (input: unknown, fields: Record<string, unknown> = {}) =>
  post<Embedded>(`${server.url}/api/embed`, { model: 'minilm', input, ...fields })

describe('the vectors of all-MiniLM-L6-v2', () => {
  it('are compared with those of the same weights', () => {
    expect(reference.weights).toBe(`sha256:${MINILM_WEIGHTS_SHA256}`)
  })

  // An empty text alone is no input at all.
  it.each(reference.texts.filter(({ text }) => text !== ''))('agree with the reference: $text', async ({ text, tokens, vector }) => {
    const { embeddings, prompt_eval_count } = await embed(text)
    expect(embeddings).toHaveLength(1)
    expect(prompt_eval_count).toBe(tokens)
    expect(cosine(embeddings[0], vector)).toBeGreaterThan(SAME)
    expect(lengthOf(embeddings[0])).toBeCloseTo(1, 5)
  })

  it('agree with the reference when all texts come in one request, in their order', async () => {
    const { embeddings, prompt_eval_count } = await embed(reference.texts.map(({ text }) => text))
    expect(prompt_eval_count).toBe(reference.texts.reduce((sum, { tokens }) => sum + tokens, 0))
    expect(embeddings).toHaveLength(reference.texts.length)
    for (const [index, { vector }] of reference.texts.entries()) expect(cosine(embeddings[index], vector)).toBeGreaterThan(SAME)
  })

  it('put texts of like meaning side by side', async () => {
    const { embeddings } = await embed(['How do I reset my password?', 'I forgot my login, help!', 'Lions hunt at night.'])
    expect(cosine(embeddings[0], embeddings[1])).toBeGreaterThan(2 * cosine(embeddings[0], embeddings[2]))
  })

  it('are the same numbers in the older call', async () => {
    const { embeddings } = await embed('Say hello.')
    const { embedding } = await post<{ embedding: number[] }>(`${server.url}/api/embeddings`, { model: 'minilm', prompt: 'Say hello.' })
    expect(embedding).toHaveLength(384)
    expect(cosine(embeddings[0], embedding)).toBeGreaterThan(SAME)
  })

  it('are told as those of an embedding model', async () => {
    const shown = await post(`${server.url}/api/show`, { model: 'minilm' })
    expect(shown).toMatchObject({ capabilities: ['embedding'], model_info: { 'bert.pooling_type': 1 } })
    const completing = post(`${server.url}/api/generate`, { model: 'minilm', prompt: 'Hi', stream: false })
    await expect(completing).rejects.toThrow('400 {"error":"\\"minilm\\" does not support generate"}')
  })
})

describe('many texts in one request', () => {
  const texts = Array.from({ length: 64 }, (_, index) => `Note ${index}: ${['rain', 'wool', 'salt', 'stone'][index % 4]} for the market`)

  it('come back in order, as they come back alone', async () => {
    const { embeddings } = await embed(texts)
    for (const index of [0, 1, 31, 32, 33, 63]) {
      const alone = await embed(texts[index])
      expect(cosine(embeddings[index], alone.embeddings[0])).toBeGreaterThan(SAME)
    }
  })

  it('are faster than one request for each', async () => {
    const timeOf = async (work: () => Promise<unknown>) => {
      const start = performance.now()
      await work()
      return performance.now() - start
    }
    await embed(texts)
    const ratios: number[] = []
    for (let round = 0; round < 5; round++) {
      const apart = await timeOf(async () => {
        for (const text of texts) await embed(text)
      })
      ratios.push(apart / (await timeOf(() => embed(texts))))
    }
    // Not a benchmark (bench/scenarios/embed.ts is one, and asks for 3): a server without batches could not come above 1.5.
    expect(Math.max(...ratios)).toBeGreaterThan(1.5)
  })

  it('may be long and short, more than one batch holds', async () => {
    const long = reference.texts.at(-1)
    const { embeddings } = await embed(Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? long?.text : `short ${index}`)))
    expect(embeddings).toHaveLength(40)
    for (const [index, vector] of embeddings.entries()) {
      if (index % 3 === 0) expect(cosine(vector, long?.vector)).toBeGreaterThan(SAME)
    }
    expect(cosine(embeddings[20], (await embed('short 20')).embeddings[0])).toBeGreaterThan(SAME)
  })
})

describe('a text that is too long', () => {
  const tooLong = 'again and again the river runs to the sea '.repeat(200)

  it('is cut to what the model takes', async () => {
    const { prompt_eval_count, embeddings } = await embed(tooLong)
    expect(prompt_eval_count).toBe(CONTEXT_TOKENS)
    expect(lengthOf(embeddings[0])).toBeCloseTo(1, 5)
  })

  it.each([4, 31, 33, 500])('is cut to a context of %d', async (num_ctx) => {
    const { prompt_eval_count, embeddings } = await embed(tooLong, { options: { num_ctx } })
    expect(prompt_eval_count).toBe(num_ctx)
    expect(lengthOf(embeddings[0])).toBeCloseTo(1, 5)
  })

  it('is cut to the context asked for, and then says what its beginning says', async () => {
    // Seven tokens and the two around them.
    const { prompt_eval_count, embeddings } = await embed('one two three four five six seven eight nine', { options: { num_ctx: 9 } })
    expect(prompt_eval_count).toBe(9)
    expect(cosine(embeddings[0], (await embed('one two three four five six seven')).embeddings[0])).toBeGreaterThan(SAME)
  })

  it('is refused when it may not be cut', async () => {
    await expect(embed(['short', tooLong], { truncate: false })).rejects.toThrow(
      '400 {"error":"the input length exceeds the context length"}',
    )
    expect((await embed('short', { truncate: false })).embeddings).toHaveLength(1)
  })
})

describe('fewer dimensions', () => {
  it.each([1, 64, 383])('(%d) are the beginning of the vector, at length 1', async (dimensions) => {
    const [whole] = (await embed('Say hello.')).embeddings
    const [cut] = (await embed('Say hello.', { dimensions })).embeddings
    expect(cut).toHaveLength(dimensions)
    expect(lengthOf(cut)).toBeCloseTo(1, 5)
    expect(cosine(cut, whole?.slice(0, dimensions))).toBeGreaterThan(SAME)
  })

  it.each([384, 1000, 0, -1])('(%d) that are none change nothing', async (dimensions) => {
    expect((await embed('Say hello.', { dimensions })).embeddings).toEqual((await embed('Say hello.')).embeddings)
  })
})

describe('an empty text', () => {
  it('alone gives no vector, and in a list the vector of nothing', async () => {
    expect(await embed('')).toEqual({ model: 'minilm', embeddings: [] })
    expect(await embed([])).toEqual({ model: 'minilm', embeddings: [] })
    const { embeddings } = await embed(['a', '', 'b'])
    expect(embeddings).toHaveLength(3)
    expect(cosine(embeddings[1], reference.texts.find(({ text }) => text === '')?.vector)).toBeGreaterThan(SAME)
  })

  it('of white space alone is like an empty one', async () => {
    const { embeddings } = await embed([' \n\t ', ''])
    expect(cosine(embeddings[0], embeddings[1])).toBeGreaterThan(SAME)
  })
})

describe('a decoder with pooling', () => {
  const LAST = 3
  const texts = ['The cat sleeps on the warm stone.', 'A kitten naps on a hot rock.', 'Interest rates rise again in March.', 'x', '']

  beforeAll(async () => {
    const source = process.env.LLAMERO_TEST_GGUF ?? ''
    const head = await readGgufHead(source, { arrays: 'values' })
    const file = path.join(folder, 'decoder.gguf')
    await writeGgufFile(file, {
      metadata: [...entriesOf(head), { key: 'llama.pooling_type', type: 'uint32', value: LAST }],
      tensors: head.tensors.map(({ name, type, shape, offsetBytes, sizeBytes }) => {
        const start = head.dataOffsetBytes + offsetBytes
        return { name, type, shape, data: () => createReadStream(source, { start, end: start + sizeBytes - 1 }) }
      }),
    })
    await createFromFile(server.url, { name: 'decoder', file })
  })

  it('gives each text of many the vector that it has alone', async () => {
    const { embeddings } = await embed(texts.slice(0, 4), { model: 'decoder' })
    for (const [index, text] of texts.slice(0, 4).entries()) {
      const [alone] = (await embed(text, { model: 'decoder' })).embeddings
      expect(alone).toHaveLength(576)
      expect(lengthOf(embeddings[index])).toBeCloseTo(1, 5)
      expect(cosine(embeddings[index], alone)).toBeGreaterThan(0.999)
    }
    expect(cosine(embeddings[0], embeddings[1])).toBeGreaterThan(cosine(embeddings[0], embeddings[2]))
  })

  it('has no vector for a text without tokens, and says so', async () => {
    await expect(embed(texts, { model: 'decoder' })).rejects.toThrow('400 {"error":"input content cannot be empty"}')
  })

  it('only embeds', async () => {
    await expect(post(`${server.url}/api/generate`, { model: 'decoder', prompt: 'Hi', stream: false })).rejects.toThrow(
      '400 {"error":"\\"decoder\\" does not support generate"}',
    )
  })
})

function cosine(a: readonly number[] = [], b: readonly number[] = []): number {
  expect(a).toHaveLength(b.length)
  const dot = a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
  return dot / (lengthOf(a) * lengthOf(b))
}

function lengthOf(vector: readonly number[] = []): number {
  return Math.hypot(...vector)
}
