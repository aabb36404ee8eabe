// What is chosen from a short list is what the engine's own samplers choose from the whole vocabulary: made-up logits, many of them equal, and
// thousands of draws with the same seeds.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  bindApi,
  type ContextPointer,
  type LlamaApi,
  type SamplerPointer,
  type VocabularyPointer,
} from '../../src/runner/child/llama/api.ts'
import { CandidateList } from '../../src/runner/child/llama/candidate-list.ts'
import { loadLibrary } from '../../src/runner/child/llama/library.ts'
import { allocateBytes } from '../../src/runner/child/llama/native-memory.ts'
import { createSampler } from '../../src/runner/child/llama/sampler.ts'
import type { SamplingContext } from '../../src/runner/child/llama/sampler-chain.ts'
import type { Sampling } from '../../src/runner/runner.ts'
import { greedyRequest } from '../../src/runner/testing/conformance.ts'

const VOCABULARY_SIZE = 5003
const DRAWS = 60
const NO_VOCABULARY = 0n as VocabularyPointer
const NO_CONTEXT = 0n as ContextPointer

const PLAIN: Sampling = { ...greedyRequest().sampling, seed: 7, topP: 1 }
const BIASES = [
  [4000, 4.5],
  [3, -2],
  [17, Number.NEGATIVE_INFINITY],
] as const

const samplings: [name: string, sampling: Partial<Sampling>][] = [
  ['the most likely', {}],
  ['the most likely with a repeat penalty', { repeatPenalty: 1.1 }],
  ['the most likely with all penalties', { repeatPenalty: 1.3, frequencyPenalty: 0.7, presencePenalty: -0.3, repeatLastN: 9 }],
  ['the most likely with penalties in all of the context', { repeatPenalty: 1.1, repeatLastN: -1 }],
  ['the most likely with biases', { logitBias: BIASES }],
  ['the most likely with two biases of one token', { logitBias: [...BIASES, [3, 9]] }],
  ['the most likely of the typical ones', { typicalP: 0.6 }],
  ['one of 40', { temperature: 0.8, topP: 0.9 }],
  ['one of 40 with a repeat penalty', { temperature: 0.8, topP: 0.9, repeatPenalty: 1.1 }],
  ['one of 40 with biases and penalties', { temperature: 1.2, minP: 0.02, presencePenalty: 0.8, logitBias: BIASES }],
  ['one of 40 typical ones', { temperature: 1, typicalP: 0.7 }],
  ['one of 1', { temperature: 1, topK: 1 }],
  ['one of 128', { temperature: 2, topK: 128 }],
  ['one of 129', { temperature: 2, topK: 129 }],
  ['one of all', { temperature: 1, topK: 0 }],
]

const likely = (token: number) => Math.sin(token * 12.9898) * 9 + Math.cos(token * 78.233) * 4
const rows: [name: string, logitOf: (token: number, draw: number) => number][] = [
  ['different', (token, draw) => likely(token + draw * 7919)],
  ['all below zero', (token, draw) => likely(token + draw * 7919) - 40],
  ['many equal', (token, draw) => Math.round(likely(token + draw * 7919))],
  ['all equal', () => 1.5],
  ['zeros of both signs', (token) => (token % 2 === 0 ? -0 : 0)],
  ['from the most likely down', (token) => -token / 100],
  ['from the least likely up', (token) => token / 100],
  ['mostly impossible', (token, draw) => (token % 97 === draw % 97 ? likely(token) : Number.NEGATIVE_INFINITY)],
]
const oddRows: typeof rows = [
  ['impossible all of them', () => Number.NEGATIVE_INFINITY],
  ['no number at the start', (token, draw) => (token === 0 ? Number.NaN : likely(token + draw))],
  ['no number further on', (token, draw) => (token % 50 === 31 ? Number.NaN : likely(token + draw))],
  ['infinite once', (token, draw) => (token === 2500 ? Number.POSITIVE_INFINITY : likely(token + draw))],
]

let api: LlamaApi
let context: SamplingContext
let logits: Float32Array
/** How often the engine was asked for a choice from all. */
let wholeChoices = 0

beforeAll(async () => {
  const bound = bindApi(await loadLibrary({ gpu: false }))
  const row = allocateBytes(VOCABULARY_SIZE * 4)
  logits = new Float32Array(row.view, 0, VOCABULARY_SIZE)
  api = {
    ...bound,
    logitsAt: () => row.address,
    vocabularySuppressed: () => null,
    samplerSample: (chain) => {
      wholeChoices++
      const token = chooseOfAll(chain)
      bound.samplerAccept(chain, token)
      return token
    },
  }
  context = {
    api,
    context: NO_CONTEXT,
    vocabulary: NO_VOCABULARY,
    vocabularySize: VOCABULARY_SIZE,
    contextTokens: 4096,
    candidates: new CandidateList(VOCABULARY_SIZE),
    piece: () => ({ bytes: new Uint8Array(0), text: '' }),
    isEnd: () => false,
  }
})

/** As llama_sampler_sample does. */
function chooseOfAll(chain: SamplerPointer): number {
  context.candidates.fill(logits)
  api.samplerApply(chain, context.candidates.address)
  return context.candidates.selected()
}

/** The chain of llama-server, over all tokens. */
function createReference(sampling: Sampling): { see: (token: number) => void; sample: () => number; close: () => void } {
  const chain = api.chainInit({ no_perf: true })
  const biases = sampling.logitBias ?? []
  const packed = new DataView(new ArrayBuffer(biases.length * 8))
  for (const [index, [token, bias]] of biases.entries()) {
    packed.setInt32(index * 8, token, true)
    packed.setFloat32(index * 8 + 4, bias, true)
  }
  const lastN = sampling.repeatLastN < 0 ? context.contextTokens : sampling.repeatLastN
  const isCut = sampling.temperature > 0 || sampling.typicalP < 1
  const samplers = [
    api.samplerLogitBias(VOCABULARY_SIZE, biases.length, new Uint8Array(packed.buffer)),
    api.samplerPenalties(VOCABULARY_SIZE, lastN, sampling.repeatPenalty, sampling.frequencyPenalty, sampling.presencePenalty),
    ...(isCut ? [api.samplerTopK(sampling.topK), api.samplerTypical(sampling.typicalP, 0)] : []),
    ...(isCut ? [api.samplerTopP(sampling.topP, 0), api.samplerMinP(sampling.minP, 0)] : []),
    ...(sampling.temperature > 0
      ? [api.samplerTemperature(sampling.temperature, 0, 1), api.samplerDist(sampling.seed)]
      : [api.samplerGreedy()]),
  ]
  for (const sampler of samplers) api.chainAdd(chain, sampler)
  const see = (token: number) => api.samplerAccept(chain, token)
  return {
    see,
    sample: () => {
      const token = chooseOfAll(chain)
      see(token)
      return token
    },
    close: () => api.samplerFree(chain),
  }
}

function compare(sampling: Sampling, logitOf: (token: number, draw: number) => number): { ours: number[]; theirs: number[] } {
  const own = createSampler(context, { sampling })
  const reference = createReference(sampling)
  const [ours, theirs]: [number[], number[]] = [[], []]
  for (let token = 0; token < 300; token += 3) {
    own.see(token)
    reference.see(token)
  }
  for (let draw = 0; draw < DRAWS; draw++) {
    for (let token = 0; token < VOCABULARY_SIZE; token++) logits[token] = logitOf(token, draw)
    ours.push(own.sample(0))
    theirs.push(reference.sample())
  }
  own.close()
  reference.close()
  return { ours, theirs }
}

describe.each(samplings)('%s', (_, sampling) => {
  it.each(rows)('is the same token where the logits are %s', (_name, logitOf) => {
    const { ours, theirs } = compare({ ...PLAIN, ...sampling }, logitOf)
    expect(ours).toEqual(theirs)
  })
})

// The engine's typical sampler sorts, and what is no number has no place in an order.
describe.each(samplings.filter(([, { typicalP = 1 }]) => typicalP === 1))('%s', (_, sampling) => {
  it.each(oddRows)('is the same token where the logits are %s', (_name, logitOf) => {
    const { ours, theirs } = compare({ ...PLAIN, ...sampling }, logitOf)
    expect(ours).toEqual(theirs)
  })
})

describe('the whole vocabulary', () => {
  const different = rows[0]?.[1] as (token: number, draw: number) => number
  const countWhole = (sampling: Partial<Sampling>) => {
    wholeChoices = 0
    compare({ ...PLAIN, ...sampling }, different)
    return wholeChoices
  }

  it.each(samplings.filter(([name]) => !/129|all$|two biases/.test(name)))('is not looked at for %s', (_, sampling) => {
    expect(countWhole(sampling)).toBe(0)
  })

  it.each(samplings.filter(([name]) => /129|all$|two biases/.test(name)))('is looked at for %s', (_, sampling) => {
    expect(countWhole(sampling)).toBe(DRAWS)
  })

  it('is looked at when weights are so large that infinities could come of them', () => {
    expect(countWhole({ repeatPenalty: 1e30 })).toBe(DRAWS)
    expect(countWhole({ presencePenalty: -1e30 })).toBe(DRAWS)
    expect(countWhole({ logitBias: [[5, Number.POSITIVE_INFINITY]] })).toBe(DRAWS)
  })
})
