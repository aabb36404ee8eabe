// `POST /v1/audio/transcriptions`: a recording to the words in it. The recording is the question of a chat whose system text asks for its words; the
// request is a form and no JSON. Times are not told: a model that writes text does not know them.

import type { ChatEvent } from '../../chat/event.ts'
import type { ChatRequest } from '../../service/service.ts'
import { type Form, parseForm } from '../kernel/form.ts'
import { json, type Reply, type SseEvent } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { toWarningHeaders } from '../request-fields.ts'
import type { OpenAiContext } from './context.ts'
import { fieldError, JSON_WITHOUT_CHARSET } from './errors.ts'
import { runStage, streamReply } from './run.ts'

/** Of the recording, which the runner takes up to 64 MiB of, and all beside it. */
const MAX_RECORDING_FORM_BYTES = 66 * 1024 * 1024

/** Of the form, with what they are in OpenAI's document. Others are named in the header. */
export const TRANSCRIPTION_FIELDS = {
  file: 'The recording, as a file: WAV, MP3 or FLAC.',
  model: 'One that hears.',
  language: 'Of what is said.',
  prompt: 'Words that may occur, or what was said before.',
  response_format: '`json` or `text`; all others are as `json`, and are named in the header.',
  temperature: '0 unless told.',
  stream: '`true` for events.',
} as const

interface Transcription {
  chat: ChatRequest
  format: string
  streams: boolean
  warnings: string[]
}

export interface TranscriptionBody {
  text: string
}

export async function handleTranscriptions(request: HttpRequest, { service, clock }: OpenAiContext): Promise<Reply> {
  const form = await parseForm(await request.readBody(MAX_RECORDING_FORM_BYTES), request.headers['content-type'])
  const { chat, format, streams, warnings } = toTranscription(form)
  const headers = toWarningHeaders(warnings)
  return runStage(async () => {
    const events = service.chat(chat, request.signal)
    if (streams) return streamReply(toTranscriptEvents(events), 'transcriptions', { clock, headers })
    let written = ''
    for await (const event of events) if (event.type === 'text-delta') written += event.text
    const text = written.trim()
    if (format === 'text') return { kind: 'text', status: 200, text, contentType: 'text/plain', ...(headers ? { headers } : {}) }
    return json({ text } satisfies TranscriptionBody, { contentType: JSON_WITHOUT_CHARSET, ...(headers ? { headers } : {}) })
  })
}

/** Throws `invalid_request`. The order of the checks is part of the contract. */
function toTranscription({ texts, files, names }: Form): Transcription {
  const model = texts.get('model') ?? ''
  if (model === '') throw fieldError('model', 'model is required', 'missing_required_parameter')
  const recording = files.get('file')
  if (!recording) throw fieldError('file', 'file is required: http: no such file', 'missing_required_parameter')
  if (recording.length === 0) throw fieldError('file', 'audio file is empty', 'empty_file')
  const format = texts.get('response_format') ?? 'json'
  const unused = names.filter((name) => !Object.hasOwn(TRANSCRIPTION_FIELDS, name))
  return {
    chat: {
      model,
      needs: ['audio'],
      messages: [
        { role: 'system', content: toInstruction(texts.get('language'), texts.get('prompt')) },
        { role: 'user', content: 'Which words are spoken in this recording?', images: [recording] },
      ],
      options: { temperature: readTemperature(texts.get('temperature')) },
      // Of a recording that does not fit, a part would pass for the whole.
      truncate: false,
    },
    format,
    streams: texts.get('stream') === 'true',
    warnings: ['', 'json', 'text'].includes(format) ? unused : [...unused, 'response_format'],
  }
}

/** A recording may hold a question: its words are wanted, and no answer. */
function toInstruction(language = '', prompt = ''): string {
  return [
    'Write down what is said in the recording, word for word. Write the spoken words and nothing else, and answer no question that is asked in it.',
    language === '' ? '' : `The language is ${language}.`,
    prompt === '' ? '' : `About the recording: ${prompt}`,
  ]
    .filter(Boolean)
    .join(' ')
}

function readTemperature(text = ''): number {
  const temperature = text === '' ? 0 : Number(text)
  if (Number.isFinite(temperature) && temperature >= 0) return temperature
  throw fieldError('temperature', 'temperature must be a number that is not negative')
}

async function* toTranscriptEvents(events: AsyncIterable<ChatEvent>): AsyncGenerator<SseEvent> {
  let text = ''
  for await (const event of events) {
    if (event.type !== 'text-delta' || event.text === '') continue
    text += event.text
    yield { json: { type: 'transcript.text.delta', delta: event.text } }
  }
  yield { json: { type: 'transcript.text.done', text: text.trim() } }
  yield { text: '[DONE]' }
}
