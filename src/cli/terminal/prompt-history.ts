// The lines typed before, one per line of a file, newest last. Line feeds and backslashes inside an entry are escaped, so that an entry of
// many lines comes back as one. Written to a file beside and renamed, so that two prompts at once cannot leave half a file.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'

export interface PromptHistory {
  readonly entries: readonly string[]
  /** Whether `add` also writes the file. */
  saving: boolean
  /** Throws what the file system says. */
  add(entry: string): Promise<void>
}

export const MAX_HISTORY_ENTRIES = 100
/** A larger file was not written here. */
const MAX_HISTORY_BYTES = 8 * 1024 * 1024

export async function openPromptHistory(file: string, saving: boolean): Promise<PromptHistory> {
  const entries = await readEntries(file)
  const history: PromptHistory = {
    entries,
    saving,
    async add(entry) {
      entries.push(entry)
      entries.splice(0, entries.length - MAX_HISTORY_ENTRIES)
      if (!history.saving) return
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(`${file}.tmp`, entries.map((text) => `${escapeEntry(text)}\n`).join(''), { mode: 0o600 })
      await rename(`${file}.tmp`, file)
    },
  }
  return history
}

/** No history is better than no prompt: a file that cannot be read counts as empty. */
async function readEntries(file: string): Promise<string[]> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0))
  if (bytes.length > MAX_HISTORY_BYTES) return []
  const lines = bytes.toString('utf8').split('\n')
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-MAX_HISTORY_ENTRIES)
    .map(unescapeEntry)
}

function escapeEntry(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\r', '\\r').replaceAll('\n', '\\n')
}

function unescapeEntry(line: string): string {
  return line.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character === 'r' ? '\r' : character))
}
