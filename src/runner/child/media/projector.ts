// An open projector: cuts a prompt into tokens and runs of media, and makes the rows of a run. Lives in a worker, since a run takes seconds. What a
// prompt was cut into is kept for the last few prompts; a run that is asked for later is made of its medium again.

import { randomBytes } from 'node:crypto'
import koffi from 'koffi'
import { AppError } from '../../../base/errors.ts'
import { CHUNK_TYPES, type MediaApi } from './api.ts'
import { decodeMedium } from './bitmap.ts'
import type { MediaLog } from './media-log.ts'
import type { MediaWorkerData, MediumFile, ReadPart, ReadRun } from './messages.ts'
import { readRotaryPositions } from './rotary.ts'
import { LOAD_WITHOUT_MAP } from './structs.ts'

/** Prompts whose decoded media are kept: those whose rows are made right after they were read. */
const MAX_HELD = 2

interface Held {
  chunks: bigint
  runs: Map<string, bigint>
}

export class Projector {
  readonly hasEyes: boolean
  readonly hasEars: boolean
  readonly #api: MediaApi
  readonly #log: MediaLog
  readonly #context: bigint
  readonly #model: bigint
  /** Nobody can write it into a prompt. */
  readonly #marker: string
  readonly #rowLength: number
  readonly #rotary: boolean
  readonly #held: Held[] = []

  /** Throws `load_failed`. */
  constructor(api: MediaApi, log: MediaLog, { projectorPath, modelPath, threads }: MediaWorkerData) {
    this.#api = api
    this.#log = log
    this.#marker = `<__media_${randomBytes(16).toString('hex')}__>`
    this.#model = openModel(api, modelPath) ?? this.#failToOpen('the vocabulary of the model cannot be read for the projector')
    const params = { use_gpu: false, print_timings: false, n_threads: threads, media_marker: this.#marker }
    this.#context =
      api.open(projectorPath, this.#model, { ...api.contextDefaultParams(), ...params }) ??
      this.#failToOpen('the projector does not load, or does not fit the model')
    this.#rowLength = api.modelInputLength(this.#model)
    this.#rotary = api.isRotary(this.#context)
    this.hasEyes = api.hasEyes(this.#context)
    this.hasEars = api.hasEars(this.#context)
  }

  /** Throws `invalid_request` for a medium that is damaged or not for this projector, `engine_error` for a projector that does not fit. */
  read(parts: readonly (string | number)[], media: readonly MediumFile[]): ReadPart[] {
    const { held, read } = this.#tokenize(parts, media)
    this.#hold(held)
    return read
  }

  /** The rows of a run; the caller may keep them. */
  embed(medium: MediumFile, run: number): Float32Array {
    const chunk = this.#find(medium, run)
    if (this.#api.encode(this.#context, chunk) !== 0) throw this.#failure('the projector has failed')
    const length = this.#api.chunkLength(chunk) * this.#rowLength
    return new Float32Array(koffi.view(this.#api.output(this.#context), length * 4)).slice()
  }

  #find(medium: MediumFile, run: number): bigint {
    const name = nameOf(medium.key, run)
    const known = this.#held.find(({ runs }) => runs.has(name))
    if (known) return known.runs.get(name) as bigint
    const { held } = this.#tokenize([0], [medium])
    this.#hold(held)
    const chunk = held.runs.get(name)
    if (chunk === undefined) throw new AppError('internal', 'a medium has fewer runs than it had')
    return chunk
  }

  #hold(held: Held): void {
    this.#held.unshift(held)
    for (const { chunks } of this.#held.splice(MAX_HELD)) this.#api.chunksFree(chunks)
  }

  #tokenize(parts: readonly (string | number)[], media: readonly MediumFile[]): { held: Held; read: ReadPart[] } {
    const api = this.#api
    const bitmaps = new Map<number, bigint>()
    const chunks = api.chunks()
    let done = false
    try {
      const marks = parts.filter((part) => typeof part === 'number')
      for (const medium of marks) if (!bitmaps.has(medium)) bitmaps.set(medium, this.#decode(media, medium))
      const text = Buffer.from(parts.map((part) => (typeof part === 'string' ? part : this.#marker)).join(''), 'utf8')
      const input = { text, text_len: text.length, add_special: true, parse_special: true }
      const inOrder = marks.map((medium) => bitmaps.get(medium) as bigint)
      if (api.tokenize(this.#context, chunks, input, inOrder, inOrder.length) !== 0) {
        throw this.#failure('the projector cannot take this image or sound')
      }
      const cut = this.#cut(chunks, media)
      done = true
      return cut
    } finally {
      for (const bitmap of bitmaps.values()) api.bitmapFree(bitmap)
      if (!done) api.chunksFree(chunks)
    }
  }

  #decode(media: readonly MediumFile[], index: number): bigint {
    const bitmap = decodeMedium(this.#api, this.#context, (media[index] as MediumFile).bytes, this)
    this.#api.bitmapSetId(bitmap, String(index))
    return bitmap
  }

  #cut(chunks: bigint, media: readonly MediumFile[]): { held: Held; read: ReadPart[] } {
    const addresses = Array.from({ length: this.#api.chunkCount(chunks) }, (_, index) => this.#api.chunkAt(chunks, index))
    const seen = new Map<number, number>()
    const held: Held = { chunks, runs: new Map() }
    const read = addresses.map((chunk): ReadPart => {
      if (this.#api.chunkType(chunk) === CHUNK_TYPES.text) return this.#readTokens(chunk)
      const medium = Number(this.#api.chunkId(chunk))
      const run = seen.get(medium) ?? 0
      seen.set(medium, run + 1)
      held.runs.set(nameOf((media[medium] as MediumFile).key, run), chunk)
      return this.#readRun(chunk, medium, run)
    })
    return { held, read }
  }

  #readTokens(chunk: bigint): number[] {
    const length = this.#api.chunkLength(chunk)
    if (length === 0) return []
    const address = this.#api.chunkTokens(chunk, new BigUint64Array(1))
    const tokens = Array.from(new Int32Array(koffi.view(address, length * 4)))
    if (tokens.some((token) => token < 0)) {
      throw new AppError(
        'engine_error',
        'the projector does not fit the model: the vocabulary does not have the tokens that it sets around images',
      )
    }
    return tokens
  }

  #readRun(chunk: bigint, medium: number, run: number): ReadRun {
    const api = this.#api
    return {
      medium,
      run,
      length: api.chunkLength(chunk),
      positions: api.chunkPositions(chunk),
      bidirectional: api.isBidirectional(this.#context, chunk),
      ...(this.#rotary ? { rotary: readRotaryPositions(api, chunk) } : {}),
    }
  }

  /** The parent adds what the log says. */
  #failToOpen(message: string): never {
    throw new AppError('load_failed', message)
  }

  #failure(message: string): AppError {
    return new AppError('engine_error', `${message}${this.#log.explain()}`)
  }
}

/**
 * All that the model says of itself, and none of its weights: some kinds of models have longer rows of input than their vocabulary part tells.
 * Where that does not work, the vocabulary alone.
 */
function openModel(api: MediaApi, path: string): bigint | null {
  api.backendInit()
  const params = { ...api.modelDefaultParams(), n_gpu_layers: 0, load_mode: LOAD_WITHOUT_MAP }
  return api.modelLoad(path, { ...params, no_alloc: true }) ?? api.modelLoad(path, { ...params, vocab_only: true })
}

function nameOf(key: string, run: number): string {
  return `${key}/${run}`
}
