// The use cases that run models, put together over one reader and one scheduler.

import { randomInt } from 'node:crypto'
import { chat, countPromptTokens, startChat } from './chat.ts'
import { embed } from './embed.ts'
import { generate } from './generate.ts'
import { rerank } from './rerank.ts'
import type { RunOptions } from './run.ts'
import { listRunning } from './running.ts'
import type { Service } from './service.ts'
import { detokenize, tokenize } from './tokens.ts'

export type RunServices = Pick<
  Service,
  'chat' | 'startChat' | 'countPromptTokens' | 'generate' | 'embed' | 'rerank' | 'tokenize' | 'detokenize' | 'running'
>

export type RunServicesOptions = Omit<RunOptions, 'createCallId'> & Partial<Pick<RunOptions, 'createCallId'>>

export function createRunServices(given: RunServicesOptions): RunServices {
  const options: RunOptions = { createCallId, ...given }
  return {
    chat: (request, signal) => chat(options, request, signal),
    startChat: (request, signal) => startChat(options, request, signal),
    countPromptTokens: (request, signal) => countPromptTokens(options, request, signal),
    generate: (request, signal) => generate(options, request, signal),
    embed: (request, signal) => embed(options, request, signal),
    rerank: (request, signal) => rerank(options, request, signal),
    tokenize: (request, signal) => tokenize(options, request, signal),
    detokenize: (request, signal) => detokenize(options, request, signal),
    running: () => listRunning(options.scheduler.running()),
  }
}

const CALL_ID_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

function createCallId(): string {
  return `call_${Array.from({ length: 8 }, () => CALL_ID_LETTERS[randomInt(CALL_ID_LETTERS.length)]).join('')}`
}
