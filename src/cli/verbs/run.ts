import { AppError } from '../../base/errors.ts'
import type { Invocation } from '../arguments.ts'
import type { InputStream } from '../io.ts'
import { runChat } from '../run/chat.ts'
import { RUN_FLAGS, readRunSettings } from '../run/settings.ts'
import { canThink, isMultimodal } from '../run/shown.ts'
import { runEmbedding, runSinglePrompt } from '../run/single-prompt.ts'
import { ensureServer } from '../server.ts'
import { showOrPull } from '../show-or-pull.ts'
import type { Verb } from '../verb.ts'

/** A prompt that is piped in; far beyond what any context holds. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024

export const runVerb: Verb = {
  name: 'run',
  usage: 'run MODEL [PROMPT]',
  summary: 'Run a model',
  arguments: { min: 1, max: Number.POSITIVE_INFINITY },
  completes: 'models',
  flags: RUN_FLAGS,
  variables: ['editor', 'host', 'noHistory', 'color'],
  async run(context, invocation) {
    const { io } = context
    const [model = '', ...words] = invocation.positionals
    const settings = readRunSettings(model, invocation)
    const input = io.stdin.isTTY ? '' : await readInput(io.stdin)
    const prompts = input === '' ? words : [input, ...words]
    const prompt = prompts.join(' ')

    await ensureServer(context, !invocation.boolean('no-start'))
    const shown = await showOrPull(context, model, invocation.boolean('insecure') ? { insecure: true } : {})
    const capabilities = shown.capabilities ?? []
    if (!settings.thinkGiven && canThink(shown)) settings.think = true
    if (capabilities.includes('image')) throw new AppError('not_supported', 'image generation models are not currently supported')

    if (capabilities.includes('embedding')) await runEmbedding(context, settings, { prompt, ...readEmbeddingFlags(invocation) })
    else if (io.stdin.isTTY && io.stdout.isTTY && prompts.length === 0 && !settings.json) await runChat(context, settings, shown)
    else await runSinglePrompt(context, settings, { prompt, multimodal: isMultimodal(shown) })
    return 0
  },
}

function readEmbeddingFlags(invocation: Invocation): { truncate: boolean | undefined; dimensions: number | undefined } {
  return {
    truncate: invocation.given('truncate') ? invocation.boolean('truncate') : undefined,
    dimensions: invocation.number('dimensions'),
  }
}

async function readInput(stdin: InputStream): Promise<string> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of stdin) {
    const bytes = Buffer.from(piece)
    sizeBytes += bytes.length
    if (sizeBytes > MAX_INPUT_BYTES) throw new AppError('payload_too_large', 'the prompt on standard input is larger than 64 MiB')
    pieces.push(bytes)
  }
  return Buffer.concat(pieces).toString('utf8')
}
