// What the library that reads media says: its complaints go to standard error, where the parent reads the engine's lines, and the last of them
// explains a failure. All else is dropped: it tells of each image in dozens of lines.

import { writeSync } from 'node:fs'
import koffi from 'koffi'
import type { MediaApi } from './api.ts'

const STANDARD_ERROR = 2
/** enum ggml_log_level. */
const LEVELS = { error: 4, continued: 5 } as const
/** Explained by one line. */
const MAX_LINE_LENGTH = 512

export class MediaLog {
  #last = ''
  /** Whether the line before was one that counts: a line may come in parts. */
  #heard = false

  attach(api: MediaApi): void {
    const type = koffi.pointer(koffi.proto('void media_log_callback(int level, const char* text, void* data)'))
    const callback = koffi.register((level: number, text: string) => this.hear(level, text), type)
    api.helperLogSet(callback, null)
    api.llamaLogSet(callback, null)
  }

  hear(level: number, text: string): void {
    this.#heard = level === LEVELS.error || (level === LEVELS.continued && this.#heard)
    if (!this.#heard) return
    writeSync(STANDARD_ERROR, text)
    if (text.trim() !== '') this.#last = text.trim().slice(0, MAX_LINE_LENGTH)
  }

  /** The last complaint, once, as the end of a sentence. */
  explain(): string {
    const line = this.#last
    this.#last = ''
    return line === '' ? '' : `: ${line}`
  }
}
