// What the tests of the real runner share: the loader over the source's entry, and specs for the small real model and for made-up ones.

import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLog } from '../../src/base/log.ts'
import { createRunnerLoader } from '../../src/runner/parent/loader.ts'
import type { LoadSpec } from '../../src/runner/runner.ts'
import { FAKE_SPEC } from '../../src/runner/testing/fake.ts'

export const loadRunner = createRunnerLoader({
  entry: { path: fileURLToPath(new URL('../../src/main.ts', import.meta.url)), execArgv: ['--import', 'tsx'] },
  log: silentLog,
})

/** SmolLM2. */
export function realSpec(spec: Partial<LoadSpec> = {}): LoadSpec {
  const modelPath = process.env.LLAMERO_TEST_GGUF
  if (!modelPath) throw new Error('LLAMERO_TEST_GGUF must name a small model in GGUF format')
  return { ...FAKE_SPEC, modelPath, contextTokens: 512, ...spec }
}

export function tinySpec(modelPath: string, spec: Partial<LoadSpec> = {}): LoadSpec {
  return { ...FAKE_SPEC, modelPath, contextTokens: 128, ...spec }
}

export function makeFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'llamero-runner-'))
}

export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch {
    return false
  }
}

/** Resolves when the process is gone; the test's own limit ends the wait. */
export async function untilGone(processId: number): Promise<void> {
  while (isAlive(processId)) await new Promise((resolve) => setTimeout(resolve, 20))
}
