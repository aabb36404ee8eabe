// Convert over a child process: what a stranger's files make of its memory or its time is no trouble of the server's. It may have so much memory,
// it is killed when its client leaves, and it is gone when the conversion is.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { onAbort, throwIfAborted } from './base/abort.ts'
import { AppError } from './base/errors.ts'
import type { Log } from './base/log.ts'
import type { Convert } from './convert/conversion.ts'
import type { FromConverter, ToConverter } from './convert/protocol.ts'
import { askChild } from './runner/parent/ask-child.ts'
import type { RunnerEntry } from './runner/parent/runner-process.ts'

/** Several times what the largest known tokenizer takes. */
const MEMORY_MIB = 1024
const MAX_LOG_CHARACTERS = 2000

export function createConverter({ entry, log }: { entry: RunnerEntry; log: Log }): Convert {
  return async ({ paths, base }, signal) => {
    throwIfAborted(signal)
    const converter = new Converter(entry, log)
    const off = onAbort(signal, () => converter.kill())
    const end = async () => {
      off()
      await converter.end()
    }
    const ask = async (message: ToConverter): Promise<FromConverter> => {
      const reply = await converter.ask(message)
      throwIfAborted(signal)
      if (!reply) throw converter.failure()
      if (reply.type === 'failed') throw toError(reply)
      return reply
    }
    try {
      const described = await ask({ type: 'describe', files: [...paths], base })
      if (described.type !== 'described') throw new AppError('internal', `the converter answers with ${described.type}`)
      const { sizeBytes, notes } = described
      return { sizeBytes, notes, write: async (path) => void (await ask({ type: 'write', path })), [Symbol.asyncDispose]: end }
    } catch (error) {
      await end()
      throw error
    }
  }
}

class Converter {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #log = ''

  constructor({ path, execArgv }: RunnerEntry, log: Log) {
    this.#child = fork(path, ['converter'], {
      execArgv: [...execArgv, `--max-old-space-size=${MEMORY_MIB}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#exited = once(this.#child, 'close').catch((error: unknown) => log.error('the converter cannot be started', { error }))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(0, MAX_LOG_CHARACTERS)
      log.debug('the converter says', { text })
    })
  }

  /** Undefined when it has ended instead. */
  ask(message: ToConverter): Promise<FromConverter | undefined> {
    return askChild<FromConverter>(this.#child, message, this.#exited)
  }

  failure(): AppError {
    const { exitCode, signalCode } = this.#child
    const how = signalCode ?? `exit status ${exitCode}`
    const why = /out of memory|allocation failed/i.test(this.#log)
      ? 'they need more memory than a conversion may have'
      : `it stopped (${how})`
    return new AppError('invalid_gguf', `the files could not be converted: ${why}`, { details: { exitCode, signal: signalCode } })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async end(): Promise<void> {
    this.kill()
    await this.#exited
  }
}

function toError({ code, message, details, errno }: FromConverter & { type: 'failed' }): Error {
  if (errno !== undefined) return Object.assign(new Error(message), { code: errno })
  return new AppError(code, message, { details })
}
