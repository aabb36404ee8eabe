// What the engine writes to standard error: the last lines, which explain a death, and the sizes of the buffers it allocated, which it tells
// nowhere else. Bounded: a line and the tail have limits, and the thousands of lines about single tensors are dropped.

import { DRAFT_GONE_MARK, DRAFT_MARK, GROWTH_MARKS, LOADED_MARK, type ModelRole } from '../protocol.ts'

/** What a death is explained with. */
export const MAX_TAIL_LENGTH = 8 * 1024
/** A longer line is cut: it stops a library that never ends one. */
export const MAX_LINE_LENGTH = 2 * 1024

const NOISE =
  /^(llama_graph_n_input_tensors|create_tensor|graph_reserve|set_n_threads|llama_model_loader: - (kv|type)|llama_kv_cache: layer|load_tensors: layer|\.*$)/
const BUFFER_SIZE = /^\S+:\s+(\S+)\s+(model|KV|RS|compute|output) buffer size\s*=\s*([\d.]+) MiB/
const MIB = 1024 * 1024

interface Sizes {
  sizeBytes: number
  sizeVramBytes: number
}

interface Held {
  weights: Sizes
  context: Sizes
  /** Of the context that is being made in place of the one in force. */
  nextContext: Sizes | undefined
}

export class EngineLog {
  readonly #onLine: (line: string) => void
  #pending = ''
  #tail: string[] = []
  #tailLength = 0
  readonly #held: Record<ModelRole, Held> = { model: nothingHeld(), draft: nothingHeld() }
  /** Whose lines are read. */
  #role: ModelRole = 'model'
  #resolveLoaded: () => void = () => {}
  /** The child has written all about its load. */
  readonly loaded: Promise<void> = new Promise((resolve) => {
    this.#resolveLoaded = resolve
  })

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  /** Which of the two models the last lines are about. */
  get role(): ModelRole {
    return this.#role
  }

  get lastLines(): string {
    return this.#tail.join('\n')
  }

  /** Weights, KV cache and compute buffers together, a draft model's too, and the part of them on GPUs. */
  get sizes(): Readonly<Sizes> {
    const { model, draft } = this.#held
    const all = [model.weights, model.context, draft.weights, draft.context]
    const sum = (key: keyof Sizes) => all.reduce((total, sizes) => total + sizes[key], 0)
    return { sizeBytes: sum('sizeBytes'), sizeVramBytes: sum('sizeVramBytes') }
  }

  write(text: string): void {
    const lines = (this.#pending + text).split('\n')
    this.#pending = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH)
    for (const line of lines) this.#take(line.slice(0, MAX_LINE_LENGTH).trimEnd())
  }

  /** The stream has ended; a last line without a line feed counts too. */
  end(): void {
    if (this.#pending !== '') this.write('\n')
    this.#resolveLoaded()
  }

  #take(line: string): void {
    if (line === LOADED_MARK) {
      this.#role = 'model'
      this.#resolveLoaded()
      return
    }
    if (line === DRAFT_MARK) this.#role = 'draft'
    if (line === DRAFT_GONE_MARK) this.#held.draft = nothingHeld()
    this.#followGrowth(line)
    if (NOISE.test(line)) return
    this.#readSize(line)
    this.#onLine(line)
    this.#tail.push(line)
    this.#tailLength += line.length + 1
    while (this.#tailLength > MAX_TAIL_LENGTH) this.#tailLength -= (this.#tail.shift()?.length ?? 0) + 1
  }

  #followGrowth(line: string): void {
    for (const role of ['model', 'draft'] as const) {
      const held = this.#held[role]
      if (line === GROWTH_MARKS[role].begin) {
        this.#role = role
        held.nextContext = noSizes()
      } else if (line === GROWTH_MARKS[role].end) {
        this.#role = 'model'
        held.context = held.nextContext ?? held.context
        held.nextContext = undefined
      }
    }
  }

  #readSize(line: string): void {
    const [, buffer, kind, mebibytes] = BUFFER_SIZE.exec(line) ?? []
    if (buffer === undefined) return
    const sizeBytes = Math.round(Number(mebibytes) * MIB)
    const held = this.#held[this.#role]
    const sizes = kind === 'model' ? held.weights : (held.nextContext ?? held.context)
    sizes.sizeBytes += sizeBytes
    if (!buffer.startsWith('CPU') && !buffer.endsWith('_Host')) sizes.sizeVramBytes += sizeBytes
  }
}

/** The engine's own word for a failure, for people; nothing decides by it. Its first complaint names the cause, later ones only repeat it. */
export function explainWith(lastLines: string): string {
  const line = lastLines.split('\n').find((text) => /error|fail|assert/i.test(text) && !text.startsWith('load_backend:'))
  return line === undefined ? '' : `: ${line}`
}

function nothingHeld(): Held {
  return { weights: noSizes(), context: noSizes(), nextContext: undefined }
}

function noSizes(): Sizes {
  return { sizeBytes: 0, sizeVramBytes: 0 }
}
