// What the engine itself says, told without our loop, sampler or softmax: the raw logits behind each token of a given reply, as
// log-probabilities by the plainest formula. Reads { prompt, reply, top } as JSON from standard input, the reply as the bytes of its tokens.

import { text } from 'node:stream/consumers'
import { bindApi, type ContextPointer } from '../../src/runner/child/llama/api.ts'
import { LlamaBatch } from '../../src/runner/child/llama/batch.ts'
import { loadLibrary } from '../../src/runner/child/llama/library.ts'
import { viewFloats } from '../../src/runner/child/llama/native-memory.ts'
import { Vocabulary } from '../../src/runner/child/llama/vocabulary.ts'

export interface LogitsQuestion {
  prompt: string
  reply: number[][]
  top: number
}

export type LogitsAnswer = { logprob: number; top: { bytes: number[]; logprob: number }[] }[]

const CONTEXT_TOKENS = 512

const question = JSON.parse(await text(process.stdin)) as LogitsQuestion
const api = bindApi(await loadLibrary({ gpu: false }))
api.backendInit()
const model = api.modelLoadFromFile(process.argv[2] as string, { ...api.modelDefaultParams(), n_gpu_layers: 0 })
if (model === null) throw new Error('the model cannot be loaded')
const context = api.contextInit(model, {
  ...api.contextDefaultParams(),
  n_ctx: CONTEXT_TOKENS,
  n_batch: CONTEXT_TOKENS,
  n_ubatch: CONTEXT_TOKENS,
  n_threads: 1,
  n_threads_batch: 1,
})
if (context === null) throw new Error('there is no context')
const opened: ContextPointer = context
const vocabulary = new Vocabulary(api, api.modelGetVocab(model))
const batch = new LlamaBatch(CONTEXT_TOKENS, 1)

const answer: LogitsAnswer = []
const idOf = new Map(Array.from({ length: vocabulary.size }, (_, token) => [String(bytesOf(token)), token]))
let position = 0
let next = vocabulary.tokenize(question.prompt, { addSpecial: true, parseSpecial: true })
for (const bytes of question.reply) {
  const logits = evaluate(next)
  const token = idOf.get(String(bytes))
  if (token === undefined) throw new Error(`no token has the bytes ${bytes}`)
  answer.push(describe(logits, token))
  next = [token]
}
process.stdout.write(JSON.stringify(answer))
// The engine's threads would outlive an ordinary end.
process.exit(0)

function evaluate(tokens: readonly number[]): Float32Array {
  batch.clear()
  for (const [index, token] of tokens.entries()) batch.add(token, position++, 0, index === tokens.length - 1)
  if (api.decode(opened, batch.toStruct()) !== 0) throw new Error('the engine refused a batch')
  const address = api.logitsAt(opened, tokens.length - 1)
  if (address === null) throw new Error('there are no logits')
  return viewFloats(address, vocabulary.size)
}

function describe(logits: Float32Array, token: number): LogitsAnswer[number] {
  const highest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
  const total = Math.log([...logits].reduce((sum, logit) => sum + Math.exp(logit - highest), 0)) + highest
  const order = [...logits.keys()].sort((a, b) => (logits[b] as number) - (logits[a] as number))
  const logprobOf = (id: number) => (logits[id] as number) - total
  return { logprob: logprobOf(token), top: order.slice(0, question.top).map((id) => ({ bytes: bytesOf(id), logprob: logprobOf(id) })) }
}

function bytesOf(token: number): number[] {
  return [...vocabulary.piece(token, false).bytes]
}
