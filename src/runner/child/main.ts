// The process of a runner: hears the parent's messages, drives the loop, and ends when the parent does. Between two steps the event loop gets
// its turn, so that a cancel or a new request waits for one step at most.

import { writeSync } from 'node:fs'
import os from 'node:os'
import { systemClock } from '../../base/clock.ts'
import { AppError, isAppError, toAppError } from '../../base/errors.ts'
import { type ChildFacts, LOADED_MARK, type LoadSpec, type ToChild, type ToParent } from '../protocol.ts'
import { CoreMeter, readCoreTimes } from './core-meter.ts'
import { defaultThreads } from './cores.ts'
import type { Engine } from './engine.ts'
import { createLlamaEngine } from './llama/engine.ts'
import { dieWithParent } from './llama/parent-death.ts'
import { probeLlama } from './llama/probe.ts'
import { quantizeFile } from './llama/quantize.ts'
import { Loop, NO_MEDIA } from './loop.ts'
import type { MediaWorkerData } from './media/messages.ts'
import { openMediaReader } from './media/open-media.ts'
import type { MediaReader } from './media.ts'
import { openDraft } from './open-draft.ts'
import { openPrefixCache } from './open-prefix-cache.ts'
import { idsOf } from './prompt.ts'
import { createStepSender } from './step-sender.ts'
import { ThreadGovernor } from './thread-governor.ts'

const STANDARD_ERROR = 2
/** To save what the slots hold before the process ends; the parent waits longer. */
const MAX_SAVE_MS = 2000

/** Never resolves: the process ends by itself. */
export function runChild(): Promise<void> {
  dieWithParent()
  waitForLogReader()
  // Ctrl-C reaches the whole process group; the server decides when its runners end.
  process.on('SIGINT', () => {})
  const child = new RunnerChild()
  process.on('disconnect', () => child.leave())
  process.on('message', (message) => child.hear(message as ToChild))
  return new Promise(() => {})
}

/**
 * Once anything has touched `process.stderr`, writes to it fail while its pipe is full: the engine's lines, from which the parent reads the
 * sizes, would be lost, and a mark of ours would end the process. Node has no public way to say that they shall wait.
 */
function waitForLogReader(): void {
  const stream = process.stderr as unknown as { _handle?: { setBlocking?: (blocking: boolean) => number } }
  stream._handle?.setBlocking?.(true)
}

interface Serving {
  engine: Engine
  loop: Loop
  reader: MediaReader | undefined
}

class RunnerChild {
  #serving: Serving | undefined
  readonly #sender = createStepSender(send, systemClock)
  #stepping = false

  hear(message: ToChild): void {
    if (message.type === 'close') void this.#close()
    else if (message.type === 'probe') void answerOnce(async () => ({ type: 'probed', report: await probeLlama() }))
    else if (message.type === 'quantize') void answerOnce(() => quantizeFile(message.spec).then(() => ({ type: 'quantized' })))
    else if (message.type === 'load') void this.#load(message.spec)
    else if (this.#serving) {
      this.#serve(this.#serving, message)
      this.#wake()
    }
  }

  async #load(spec: LoadSpec): Promise<void> {
    const startNs = systemClock.monotonicNs()
    // Its first window is the load, so that the first step knows how busy the machine is.
    const meter = new CoreMeter({ clock: systemClock, read: readCoreTimes, cores: os.availableParallelism() })
    try {
      const threads = spec.threads > 0 ? spec.threads : defaultThreads()
      const engine = await createLlamaEngine(spec, threads)
      const { projectorPath, modelPath } = spec
      const reader = projectorPath === undefined ? undefined : await openMedia({ projectorPath, modelPath, threads })
      const governor = new ThreadGovernor({
        maxThreads: threads,
        fixed: spec.threads > 0,
        hasSchedules: engine.hasSchedules,
        clock: systemClock,
        threadRoom: (afterPause) => meter.threadRoom(afterPause),
      })
      const { drafting, problem } = openDraft(spec, engine)
      this.#serving = {
        engine,
        reader,
        loop: new Loop({
          engine,
          governor,
          clock: systemClock,
          send: this.#sender.send,
          speculate: spec.speculate,
          drafting,
          prefixCache: openPrefixCache(spec, engine, () => this.#wake()),
          media: reader && { reader, onMedia: () => this.#wake() },
        }),
      }
      const { pooledTokens: _, ...facts } = engine.facts
      writeSync(STANDARD_ERROR, `${LOADED_MARK}\n`)
      const loadNs = systemClock.monotonicNs() - startNs
      send({ type: 'ready', facts: { ...facts, loadNs, ...(problem === undefined ? {} : { draftProblem: problem }) } satisfies ChildFacts })
    } catch (error) {
      writeSync(STANDARD_ERROR, `${LOADED_MARK}\n`)
      sendLoadFailure(error)
    }
  }

  #serve({ engine, loop, reader }: Serving, message: Exclude<ToChild, { type: 'load' | 'probe' | 'quantize' | 'close' }>): void {
    switch (message.type) {
      case 'complete':
        loop.submit(message.id, message.request)
        break
      case 'embed':
        loop.embed(message.id, message.inputs)
        break
      case 'cancel':
        loop.cancel(message.id)
        break
      case 'pause':
        loop.setPaused(message.id, true)
        break
      case 'resume':
        loop.setPaused(message.id, false)
        break
      case 'growth':
        void loop.answerGrowth(message.granted).then(() => this.#wake())
        break
      case 'tokenize':
        void answer(message.id, async () => ({ type: 'tokens', tokens: await tokenize(message, { engine, reader }) }))
        break
      case 'detokenize':
        void answer(message.id, async () => ({ type: 'text', text: engine.detokenize(message.tokens) }))
    }
  }

  async #close(): Promise<void> {
    const { loop, reader } = this.#serving ?? {}
    // Nothing is heard and no step is made any more.
    this.#serving = undefined
    const late = new Promise<void>((resolve) => systemClock.after(MAX_SAVE_MS, resolve))
    const readerClosed = reader?.close()
    await loop?.close(late)
    // It may be in the middle of an image.
    await Promise.race([readerClosed, late])
    leave(loop)
  }

  leave(): void {
    leave(this.#serving?.loop)
  }

  #wake(): void {
    if (this.#stepping) return
    this.#stepping = true
    setImmediate(() => this.#step())
  }

  #step(): void {
    this.#stepping = this.#serving?.loop.step() ?? false
    if (this.#stepping) setImmediate(() => this.#step())
    else this.#sender.flush()
  }
}

/** Node waits at its end for what its threads do, and a large context takes seconds to make. */
function leave(loop: Loop | undefined): void {
  if (loop?.isGrowing) process.kill(process.pid, 'SIGKILL')
  process.exit(0)
}

/** What a process does that loads no model. */
async function answerOnce(work: () => Promise<ToParent>): Promise<void> {
  try {
    send(await work())
  } catch (error) {
    sendLoadFailure(error)
  }
}

function sendLoadFailure(error: unknown): void {
  const { code, message, details } = toAppError(error)
  send({ type: 'load-failed', failure: { code: code === 'internal' ? 'load_failed' : code, message, details } })
}

/** Where nothing reads media on this platform, such a model answers text. */
async function openMedia(data: MediaWorkerData): Promise<MediaReader | undefined> {
  try {
    return await openMediaReader(data)
  } catch (error) {
    if (!isAppError(error, 'unsupported_capability')) throw error
    return undefined
  }
}

async function tokenize(
  message: Extract<ToChild, { type: 'tokenize' }>,
  { engine, reader }: Pick<Serving, 'engine' | 'reader'>,
): Promise<number[]> {
  const { text, images = [] } = message
  if (images.length === 0) return engine.tokenize(text, message)
  if (!reader) throw new AppError('unsupported_capability', NO_MEDIA)
  return (await reader.read(text, images)).flatMap(idsOf)
}

async function answer(id: number, work: () => Promise<Extract<ToParent, { type: 'result' }>['result']>): Promise<void> {
  try {
    send({ type: 'result', id, result: await work() })
  } catch (error) {
    const { code, message, details } = toAppError(error)
    send({ type: 'failure', id, failure: { code, message, details } })
  }
}

function send(message: ToParent): void {
  process.send?.(message)
}
