// A draft model beside another: it is loaded with it, its guesses change no text, and one that does not fit is left out without harm.

import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import type { CompletionRequest } from '../../src/runner/runner.ts'
import { collect, greedyRequest } from '../../src/runner/testing/conformance.ts'
import { createFromFile, post, uploadFile } from '../support/models.ts'
import { startServer } from '../support/server.ts'
import type { DraftAnswer, DraftQuestion } from './draft-child.ts'
import { loadRunner, makeFolder, realSpec, tinySpec } from './runner-support.ts'

const folder = makeFolder()
const file = (name: string) => path.join(folder, name)
beforeAll(async () => {
  await writeTinyModel(file('model.gguf'))
  await writeTinyModel(file('draft.gguf'), { seed: 2 })
  await writeTinyModel(file('more-words.gguf'), { reply: ['some', ' other', ' words'] })
  await writeTinyModel(file('abort.gguf'), { abortsEngine: true })
  writeFileSync(file('no-model.gguf'), 'GGUF, but not really')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** In a process of its own, since the engine writes its log where the tests write theirs. */
async function ask(modelPath: string, draftPath: string | undefined, requests: readonly CompletionRequest[]): Promise<DraftAnswer> {
  const draft = draftPath === undefined ? {} : { draft: { modelPath: draftPath, mostTokens: 4 } }
  const question: DraftQuestion = { spec: { ...realSpec({ modelPath, contextTokens: 256, parallel: 2 }), ...draft }, requests }
  const child = fileURLToPath(new URL('./draft-child.ts', import.meta.url))
  const running = spawn(process.execPath, ['--import', 'tsx', child], { stdio: ['pipe', 'pipe', 'ignore'] })
  running.stdin.end(JSON.stringify(question))
  return JSON.parse(await text(running.stdout)) as DraftAnswer
}

describe('the guesses of a draft model', () => {
  it('are right where it is the same model, and save steps', async () => {
    const { modelPath } = realSpec()
    const requests = [greedyRequest({ prompt: 'The most surprising fact about the deep sea is', maxTokens: 48 })]
    const plain = await ask(modelPath, undefined, requests)
    const drafted = await ask(modelPath, modelPath, requests)
    expect(drafted.texts).toEqual(plain.texts)
    expect(drafted.proposed).toBeGreaterThan(10)
    expect(drafted.accepted).toBeGreaterThan(drafted.proposed * 0.9)
    expect(drafted.steps).toBeLessThan(plain.steps * 0.7)
  })

  it('change no text of several replies, right or wrong, sampled or not, in a context that grows', async () => {
    const sampling = { ...greedyRequest().sampling, temperature: 1, topK: 0, topP: 1, seed: 5 }
    const requests = [
      greedyRequest({ prompt: 'One', maxTokens: 60 }),
      greedyRequest({ prompt: 'Two more', maxTokens: 24, sampling }),
      greedyRequest({ prompt: 'A third one that waits', maxTokens: 300, contextLimitTokens: 512 }),
    ]
    const plain = await ask(file('model.gguf'), undefined, requests)
    expect(plain.proposed).toBe(0)
    for (const name of ['model.gguf', 'draft.gguf']) {
      const drafted = await ask(file('model.gguf'), file(name), requests)
      expect(drafted.texts).toEqual(plain.texts)
      expect(drafted.proposed).toBeGreaterThan(0)
    }
  })

  it('end where the model has a token that the draft does not know', async () => {
    const requests = [greedyRequest({ prompt: 'Hello\n', maxTokens: 20 })]
    const plain = await ask(file('more-words.gguf'), undefined, requests)
    expect(plain.texts).toEqual(['some other words'])
    expect((await ask(file('more-words.gguf'), file('draft.gguf'), requests)).texts).toEqual(plain.texts)
  })
})

describe('a model with a draft', () => {
  it('says the same and takes more memory', async () => {
    const say = async (draft: Parameters<typeof tinySpec>[1]) => {
      const runner = await loadRunner(tinySpec(file('model.gguf'), draft), {})
      const { text } = await collect(runner.complete(greedyRequest({ prompt: 'Hello', maxTokens: 100 })))
      const { sizeBytes } = runner.facts
      await runner.close()
      return { text, sizeBytes }
    }
    const [plain, drafted] = [await say({}), await say({ draft: { modelPath: file('draft.gguf'), mostTokens: 4 } })]
    expect(drafted.text).toBe(plain.text)
    expect(drafted.sizeBytes).toBeGreaterThan(plain.sizeBytes)
  })

  it.each([
    ['has another vocabulary', () => realSpec().modelPath],
    ['ends the process of the engine', () => file('abort.gguf')],
    ['is no model', () => file('no-model.gguf')],
    ['is not there', () => file('nowhere.gguf')],
  ])('does without one that %s', async (_, place) => {
    const [plain, without] = [
      await loadRunner(tinySpec(file('model.gguf')), {}),
      await loadRunner(tinySpec(file('model.gguf'), { draft: { modelPath: place(), mostTokens: 4 } }), {}),
    ]
    const request = greedyRequest({ prompt: 'Hello', maxTokens: 20 })
    expect((await collect(without.complete(request))).text).toBe((await collect(plain.complete(request))).text)
    expect(without.facts.sizeBytes).toBe(plain.facts.sizeBytes)
    await Promise.all([plain.close(), without.close()])
  })
})

describe('a draft model of a stored model', () => {
  it('is shown, made again from what is shown, and loaded', async () => {
    const server = await startServer()
    try {
      await createFromFile(server.url, { name: 'plain', file: file('model.gguf') })
      const draft_files = { 'draft.gguf': await uploadFile(server.url, file('draft.gguf')) }
      await post(`${server.url}/api/create`, { model: 'drafted', from: 'plain', draft_files, stream: false })
      const show = (model: string) => post<{ modelfile: string }>(`${server.url}/api/show`, { model })
      const { modelfile } = await show('drafted')
      const [, digest] = /^DRAFT .*sha256-([0-9a-f]{64})$/m.exec(modelfile) ?? []
      expect(`sha256:${digest}`).toBe(draft_files['draft.gguf'])
      await post(`${server.url}/api/create`, { model: 'again', modelfile, stream: false })
      const commands = (text: string) => text.split('\n').filter((line) => /^(FROM|DRAFT) /.test(line))
      expect(commands((await show('again')).modelfile)).toEqual(commands(modelfile))
      const say = async (model: string, options: Record<string, number> = {}) => {
        const asked = { model, prompt: 'Hello', raw: true, stream: false, options: { temperature: 0, num_predict: 30, ...options } }
        const { response } = await post<{ response: string }>(`${server.url}/api/generate`, asked)
        const { models } = (await (await fetch(`${server.url}/api/ps`)).json()) as { models: { name: string; size: number }[] }
        return { response, size: models.find(({ name }) => name === `${model}:latest`)?.size ?? 0 }
      }
      const plain = await say('plain')
      const drafted = await say('drafted')
      expect(drafted.response).toBe(plain.response)
      expect(drafted.size).toBeGreaterThan(plain.size)
      expect((await say('drafted', { draft_num_predict: 0 })).size).toBe(plain.size)
      expect(server.log()).not.toContain('the draft model is left out')
    } finally {
      await server.stop()
      server.clean()
    }
  })
})
