// Folders of safetensors become models through the command line, and say what the files of llama.cpp's own converter say. Other builds of the
// engine add up in another order, so what is said may leave the recorded words, but only at a token that hardly leads.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADAPTER_NAMES, ADAPTERS, type AdapterName, adapterFolder } from '../../src/convert/testing/adapter-folders.ts'
import { FOLDER_NAMES, type FolderName, GREEDY_PROMPT, modelFolder, writeModelFolder } from '../../src/convert/testing/model-folders.ts'
import { type GreedyToken, HARDLY_LEADS, sayGreedily } from '../support/greedy.ts'
import { post } from '../support/models.ts'
import { program, root } from '../support/paths.ts'
import { cleanEnvironment, startServer, type TestServer } from '../support/server.ts'

const recorded = JSON.parse(readFileSync(path.join(root, 'tests', 'fixtures', 'converted.json'), 'utf8')) as Record<
  FolderName | AdapterName,
  { greedy?: GreedyToken[] }
>
const speaking = FOLDER_NAMES.filter((name) => recorded[name].greedy)

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-safetensors-'))
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true, force: true })
})

/** What the command line prints on its way. */
async function create(
  name: FolderName,
  model: string,
  { flags = [], adapter }: { flags?: string[]; adapter?: AdapterName } = {},
): Promise<string> {
  await writeModelFolder(path.join(folder, name), modelFolder(name))
  if (adapter) await writeModelFolder(path.join(folder, adapter), adapterFolder(adapter))
  const modelfile = path.join(folder, `${model}.Modelfile`)
  writeFileSync(modelfile, `FROM ./${name}\n${adapter ? `ADAPTER ./${adapter}\n` : ''}`)
  const env = { ...cleanEnvironment(), HOME: folder, OLLAMA_HOST: new URL(server.url).host }
  const { stderr } = await promisify(execFile)(process.execPath, [program, 'create', model, '-f', modelfile, ...flags], {
    cwd: folder,
    env,
  })
  return stderr
}

async function expectRecorded(name: FolderName | AdapterName): Promise<void> {
  const said = await sayGreedily(server.url, name, GREEDY_PROMPT)
  const expected = recorded[name].greedy ?? []
  const apart = expected.findIndex(([token], index) => token !== said[index]?.[0])
  if (apart >= 0) expect(expected[apart]?.[1], `it says ${said[apart]?.[0]} at place ${apart}`).toBeLessThan(HARDLY_LEADS)
  else expect(said).toHaveLength(expected.length)
}

describe('a folder of safetensors', () => {
  it.each(speaking)("says what the file of llama.cpp's converter says: %s", async (name) => {
    expect(await create(name, name)).toMatch(/converting model[\s\S]*success\n$/)
    await expectRecorded(name)
  })

  it.each(ADAPTER_NAMES)('says with an adapter what that file says with it: %s', async (name) => {
    expect(await create(ADAPTERS[name].base, name, { adapter: name })).toContain('converting adapter')
    await expectRecorded(name)
  })

  it('becomes a model that chats in the turns of its own template', async () => {
    await create('qwen-3', 'chatty')
    const reply = await post<{ message: { role: string }; eval_count: number; _debug_info?: unknown }>(`${server.url}/api/chat`, {
      model: 'chatty',
      messages: [{ role: 'user', content: 'the llama' }],
      stream: false,
      options: { temperature: 0, num_predict: 8 },
    })
    expect(reply).toMatchObject({ message: { role: 'assistant' }, done: true })
    expect(reply.eval_count).toBeGreaterThan(0)
    const shown = await post<{ template: string; details: object; capabilities: string[] }>(`${server.url}/api/show`, { model: 'chatty' })
    expect(shown.details).toMatchObject({ format: 'gguf', family: 'qwen3', quantization_level: 'BF16' })
    expect(shown.capabilities).toContain('completion')
    expect(shown.template).toContain('<|im_start|>')
  })

  it('becomes a model that makes vectors', async () => {
    await create('bert', 'vectors')
    const { embeddings } = await post<{ embeddings: number[][] }>(`${server.url}/api/embed`, {
      model: 'vectors',
      input: ['the llama eats', 'the llamas eat', 'eaten'],
    })
    expect(embeddings.map((vector) => vector.length)).toEqual([64, 64, 64])
    expect(embeddings[0]).not.toEqual(embeddings[1])
    expect((await post<{ capabilities: string[] }>(`${server.url}/api/show`, { model: 'vectors' })).capabilities).toEqual(['embedding'])
  })

  it('is quantized on the way', async () => {
    expect(await create('llama-3', 'small', { flags: ['--quantize', 'q4_K_M'] })).toContain('quantizing BF16 model to Q4_K_M')
    const shown = await post<{ details: object }>(`${server.url}/api/show`, { model: 'small' })
    expect(shown.details).toMatchObject({ quantization_level: 'Q4_K_M' })
    expect(await sayGreedily(server.url, 'small', GREEDY_PROMPT)).not.toHaveLength(0)
  })
})
