// A model as its manifest, its small blobs and the head of its file describe it. Everything here follows from the manifest's digest, so
// descriptions are kept per digest, a bounded number of them; only the presence of the big files is looked at again each time.

import { AppError, isAppError } from '../base/errors.ts'
import type { Message } from '../chat/message.ts'
import { parserCapabilities } from '../chat/parse/select.ts'
import type { PromptTemplate, TemplateSource } from '../chat/prompt-template.ts'
import { isHarmony, selectPromptTemplate } from '../chat/select.ts'
import { readGgufHead } from '../gguf/head.ts'
import type { GgufHead, GgufValue } from '../gguf/types.ts'
import type { Capability } from '../model/capability.ts'
import { type ConfigBlob, MAX_CONFIG_BYTES, parseConfigBlob } from '../model/config-blob.ts'
import type { ModelDetails } from '../model/details.ts'
import type { Digest } from '../model/digest.ts'
import { findLayers, type Layer } from '../model/manifest.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import { type ModelName, shortName } from '../model/name.ts'
import { type Architecture, readArchitecture } from '../scheduler/architecture.ts'
import { readProjector } from '../scheduler/projector.ts'
import type { DraftTarget, ProjectorTarget } from '../scheduler/target.ts'
import type { Store, StoredManifest } from '../store/store.ts'
import { translateHead } from '../translate/translation.ts'
import { deriveCapabilities } from './capabilities.ts'
import { parseMessagesLayer, parseParamsLayer } from './model-layers.ts'

export interface Model {
  /** As it is spelled on the disk. */
  readonly name: ModelName
  readonly stored: StoredManifest
  readonly config: ConfigBlob
  /** Absent for a stub of a remote model. */
  readonly modelPath?: string
  readonly modelDigest?: Digest
  readonly adapterPaths: readonly string[]
  readonly projectorPaths: readonly string[]
  /** The first one is used; else what the model's own file has of one. */
  readonly projector?: ProjectorTarget
  /** A file is in a layout of Ollama's own: the engine gets a translated copy. What follows from a head otherwise follows from the file itself. */
  readonly isForeign: boolean
  /** The last one wins. */
  readonly draft?: DraftTarget
  /** Without the items of its arrays. Absent for a stub and for a safetensors model. */
  readonly head?: GgufHead
  /** Read with the items of short arrays, which say what differs between layers. As absent as the head. */
  readonly architecture?: Architecture
  /** Of the file that the engine loads. As absent as the head. */
  readonly weightsBytes?: number
  /** `tokenizer.chat_template` of the file. */
  readonly chatTemplate?: string
  /** Text of the template layer. */
  readonly goTemplate?: string
  readonly system: string
  readonly params: Readonly<Record<string, unknown>>
  readonly messages: readonly Message[]
  readonly licenses: readonly string[]
  readonly capabilities: readonly Capability[]
  readonly parameterCount: number
  readonly details: ModelDetails
  /** Which kind of prompt the model takes: what `show` prints as its template follows from it. */
  readonly templateKind: PromptTemplate['kind']
  /** gpt-oss with the format of its own: its replies are read as `harmony` where the config names no parser. */
  readonly isHarmony: boolean
}

export interface ModelReader {
  /** Throws `model_not_found` (a missing manifest or a missing blob alike), `store_corrupt`, `invalid_gguf`, `template_error`. */
  read(name: ModelName): Promise<Model>
  /** The same for a manifest that has been read already. */
  describe(stored: StoredManifest): Promise<Model>
}

export interface ModelReaderOptions {
  store: Store
  /** The head with the items of short arrays. Tests have no files. */
  readHead?: (path: string) => Promise<GgufHead>
  preferGoTemplate?: boolean
  nowMs: () => number
}

/** More models than anyone uses at a time; a head with its tensors is some hundred KiB. */
const MAX_REMEMBERED = 32
/** Without one of these the model is not there. */
const MODEL_FILES = [MEDIA_TYPES.model, MEDIA_TYPES.adapter, MEDIA_TYPES.projector, MEDIA_TYPES.draft]
const MAX_TEXT_BYTES = 4 * 1024 * 1024
const MAX_MESSAGES_BYTES = 64 * 1024 * 1024

interface ModelTexts {
  goTemplate?: string
  system: string
  params: Record<string, unknown>
  messages: Message[]
  licenses: string[]
}

type Description = Omit<Model, 'name' | 'stored'>

export function createModelReader(options: ModelReaderOptions): ModelReader {
  const remembered = new Map<string, Description>()

  async function describe(stored: StoredManifest): Promise<Model> {
    const known = remembered.get(stored.digestHex)
    if (known) await requireFiles(options.store, stored)
    const description = known ?? (await readDescription(stored, options))
    // Behind all others: the first one is the one that nobody has asked for longest. Not before the wait, since others ask meanwhile.
    remembered.delete(stored.digestHex)
    remembered.set(stored.digestHex, description)
    for (const oldest of remembered.keys()) {
      if (remembered.size <= MAX_REMEMBERED) break
      remembered.delete(oldest)
    }
    return { ...description, name: stored.name, stored }
  }

  return {
    describe: (stored) => describe(stored).catch((error: unknown) => rethrow(error, stored.name)),
    async read(name) {
      try {
        const stored = await options.store.manifests.read(name)
        if (!stored) throw notFound(name)
        return await this.describe(stored)
      } catch (error) {
        throw isDamage(error) ? unreadable(name, error) : error
      }
    },
  }
}

export type TemplateFacts = Omit<TemplateSource, 'bosText' | 'eosText' | 'nowMs' | 'preferGoTemplate'>

/** What templates need to know of a model, except for the texts of its special tokens, which only the loaded vocabulary knows. */
export function toTemplateSource(model: Pick<Model, 'name' | 'config' | 'chatTemplate' | 'goTemplate' | 'parameterCount'>): TemplateFacts {
  const { renderer, parser } = model.config
  return {
    ...(model.goTemplate === undefined ? {} : { goTemplate: model.goTemplate }),
    ...(model.chatTemplate === undefined ? {} : { chatTemplate: model.chatTemplate }),
    ...(renderer === undefined ? {} : { renderer }),
    ...(parser === undefined ? {} : { parser }),
    family: model.config.model_family,
    modelName: shortName(model.name),
    parameterCount: model.parameterCount,
  }
}

function readFileHead(path: string): Promise<GgufHead> {
  return readGgufHead(path, { arrays: 'short' })
}

async function readDescription(stored: StoredManifest, options: ModelReaderOptions): Promise<Description> {
  const { store, readHead = readFileHead } = options
  const { manifest } = stored
  const config = parseConfigBlob(await store.blobs.readText(manifest.config.digest, MAX_CONFIG_BYTES))
  const isGguf = config.model_format === '' || config.model_format === 'gguf'
  const modelLayer = findLayers(manifest, MEDIA_TYPES.model).at(-1)
  await requireFiles(store, stored)
  const paths = (mediaType: string) => findLayers(manifest, mediaType).map((layer) => store.blobs.path(layer.digest))
  const projectorPaths = paths(MEDIA_TYPES.projector)
  const modelPath = modelLayer && store.blobs.path(modelLayer.digest)
  const head = modelPath !== undefined && isGguf ? await readHead(modelPath) : undefined
  const translated = head && translateHead(head)
  const loadedHead = translated?.text ?? head
  const architecture = loadedHead && readArchitecture(loadedHead)
  const texts = await readTexts(store, manifest.layers)
  const chatTemplate = head?.metadata.get('tokenizer.chat_template')
  const described = {
    config,
    ...texts,
    ...(typeof chatTemplate === 'string' && chatTemplate !== '' ? { chatTemplate } : {}),
    parameterCount: head?.parameterCount ?? 0,
  }
  const source: TemplateSource = {
    ...toTemplateSource({ name: stored.name, ...described }),
    bosText: '',
    eosText: '',
    ...(options.preferGoTemplate === undefined ? {} : { preferGoTemplate: options.preferGoTemplate }),
    nowMs: options.nowMs,
  }
  const template = selectPromptTemplate(source)
  const projectors = isGguf ? await Promise.all(projectorPaths.map(readHead)) : []
  const [projectorHead] = projectors
  return {
    ...described,
    ...(modelPath === undefined ? {} : { modelPath }),
    ...(modelLayer === undefined ? {} : { modelDigest: modelLayer.digest }),
    ...(head && loadedHead && architecture ? { head: withoutItems(head), architecture, weightsBytes: loadedHead.fileSizeBytes } : {}),
    adapterPaths: paths(MEDIA_TYPES.adapter),
    ...(await readDraft(findLayers(manifest, MEDIA_TYPES.draft).at(-1), options)),
    projectorPaths,
    ...projectorOf([projectorHead, projectorPaths[0]], [translated?.projector, modelPath]),
    isForeign: translated !== undefined || (projectorHead !== undefined && translateHead(projectorHead) !== undefined),
    capabilities: deriveCapabilities({
      config,
      projectors,
      template,
      parser: parserCapabilities(config.parser),
      ...(head ? { head } : {}),
    }),
    templateKind: template.kind,
    isHarmony: isHarmony(source),
    details: toDetails(config, modelLayer),
  }
}

/** Of the first file that has one. */
function projectorOf(...found: [head: GgufHead | undefined, path: string | undefined][]): Pick<Description, 'projector'> {
  for (const [head, path] of found) if (head && path !== undefined) return { projector: readProjector(head, path) }
  return {}
}

/** A draft whose file cannot be read is no reason to refuse the model. */
async function readDraft(layer: Layer | undefined, options: ModelReaderOptions): Promise<Pick<Description, 'draft'>> {
  const { store, readHead = readFileHead } = options
  if (!layer) return {}
  const draft = { modelPath: store.blobs.path(layer.digest), weightsBytes: layer.sizeBytes }
  try {
    return { draft: { ...draft, architecture: readArchitecture(await readHead(draft.modelPath)) } }
  } catch (error) {
    if (!isAppError(error, 'invalid_gguf')) throw error
    return { draft }
  }
}

/** The last template, system text and parameter of a kind win; licenses add up. */
async function readTexts(store: Store, layers: readonly Layer[]): Promise<ModelTexts> {
  const texts: ModelTexts = { system: '', params: {}, messages: [], licenses: [] }
  for (const { mediaType, digest } of layers) {
    if (mediaType === MEDIA_TYPES.template || mediaType === MEDIA_TYPES.legacyTemplate) {
      texts.goTemplate = await store.blobs.readText(digest, MAX_TEXT_BYTES)
    } else if (mediaType === MEDIA_TYPES.system) {
      texts.system = await store.blobs.readText(digest, MAX_TEXT_BYTES)
    } else if (mediaType === MEDIA_TYPES.params) {
      Object.assign(texts.params, parseParamsLayer(await store.blobs.readText(digest, MAX_TEXT_BYTES)))
    } else if (mediaType === MEDIA_TYPES.messages) {
      texts.messages = parseMessagesLayer(await store.blobs.readText(digest, MAX_MESSAGES_BYTES))
    } else if (mediaType === MEDIA_TYPES.license) {
      texts.licenses.push(await store.blobs.readText(digest, MAX_TEXT_BYTES))
    }
  }
  return texts
}

async function requireFiles(store: Store, { name, manifest }: StoredManifest): Promise<void> {
  const files = MODEL_FILES.flatMap((mediaType) => findLayers(manifest, mediaType))
  for (const { digest } of files) if (!(await store.blobs.has(digest))) throw notFound(name, digest)
}

function withoutItems(head: GgufHead): GgufHead {
  const toShort = (value: GgufValue): GgufValue => (typeof value === 'object' ? { itemType: value.itemType, length: value.length } : value)
  return { ...head, metadata: new Map([...head.metadata].map(([key, value]) => [key, toShort(value)])) }
}

function toDetails(config: ConfigBlob, modelLayer: Layer | undefined): ModelDetails {
  return {
    parent_model: modelLayer?.from ?? '',
    format: config.model_format,
    family: config.model_family,
    families: config.model_families,
    parameter_size: config.model_type,
    quantization_level: config.file_type,
  }
}

function isDamage(error: unknown): error is AppError {
  return isAppError(error, 'store_corrupt') || isAppError(error, 'invalid_gguf')
}

/** What is wrong with a file tells nobody whose file it is, nor what helps. */
function unreadable(name: ModelName, cause: AppError): AppError {
  const message = `model '${shortName(name)}' cannot be read: ${cause.message} (pull or create it again, or remove it)`
  return new AppError(cause.code, message, { cause, details: cause.details })
}

function rethrow(error: unknown, name: ModelName): never {
  throw isAppError(error, 'blob_not_found') ? notFound(name, error) : error
}

function notFound(name: ModelName, cause?: unknown): AppError {
  return new AppError('model_not_found', `model '${shortName(name)}' not found`, { cause, details: { model: shortName(name) } })
}
