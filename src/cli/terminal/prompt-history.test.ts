import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_HISTORY_ENTRIES, openPromptHistory } from './prompt-history.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'history-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('the history of the prompt', () => {
  it('comes back the same, entries of several lines too, readable for its owner alone', async () => {
    const file = path.join(folder, 'home', 'history')
    const history = await openPromptHistory(file, true)
    for (const entry of ['one', 'two\nlines', 'back\\slash \\n', ' blanks ']) await history.add(entry)
    expect((await openPromptHistory(file, true)).entries).toEqual(['one', 'two\nlines', 'back\\slash \\n', ' blanks '])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toContain('two\\nlines\n')
  })

  it('keeps the newest entries only', async () => {
    const file = path.join(folder, 'history')
    await writeFile(file, Array.from({ length: MAX_HISTORY_ENTRIES }, (_, index) => `entry ${index}\n`).join(''))
    const history = await openPromptHistory(file, true)
    await history.add('the newest')
    expect(history.entries).toHaveLength(MAX_HISTORY_ENTRIES)
    expect(history.entries[0]).toBe('entry 1')
    expect(history.entries.at(-1)).toBe('the newest')
    expect((await openPromptHistory(file, true)).entries).toEqual(history.entries)
  })

  it('writes nothing while saving is off', async () => {
    const file = path.join(folder, 'history')
    const history = await openPromptHistory(file, false)
    await history.add('secret')
    expect(history.entries).toEqual(['secret'])
    await expect(stat(file)).rejects.toThrow()
  })
})
