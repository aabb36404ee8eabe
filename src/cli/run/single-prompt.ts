// `run` with a prompt, or into a pipe: one call of /api/generate, or of /api/embed for a model that embeds.

import type { GenerateResponseBody } from '../../api/generate.ts'
import { AppError } from '../../base/errors.ts'
import { printJsonLine } from '../json.ts'
import { streamed } from '../server.ts'
import type { Context } from '../verb.ts'
import { readAttachments } from './attachments.ts'
import { printReply } from './reply.ts'
import { type RunSettings, toRequestFields } from './settings.ts'

export async function runSinglePrompt(
  context: Context,
  settings: RunSettings,
  input: { prompt: string; multimodal: boolean },
): Promise<void> {
  const { client, io } = context
  const { text, images } = input.multimodal ? await announceAttachments(context, input.prompt) : { text: input.prompt, images: [] }
  const request = {
    ...toRequestFields(settings),
    prompt: text,
    ...(settings.system === '' ? {} : { system: settings.system }),
    ...(images.length > 0 ? { images } : {}),
  }
  if (settings.json) return printRecords(context, (signal) => client.generate(request, signal))
  await printReply(context, settings, {
    parts: (signal) => client.generate(request, signal),
    piece: (part) => ({ text: part.response, thinking: part.thinking, toolCalls: part.tool_calls }),
    onInterrupt: io.onInterrupt,
    endsLine: input.prompt !== '',
  })
}

/** Ctrl-C ends the reply, and the last record says that it is not done. */
async function printRecords({ io }: Context, generate: (signal: AbortSignal) => AsyncIterable<GenerateResponseBody>): Promise<void> {
  const controller = new AbortController()
  const release = io.onInterrupt(() => controller.abort())
  try {
    for await (const record of streamed(generate(controller.signal))) printJsonLine(io, record)
  } catch (error) {
    if (!controller.signal.aborted) throw error
  } finally {
    release()
  }
}

export interface EmbeddingInput {
  prompt: string
  truncate: boolean | undefined
  dimensions: number | undefined
}

export async function runEmbedding({ client, io, program }: Context, settings: RunSettings, input: EmbeddingInput): Promise<void> {
  const { model, keepAlive } = settings
  if (input.prompt === '') {
    throw new AppError('invalid_request', `embedding models require input text. Usage: ${program} run ${model} "your text here"`)
  }
  const { embeddings } = await client.embed({
    model,
    input: input.prompt,
    ...(keepAlive === undefined ? {} : { keep_alive: keepAlive }),
    ...(input.truncate === undefined ? {} : { truncate: input.truncate }),
    ...(input.dimensions ? { dimensions: input.dimensions } : {}),
  })
  const [embedding] = embeddings
  if (!embedding) throw new AppError('internal', 'no embeddings returned')
  io.stdout.write(`${JSON.stringify(embedding)}\n`)
}

export async function announceAttachments({ io }: Context, prompt: string): Promise<{ text: string; images: string[] }> {
  const { text, images, paths } = await readAttachments(prompt)
  for (const path of paths) io.stderr.write(`Added ${/\.wav$/i.test(path) ? 'audio' : 'image'} '${path}'\n`)
  return { text, images }
}
