// POST /api/create: a base, texts laid over it, a config, a manifest. Everything is checked before the manifest is written; until
// then the model that had the name stays as it was.

import { AppError } from '../../base/errors.ts'
import { isKnownParser, parserNames } from '../../chat/parse/select.ts'
import { isKnownRenderer, rendererNames } from '../../chat/render/renderers.ts'
import { convertHere } from '../../convert/conversion.ts'
import { getText } from '../../gguf/metadata.ts'
import { formatConfigBlob } from '../../model/config-blob.ts'
import { type Digest, isDigest } from '../../model/digest.ts'
import type { Manifest } from '../../model/manifest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { type ModelName, tryParseModelName } from '../../model/name.ts'
import type { Progress } from '../../registry/registry.ts'
import type { Store } from '../../store/store.ts'
import { parseTemplate } from '../../template/parse.ts'
import { parseModelReference } from '../model-reference.ts'
import type { CreateRequest } from '../service.ts'
import { adapterLayer, type Base, baseFromFiles, baseFromModel } from './base.ts'
import { createConfig, familyDefaults } from './config.ts'
import type { Uploads } from './converted.ts'
import { draftConfig, draftLayers } from './draft.ts'
import { layTextsOver, type PlannedLayer, toLayer, writeLayer } from './layers.ts'
import { withModelfile } from './modelfile-request.ts'
import { parseQuantization } from './quantization-plan.ts'
import { type Quantizer, quantizeBase } from './quantize.ts'

export interface CreateDependencies extends Quantizer, Uploads {
  /** Fetches the base where it is not there. */
  pull(model: string, signal: AbortSignal): AsyncIterable<Progress>
}

export async function* createModel(asked: CreateRequest, signal: AbortSignal, dependencies: CreateDependencies): AsyncGenerator<Progress> {
  const { store } = dependencies
  const request = await withModelfile(asked, store, signal)
  const name = checkRequest(request)
  const wanted = {
    model: request.quantize ? parseQuantization(request.quantize) : undefined,
    draft: request.draftQuantize ? parseQuantization(request.draftQuantize, 'draft_quantize') : undefined,
  }
  const whole = yield* openBase(request, signal, dependencies)
  const drafts = request.draftFiles ? yield* draftLayers(request.draftFiles, dependencies, signal) : []
  if (request.adapters) whole.layers.push(yield* adapterLayer(request.adapters, whole, dependencies, signal))
  whole.layers.push(...drafts)
  const base = yield* quantizeBase(whole, wanted, dependencies, signal)
  if (request.template) checkTemplate(request.template)
  const config = createConfig(base, request, await draftConfig(base.layers, store))
  const layers = await layTextsOver(base.layers, withFamilyStop(request, base), store)
  for (const layer of layers) yield { status: layer.status }
  yield { status: 'writing manifest' }
  await store.manifests.write(name, await toManifest(layers, formatConfigBlob(config), store))
  yield { status: 'success' }
}

/** The manifest of a model that is one GGUF, for sources that bring no manifest of their own. The blob is in the store already. */
export async function manifestFromGguf(digest: Digest, { licenses }: { licenses: string[] }, store: Store): Promise<Manifest> {
  const request: CreateRequest = { model: '', license: licenses }
  const progress = baseFromFiles({ 'model.gguf': digest }, { store, convert: convertHere })
  let step = await progress.next()
  while (!step.done) step = await progress.next()
  const base = step.value
  return toManifest(
    await layTextsOver(base.layers, withFamilyStop(request, base), store),
    formatConfigBlob(createConfig(base, request, undefined)),
    store,
  )
}

async function* openBase(request: CreateRequest, signal: AbortSignal, dependencies: CreateDependencies): AsyncGenerator<Progress, Base> {
  const { store, pull } = dependencies
  if (request.remoteHost) {
    const words = 'models on other hosts are not offered by Llamero: `remote_host` cannot be used'
    throw new AppError('invalid_request', words, { details: { param: 'remote_host' } })
  }
  if (request.from) {
    const reference = parseModelReference(request.from)
    if (reference.source === 'cloud') throw new AppError('cloud_disabled', 'ollama cloud is disabled: remote model is unavailable')
    if (!(await store.manifests.read(reference.name))) yield* withoutSuccess(pull(request.from, signal))
    return baseFromModel(reference.name, store)
  }
  if (request.files) return yield* baseFromFiles(request.files, dependencies, signal)
  throw new AppError('invalid_request', "neither 'from' or 'files' was specified")
}

/** The stream of a create has one `success`, its own. */
async function* withoutSuccess(progress: AsyncIterable<Progress>): AsyncGenerator<Progress> {
  for await (const item of progress) if (item.status !== 'success') yield item
}

function checkRequest(request: CreateRequest): ModelName {
  for (const path of [...Object.keys(request.files ?? {}), ...Object.keys(request.draftFiles ?? {})]) {
    if (!isRelativePath(path)) throw new AppError('invalid_request', 'file path must be relative')
  }
  for (const digest of [
    ...Object.values(request.files ?? {}),
    ...Object.values(request.adapters ?? {}),
    ...Object.values(request.draftFiles ?? {}),
  ]) {
    if (digest === '' || !isDigest(digest)) throw new AppError('invalid_digest', 'invalid digest format', { details: { digest } })
  }
  if (request.draftQuantize && Object.keys(request.draftFiles ?? {}).length === 0)
    throw new AppError('invalid_request', '--draft-quantize requires a DRAFT model')
  const name = tryParseModelName(request.model)
  if (!name) throw new AppError('invalid_model_name', 'invalid model name', { details: { model: request.model } })
  if (request.renderer && !isKnownRenderer(request.renderer)) throw unknownName('renderer', request.renderer, rendererNames)
  if (request.parser && !isKnownParser(request.parser)) throw unknownName('parser', request.parser, parserNames)
  return name
}

function isRelativePath(path: string): boolean {
  return path !== '' && !path.startsWith('/') && path.split(/[/\\]/).every((part) => part !== '' && part !== '.' && part !== '..')
}

function unknownName(kind: string, name: string, known: readonly string[]): AppError {
  return new AppError('invalid_request', `unknown ${kind} ${JSON.stringify(name)}: the known ones are ${[...known].sort().join(', ')}`, {
    details: { param: kind },
  })
}

function checkTemplate(text: string): void {
  try {
    parseTemplate(text)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new AppError('template_error', `template error: ${error.message}`, {
      cause: error,
      details: { ...error.details, atCreate: true },
    })
  }
}

function withFamilyStop(request: CreateRequest, base: Base): CreateRequest {
  const stop = familyDefaults(base.head && getText(base.head, 'general.architecture')).stop
  if (!stop || request.from || request.parameters?.stop !== undefined) return request
  return { ...request, parameters: { ...request.parameters, stop } }
}

async function toManifest(layers: readonly PlannedLayer[], config: string, store: Store): Promise<Manifest> {
  const configLayer = await writeLayer(store, MEDIA_TYPES.config, `${config}\n`)
  return { config: toLayer(configLayer), layers: layers.map(toLayer) }
}
