// Pull, push and create: a stream of progress, or its last line alone.

import { checkCreate, createRequest, type DecodedCreate, toLicenses } from '../../api/create.ts'
import type { Decoded } from '../../api/fields.ts'
import { checkLimitRate, type ProgressBody, pullRequest, pushRequest } from '../../api/transfer.ts'
import { type AppError, type ErrorCode, toAppError } from '../../base/errors.ts'
import type { CreateRequest, Service, TransferRequest } from '../../service/service.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { peek } from '../peek.ts'
import { toMessage } from './chat.ts'
import type { NativeContext } from './context.ts'
import { type Endpoint, JSON_WITHOUT_CHARSET, streamFailure, toErrorReply } from './errors.ts'
import { decodeFields } from './fields.ts'
import { firstNonEmpty, omitEmpty, present } from './wire.ts'

/** Registries are asked with a key; these are as little use here as they are in Ollama. */
const NO_ACCOUNT = ['username', 'password'] as const

type ProgressSource = ReturnType<Service['pull']>
type ProgressItem = ProgressSource extends AsyncIterable<infer Item> ? Item : never

const NAME_ERRORS: readonly ErrorCode[] = ['model_required', 'invalid_model_name', 'invalid_request', 'cloud_disabled']

export async function handlePull(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { transfer, stream } = toTransfer(decodeFields(await request.readBody(), unused, pullRequest, NO_ACCOUNT))
  const progress = service.pull(transfer, request.signal)
  return replyWithProgress(progress, { endpoint: 'pull', streams: stream ?? true, beforeStream: isAboutName })
}

export async function handlePush(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { transfer, stream } = toTransfer(decodeFields(await request.readBody(), unused, pushRequest, NO_ACCOUNT))
  const progress = service.push(transfer, request.signal)
  return replyWithProgress(progress, {
    endpoint: 'push',
    streams: stream ?? true,
    beforeStream: (error) => isAboutName(error) && error.code !== 'invalid_model_name',
  })
}

function toTransfer(wire: Decoded<typeof pullRequest.fields>): { transfer: TransferRequest; stream: boolean | undefined } {
  const { model, name, insecure, limit_rate: limitBytesPerSecond, stream } = wire
  checkLimitRate(limitBytesPerSecond)
  return { transfer: { model: firstNonEmpty(model, name), ...present({ insecure, limitBytesPerSecond }) }, stream }
}

export async function handleCreate(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const wire = decodeFields(await request.readBody(), unused, createRequest)
  checkCreate(wire)
  const streams = wire.stream ?? true
  const model = firstNonEmpty(wire.model, wire.name)
  // wire: the name of the new model is checked before the stream, everything else within it.
  const beforeStream = (error: AppError) => isAboutName(error) && error.details.model === model
  const asked = withoutOlderContents(wire, unused)
  const progress = startingWith(() => service.create(toDomain(asked, model), request.signal))
  return replyWithProgress(progress, { endpoint: 'create', streams, beforeStream })
}

/** wire: Ollama reads none of them any more, so that clients send both: who says what the model is made of has said it. */
function withoutOlderContents(wire: DecodedCreate, unused: Set<string>): DecodedCreate {
  if (!wire.from && !wire.files) return wire
  const { modelfile, path, ...others } = wire
  for (const [name, value] of Object.entries({ modelfile, path })) if (value) unused.add(name)
  return others
}

/** wire: what is wrong with a licence is found out within the stream. */
async function* startingWith(start: () => ProgressSource): AsyncGenerator<ProgressItem> {
  yield* start()
}

interface ProgressOptions {
  endpoint: Endpoint
  streams: boolean
  /** Whether Ollama finds this before it starts the stream; then the reply keeps its charset. */
  beforeStream(error: AppError): boolean
}

/** Resolves when the first line is there. */
async function replyWithProgress(source: ProgressSource, { endpoint, streams, beforeStream }: ProgressOptions): Promise<Reply> {
  try {
    const { all } = await peek(source)
    if (streams) return { kind: 'ndjson', records: toRecords(all), failure: streamFailure(endpoint) }
    let last = 'success'
    for await (const { status } of all) last = status
    return json({ status: last }, { contentType: JSON_WITHOUT_CHARSET })
  } catch (thrown) {
    const error = toAppError(thrown)
    return toErrorReply(error, endpoint, beforeStream(error) ? undefined : JSON_WITHOUT_CHARSET)
  }
}

async function* toRecords(source: AsyncIterable<ProgressItem>): AsyncGenerator<ProgressBody> {
  for await (const { status, digest, totalBytes, completedBytes } of source)
    yield { status, ...omitEmpty({ digest, total: totalBytes, completed: completedBytes }) }
}

function isAboutName({ code }: AppError): boolean {
  return NAME_ERRORS.includes(code)
}

function toDomain(wire: DecodedCreate, model: string): CreateRequest {
  const { from, modelfile, path, files, adapters, template, system, parameters, renderer, parser, requires, info } = wire
  const quantize = firstNonEmpty(wire.quantize, wire.quantization)
  return {
    model,
    ...present({ from, modelfile, path, files, adapters, template, system, parameters, renderer, parser, requires, info }),
    ...present({
      remoteHost: wire.remote_host,
      draftFiles: wire.draft_files,
      draftQuantize: wire.draft_quantize,
      license: toLicenses(wire.license),
      messages: wire.messages?.map(toMessage),
      quantize: quantize === '' ? undefined : quantize,
    }),
  }
}
